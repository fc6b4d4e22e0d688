#include <stdlib.h>
#include <sys/queue.h>

#include "bridge/limits.h"
#include "bridge/message.h"
#include "bridge/ops/log.h"
#include "bridge/publish/pipeline_marks.h"
#include "bridge/publish/route.h"

LIST_HEAD(parcels, parcel);
LIST_HEAD(route_lanes, route_lane);

/* One message on its way to all sinks. */
struct parcel {
	LIST_ENTRY(parcel) link;
	struct route_lane *lane;
	struct message *message;
	size_t charge;
	size_t open; /* sinks without an outcome */
	enum pipeline_outcome worst;
	int lost; /* it did not come to all sinks: it has no outcome */
};

struct way {
	struct route_lane *lane;
	struct pipeline_lane *sink;
	size_t i; /* index of the sink */
};

struct route_lane {
	LIST_ENTRY(route_lane) link;
	struct parcels parcels;
	struct route *route;
	void (*outcome)(void *, const struct message *, enum pipeline_outcome);
	void *arg;
	void (*fill)(void *, const uint32_t *, size_t, struct sink_mark *);
	void *fill_arg;
	int closed;
	struct way ways[]; /* route->n of them */
};

struct route {
	struct route_config config;
	struct pipeline **pipelines;
	size_t *open; /* messages without an outcome, for each sink */
	struct budget budget;
	struct route_lanes lanes;
	size_t count;
	int held;      /* somebody was told to hold */
	unsigned full; /* looks in a row at a full budget */
};

struct route *
route_new(const struct route_config *config)
{
	struct route *r;
	size_t i;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return (NULL);
	r->config = *config;
	r->pipelines = calloc(config->n, sizeof(struct pipeline *));
	r->open = calloc(config->n, sizeof(*r->open));
	if (r->pipelines == NULL || r->open == NULL) {
		free(r->pipelines);
		free(r->open);
		free(r);
		return (NULL);
	}
	for (i = 0; i < config->n; i++)
		r->pipelines[i] = config->pipelines[i];
	budget_init(&r->budget, config->inflight_bytes);
	LIST_INIT(&r->lanes);
	return (r);
}

static void
parcel_free(struct parcel *p)
{
	LIST_REMOVE(p, link);
	message_free(p->message);
	free(p);
}

static void
lane_free(struct route_lane *lane)
{
	LIST_REMOVE(lane, link);
	free(lane);
}

void
route_free(struct route *r)
{
	struct route_lane *lane;
	struct parcel *p;

	if (r == NULL)
		return;
	while ((lane = LIST_FIRST(&r->lanes)) != NULL) {
		while ((p = LIST_FIRST(&lane->parcels)) != NULL)
			parcel_free(p);
		lane_free(lane);
	}
	free(r->pipelines);
	free(r->open);
	free(r);
}

struct budget *
route_budget(struct route *r)
{
	return (&r->budget);
}

size_t
route_charge(const struct route *r, size_t size)
{
	/* The raw message, its event (base64 inside JSON) for each sink, and
	 * what they need around them. */
	return (size + r->config.n * (size / 2 * 3 + 4096));
}

int
route_hold(struct route *r)
{
	size_t i;

	for (i = 0; i < r->config.n; i++) {
		if (pipeline_up(r->pipelines[i]))
			break;
	}
	if ((i < r->config.n || r->count < LIMIT_WHILE_DOWN) &&
	    !budget_full(&r->budget))
		return (0);
	r->held = 1;
	return (1);
}

const char *
route_slowest(const struct route *r, size_t *n)
{
	size_t i, most = 0, next = 0;

	for (i = 1; i < r->config.n; i++) {
		if (r->open[i] > r->open[most])
			most = i;
	}
	for (i = 0; i < r->config.n; i++) {
		if (i != most && r->open[i] > next)
			next = r->open[i];
	}
	*n = r->open[most] - next;
	return (r->config.n > 1 && *n > 0 ? pipeline_name(r->pipelines[most])
					  : NULL);
}

void
route_look(struct route *r)
{
	const char *slowest;
	size_t n;

	if (!budget_full(&r->budget)) {
		r->full = 0;
		return;
	}
	slowest = route_slowest(r, &n);
	if (++r->full == 2 && slowest != NULL)
		log_write(LOG_WARN, "route", NULL,
		    "sink %s is behind: it has not acknowledged %zu mails that "
		    "the other sinks have; reading waits for it",
		    slowest, n);
}

void
route_give(struct route *r, size_t charge)
{
	budget_give(&r->budget, charge);
	if (r->count == 0 || (r->held && r->budget.used < r->budget.max / 2)) {
		r->held = 0;
		r->config.changed(r->config.arg);
	}
}

static void
lane_release(struct route_lane *lane)
{
	size_t i;

	if (!lane->closed || !LIST_EMPTY(&lane->parcels))
		return;
	for (i = 0; i < lane->route->config.n; i++)
		pipeline_lane_close(lane->ways[i].sink);
	lane_free(lane);
}

/* All sinks have told. */
static void
parcel_end(struct parcel *p)
{
	struct route_lane *lane = p->lane;
	struct route *r = lane->route;
	struct message *m = p->message;
	enum pipeline_outcome worst = p->worst;
	size_t charge = p->charge;
	int tell = !lane->closed && !p->lost;

	p->message = NULL;
	parcel_free(p);
	r->count--;
	if (tell)
		lane->outcome(lane->arg, m, worst);
	else
		lane_release(lane);
	message_free(m);
	route_give(r, charge);
}

static void
on_outcome(void *arg, void *ticket, enum pipeline_outcome outcome)
{
	struct way *way = arg;
	struct parcel *p = ticket;

	way->lane->route->open[way->i]--;
	if (outcome > p->worst)
		p->worst = outcome;
	if (--p->open == 0)
		parcel_end(p);
}

struct route_lane *
route_lane_new(struct route *r, const char *name,
    void (*outcome)(void *, const struct message *, enum pipeline_outcome),
    void *arg)
{
	struct route_lane *lane;
	size_t i;

	lane = calloc(1, sizeof(*lane) + r->config.n * sizeof(lane->ways[0]));
	if (lane == NULL)
		return (NULL);
	lane->route = r;
	lane->outcome = outcome;
	lane->arg = arg;
	LIST_INIT(&lane->parcels);
	for (i = 0; i < r->config.n; i++) {
		lane->ways[i].lane = lane;
		lane->ways[i].i = i;
		lane->ways[i].sink = pipeline_lane_new(r->pipelines[i], name,
		    r->config.letters, on_outcome, &lane->ways[i]);
		if (lane->ways[i].sink == NULL)
			goto fail;
	}
	LIST_INSERT_HEAD(&r->lanes, lane, link);
	return (lane);

fail:
	while (i > 0)
		pipeline_lane_close(lane->ways[--i].sink);
	free(lane);
	return (NULL);
}

/* What one of several sinks stores moves nothing by itself. */
static void
on_fill(void *arg, const uint32_t *uids, size_t n, struct sink_mark *mark)
{
	const struct way *way = arg;
	const struct route_lane *lane = way->lane;

	if (!lane->closed)
		lane->fill(lane->fill_arg, uids,
		    lane->route->config.n == 1 ? n : 0, mark);
}

int
route_lane_marks(struct route_lane *lane,
    void (*fill)(void *, const uint32_t *, size_t, struct sink_mark *),
    void *arg)
{
	size_t i;

	lane->fill = fill;
	lane->fill_arg = arg;
	for (i = 0; i < lane->route->config.n; i++) {
		if (pipeline_lane_marks(
			lane->ways[i].sink, on_fill, &lane->ways[i]) == -1)
			return (-1);
	}
	return (0);
}

int
route_lane_has(struct route_lane *lane, const struct pipeline *p,
    const struct sink_mark *has)
{
	size_t i;

	for (i = 0; i < lane->route->config.n; i++) {
		if (lane->route->pipelines[i] == p)
			return (pipeline_lane_has(lane->ways[i].sink, has));
	}
	return (-1);
}

int
route_has(const struct route *r, const struct pipeline *p)
{
	size_t i;

	for (i = 0; i < r->config.n; i++) {
		if (r->pipelines[i] == p)
			return (1);
	}
	return (0);
}

int
route_loading(const struct route *r)
{
	size_t i;

	for (i = 0; i < r->config.n; i++) {
		if (pipeline_loading(r->pipelines[i]))
			return (1);
	}
	return (0);
}

void
route_lane_close(struct route_lane *lane)
{
	if (lane == NULL)
		return;
	lane->closed = 1;
	lane_release(lane);
}

int
route_submit(struct route_lane *lane, struct message *m, size_t charge)
{
	struct route *r = lane->route;
	struct flight **flights;
	struct parcel *p;
	size_t i, j;

	p = calloc(1, sizeof(*p));
	flights = calloc(r->config.n, sizeof(struct flight *));
	if (p == NULL || flights == NULL) {
		free(p);
		free(flights);
		message_free(m);
		budget_give(&r->budget, charge);
		return (-1);
	}
	p->lane = lane;
	p->message = m;
	p->charge = charge;
	p->worst = PIPELINE_STORED;
	LIST_INSERT_HEAD(&lane->parcels, p, link);
	r->count++;
	p->open = 1; /* until all have it */
	for (i = 0; i < r->config.n; i++) {
		for (j = 0; j < i; j++) {
			if (pipeline_alike(r->pipelines[i], r->pipelines[j]))
				break;
		}
		flights[i] = pipeline_submit(
		    lane->ways[i].sink, m, p, j < i ? flights[j] : NULL);
		if (flights[i] == NULL) {
			p->lost = 1;
			break;
		}
		p->open++;
		r->open[i]++;
	}
	free(flights);
	i = (size_t)p->lost;
	if (--p->open == 0)
		parcel_end(p);
	return (i != 0 ? -1 : 0);
}
