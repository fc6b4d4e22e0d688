#include <stdlib.h>

#include "bridge/counts.h"
#include "bridge/fault.h"
#include "bridge/watch/chance.h"
#include "bridge/watch/doorman.h"
#include "bridge/watch/ladder.h"

/* So long after a login the credentials count as good, and nobody has to go
 * ahead: enough for the mailboxes of a start, too short for a password to
 * change under many. */
#define OPEN_MS 10000

struct doorman {
	uv_loop_t *loop;
	uv_timer_t timer;
	struct ladder ladder;
	struct doorman_waiter *queue; /* first come, first served */
	struct doorman_waiter **last;
	struct doorman_waiter *ahead; /* the one that tries for all, or NULL */
	uint64_t open_until;
	int blocked; /* the timer runs until the next try */
	unsigned refusals;
	uint64_t token;
	struct counts_account counts;
	void (*closed)(void *arg);
	void *closed_arg;
};

struct doorman *
doorman_new(uv_loop_t *loop, const struct config_retry *retry)
{
	struct doorman *g;

	if ((g = calloc(1, sizeof(*g))) == NULL)
		return (NULL);
	g->loop = loop;
	g->last = &g->queue;
	g->ladder.retry = retry;
	uv_timer_init(loop, &g->timer);
	g->timer.data = g;
	return (g);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	struct doorman *g = handle->data;

	g->closed(g->closed_arg);
	free(g);
}

void
doorman_close(struct doorman *g, void (*closed)(void *arg), void *arg)
{
	g->closed = closed;
	g->closed_arg = arg;
	uv_close((uv_handle_t *)&g->timer, on_timer_closed);
}

uint64_t *
doorman_token(struct doorman *g)
{
	return (&g->token);
}

struct counts_account *
doorman_counts(struct doorman *g)
{
	return (&g->counts);
}

static void
append(struct doorman *g, struct doorman_waiter *w)
{
	w->doorman = g;
	w->queued = 1;
	w->next = NULL;
	*g->last = w;
	g->last = &w->next;
}

static void
take_out(struct doorman *g, struct doorman_waiter *w)
{
	struct doorman_waiter **p = &g->queue;

	while (*p != w)
		p = &(*p)->next;
	*p = w->next;
	if (g->last == &w->next)
		g->last = p;
	w->queued = 0;
}

static int
is_open(const struct doorman *g)
{
	return (uv_now(g->loop) < g->open_until);
}

/* Let in who may: all while it is open, else one at a time. */
static void
admit(struct doorman *g)
{
	struct doorman_waiter *w;

	while ((w = g->queue) != NULL && !g->blocked &&
	    (is_open(g) || g->ahead == NULL)) {
		take_out(g, w);
		if (!is_open(g))
			g->ahead = w;
		w->admitted(w->arg);
	}
}

static void
on_timer(uv_timer_t *timer)
{
	struct doorman *g = timer->data;

	g->blocked = 0;
	admit(g);
}

/* From the loop, not from inside somebody's call. */
static void
admit_soon(struct doorman *g)
{
	if (!g->blocked && g->queue != NULL)
		uv_timer_start(&g->timer, on_timer, 0, 0);
}

int
doorman_enter(struct doorman *g, struct doorman_waiter *w)
{
	w->doorman = g;
	if (!g->blocked && g->queue == NULL &&
	    (is_open(g) || g->ahead == NULL)) {
		if (!is_open(g))
			g->ahead = w;
		return (1);
	}
	append(g, w);
	admit_soon(g);
	return (0);
}

void
doorman_leave(struct doorman_waiter *w)
{
	struct doorman *g = w->doorman;

	if (g == NULL)
		return;
	if (w->queued)
		take_out(g, w);
	w->doorman = NULL;
	if (g->ahead == w) {
		g->ahead = NULL;
		admit_soon(g);
	}
}

void
doorman_passed(struct doorman_waiter *w)
{
	struct doorman *g = w->doorman;

	if (g == NULL)
		return;
	ladder_reset(&g->ladder);
	g->counts.refused = 0;
	/* A refusal that came after this login began outweighs it. */
	if (!g->blocked)
		g->open_until = uv_now(g->loop) + OPEN_MS;
	doorman_leave(w);
	admit_soon(g);
}

void
doorman_hurry(struct doorman *g)
{
	g->blocked = 0;
	admit_soon(g);
}

/* Each one once; a callback may take others, or itself, out. */
static void
tell(struct doorman *g, const struct fault *f, uint64_t ms)
{
	unsigned number = ++g->refusals;
	struct doorman_waiter *w;

	for (;;) {
		for (w = g->queue; w != NULL && w->told == number; w = w->next)
			continue;
		if (w == NULL)
			return;
		w->told = number;
		if (ms == LADDER_GIVE_UP) {
			take_out(g, w);
			w->doorman = NULL;
		}
		w->refused(w->arg, f, ms);
	}
}

void
doorman_refused(struct doorman_waiter *w, const struct fault *f)
{
	struct doorman *g = w->doorman;
	uint64_t ms;

	if (g->ahead == w)
		g->ahead = NULL;
	g->counts.refused = 1;
	g->counts.login_failures++;
	append(g, w);
	if (g->blocked) {
		/* Of several that went in together the first one counted. */
		w->told = g->refusals;
		w->refused(w->arg, f, uv_timer_get_due_in(&g->timer));
		return;
	}
	g->open_until = 0;
	ms = ladder_next(&g->ladder, 1, chance());
	if (ms != LADDER_GIVE_UP) {
		if (ms < f->retry_ms)
			ms = f->retry_ms;
		g->blocked = 1;
		uv_timer_start(&g->timer, on_timer, ms, 0);
	}
	tell(g, f, ms);
}
