#include <stdlib.h>

#include "bridge/config/section.h"
#include "bridge/envelope/event.h"
#include "sinks/sinks.h"
#include "sinks/webhook/webhook_private.h"

/* Taken for each request that may be under way: enough that there is one of
 * another mailbox, and few enough that mailboxes share a slow server evenly. */
#define WINDOW_TIMES 4
#define WINDOW_MIN 64
#define WINDOW_BYTES ((size_t)32 * 1024 * 1024)

#define CLOSE_MS 3000

static int
has_room(const struct webhook *w)
{
	size_t window = w->config.in_flight * (size_t)WINDOW_TIMES;

	if (window < WINDOW_MIN)
		window = WINDOW_MIN;
	return (w->phase == WEBHOOK_LIVE && w->closed == NULL &&
	    w->nops < (w->careful ? 1 : window) && w->bytes < WINDOW_BYTES);
}

uint64_t
webhook_hash(uint64_t hash, const char *text)
{
	hash ^= 14695981039346656037U; /* FNV-1a */
	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * 1099511628211U;
	return (hash);
}

static int
is_busy(const struct webhook *w, uint64_t lane)
{
	unsigned i;

	for (i = 0; i < w->config.in_flight; i++) {
		if (w->requests[i].op != NULL &&
		    w->requests[i].op->lane == lane)
			return (1);
	}
	return (0);
}

/* The first one that may go: two requests at once may arrive in any order, so
 * of each mailbox one is under way. */
static struct webhook_op *
next_op(const struct webhook *w)
{
	struct webhook_op *op;

	TAILQ_FOREACH(op, &w->waiting, next)
	{
		if (w->config.any_order || !is_busy(w, op->lane))
			return (op);
	}
	return (NULL);
}

static struct webhook_request *
free_request(struct webhook *w)
{
	unsigned i;

	for (i = 0; i < w->config.in_flight; i++) {
		if (w->requests[i].op == NULL)
			return (&w->requests[i]);
	}
	return (NULL);
}

/* Send what may be sent. */
static void
kick(struct webhook *w)
{
	struct webhook_request *r;
	struct webhook_op *op;

	while (w->phase == WEBHOOK_LIVE && w->sent < w->config.in_flight &&
	    (op = next_op(w)) != NULL && (r = free_request(w)) != NULL) {
		if (webhook_request_start(r, op) == -1) {
			/* No memory.  submit() may be below us, so later. */
			w->starved = 1;
			uv_timer_start(&w->timer, webhook_life_timer, 0, 0);
			return;
		}
		TAILQ_REMOVE(&w->waiting, op, next);
		w->sent++;
	}
}

void
webhook_go_on(struct webhook *w)
{
	const struct sink_host *host = &w->sink.host;

	if (w->closed != NULL) {
		/* We may be inside the end of a transfer. */
		if (w->sent == 0 && w->nclosing == 0)
			uv_timer_start(&w->timer, webhook_life_timer, 0, 0);
		return;
	}
	kick(w);
	if (w->hungry && has_room(w)) {
		w->hungry = 0;
		host->ready(host->arg);
	}
}

void
webhook_settle(struct webhook *w, struct webhook_op *op,
    enum sink_verdict verdict, const struct fault *why)
{
	const struct sink_host *host = &w->sink.host;
	void *ticket = op->ticket;

	w->nops--;
	w->bytes -= op->ev->len;
	free(op);
	host->answer(host->arg, ticket, verdict, why);
}

void
webhook_give_back(struct webhook *w, const struct fault *why)
{
	struct webhook_op *op;

	while ((op = TAILQ_FIRST(&w->waiting)) != NULL) {
		TAILQ_REMOVE(&w->waiting, op, next);
		webhook_settle(w, op, SINK_RETRY, why);
	}
}

static int
webhook_submit(struct sink *s, struct event *ev, void *ticket)
{
	struct webhook *w = (struct webhook *)s;
	struct webhook_op *op = NULL;

	if (!has_room(w) || (op = malloc(sizeof(*op))) == NULL) {
		w->hungry = 1;
		return (0);
	}
	op->ev = ev;
	op->ticket = ticket;
	op->lane = webhook_hash(0, ev->source);
	TAILQ_INSERT_TAIL(&w->waiting, op, next);
	w->nops++;
	w->bytes += ev->len;
	kick(w);
	return (1);
}

static void
webhook_flush(struct sink *s)
{
	(void)s; /* nothing is ever held back */
}

static size_t
webhook_max_event_bytes(const struct sink *s)
{
	return (((const struct webhook *)s)->config.max_event_bytes);
}

static int
webhook_reload(struct sink *s, struct fault *f)
{
	return (webhook_life_reload((struct webhook *)s, f));
}

static void
webhook_free(struct webhook *w)
{
	webhook_secrets_clear(&w->secrets);
	webhook_config_clear(&w->config);
	free(w->requests);
	free(w);
}

static void
on_closed(void *arg)
{
	struct webhook *w = arg;
	void (*closed)(void *) = w->closed;
	void *closed_arg = w->closed_arg;

	if (--w->nclosing > 0)
		return;
	webhook_free(w);
	closed(closed_arg);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	on_closed(handle->data);
}

static void
free_requests(struct webhook *w)
{
	unsigned i;

	for (i = 0; i < w->config.in_flight; i++)
		webhook_request_free(&w->requests[i]);
	webhook_request_free(&w->probe);
}

void
webhook_finish(struct webhook *w)
{
	struct webhook_op *op;
	struct fault f;
	unsigned i;

	fault_set(&f, FAULT_RETRY, "sink %s: closed before the answer",
	    w->sink.host.name);
	webhook_give_back(w, &f);
	if (w->sent != 0 && !w->ending) {
		w->ending = 1;
		uv_update_time(w->sink.host.loop);
		uv_timer_start(&w->timer, webhook_life_timer, CLOSE_MS, 0);
		return;
	}
	w->nclosing = 2;
	for (i = 0; i < w->config.in_flight; i++) {
		if ((op = w->requests[i].op) != NULL) {
			w->requests[i].op = NULL;
			curl_loop_remove(&w->requests[i].transfer);
			webhook_settle(w, op, SINK_RETRY, &f);
		}
	}
	free_requests(w);
	curl_loop_close(w->loop, on_closed, w);
	uv_close((uv_handle_t *)&w->timer, on_timer_closed);
}

static void
webhook_close(struct sink *s, void (*closed)(void *), void *arg)
{
	struct webhook *w = (struct webhook *)s;

	w->closed = closed;
	w->closed_arg = arg;
	uv_update_time(s->host.loop);
	uv_timer_start(
	    &w->timer, webhook_life_timer, w->sent != 0 ? CLOSE_MS : 0, 0);
}

static int
prepare(struct webhook *w, struct fault *f)
{
	unsigned i;

	if (webhook_secrets_load(&w->secrets, &w->config, f) == -1)
		return (fault_prefix(f, "sink %s", w->sink.host.name));
	w->requests = calloc(w->config.in_flight, sizeof(*w->requests));
	for (i = 0; w->requests != NULL && i < w->config.in_flight; i++) {
		if (webhook_request_init(&w->requests[i], w, 0) == -1)
			break;
	}
	/* One more connection, for a look whether the server is back. */
	if (w->requests != NULL && i == w->config.in_flight &&
	    (w->loop = curl_loop_new(
		 w->sink.host.loop, (long)w->config.in_flight + 1)) != NULL)
		return (0);
	if (w->requests != NULL)
		free_requests(w);
	return (fault_set(
	    f, FAULT_RETRY, "sink %s: out of memory", w->sink.host.name));
}

static struct sink *
webhook_open(struct section *s, const struct sink_host *host, struct fault *f)
{
	struct webhook_config config;
	struct webhook *w;

	f->kind = FAULT_NONE;
	webhook_config_read(&config, s);
	if (section_failed(s) && host != NULL)
		fault_set(f, FAULT_CONFIG, "%s: mistakes in the section",
		    section_where(s));
	if (section_failed(s) || host == NULL) {
		webhook_config_clear(&config);
		return (NULL);
	}
	if ((w = calloc(1, sizeof(*w))) == NULL) {
		webhook_config_clear(&config);
		fault_set(f, FAULT_RETRY, "sink %s: out of memory", host->name);
		return (NULL);
	}
	w->sink.ops = &webhook_ops;
	w->sink.host = *host;
	w->config = config;
	TAILQ_INIT(&w->waiting);
	health_init(&w->health, &w->sink);
	if (prepare(w, f) == -1) {
		webhook_free(w);
		return (NULL);
	}
	w->unreached = 1; /* nobody has been seen yet */
	uv_timer_init(host->loop, &w->timer);
	w->timer.data = w;
	uv_timer_start(&w->timer, webhook_life_timer, 0, 0);
	return (&w->sink);
}

const struct sink_ops webhook_ops = {
	.type = "webhook",
	.open = webhook_open,
	.submit = webhook_submit,
	.flush = webhook_flush,
	.max_event_bytes = webhook_max_event_bytes,
	.reload = webhook_reload,
	.close = webhook_close,
};
