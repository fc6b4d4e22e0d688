#include <stdlib.h>
#include <sys/random.h>

#include "bridge/fault.h"
#include "bridge/gate.h"
#include "bridge/ladder.h"

/* So long after a login the credentials count as good, and nobody has to go
 * ahead: enough for the mailboxes of a start, too short for a password to
 * change under many. */
#define OPEN_MS 10000

struct gate {
	uv_loop_t *loop;
	uv_timer_t timer;
	struct ladder ladder;
	struct gate_waiter *queue; /* first come, first served */
	struct gate_waiter **last;
	struct gate_waiter *ahead; /* the one that tries for all, or NULL */
	uint64_t open_until;
	int blocked; /* the timer runs until the next try */
	unsigned refusals;
	uint64_t token;
	void (*closed)(void *arg);
	void *closed_arg;
};

struct gate *
gate_new(uv_loop_t *loop, const struct config_retry *retry)
{
	struct gate *g;

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
	struct gate *g = handle->data;

	g->closed(g->closed_arg);
	free(g);
}

void
gate_close(struct gate *g, void (*closed)(void *arg), void *arg)
{
	g->closed = closed;
	g->closed_arg = arg;
	uv_close((uv_handle_t *)&g->timer, on_timer_closed);
}

uint64_t *
gate_token(struct gate *g)
{
	return (&g->token);
}

static void
append(struct gate *g, struct gate_waiter *w)
{
	w->gate = g;
	w->queued = 1;
	w->next = NULL;
	*g->last = w;
	g->last = &w->next;
}

static void
take_out(struct gate *g, struct gate_waiter *w)
{
	struct gate_waiter **p = &g->queue;

	while (*p != w)
		p = &(*p)->next;
	*p = w->next;
	if (g->last == &w->next)
		g->last = p;
	w->queued = 0;
}

static int
is_open(const struct gate *g)
{
	return (uv_now(g->loop) < g->open_until);
}

/* Let in who may: all while it is open, else one at a time. */
static void
admit(struct gate *g)
{
	struct gate_waiter *w;

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
	struct gate *g = timer->data;

	g->blocked = 0;
	admit(g);
}

/* From the loop, not from inside somebody's call. */
static void
admit_soon(struct gate *g)
{
	if (!g->blocked && g->queue != NULL)
		uv_timer_start(&g->timer, on_timer, 0, 0);
}

int
gate_enter(struct gate *g, struct gate_waiter *w)
{
	w->gate = g;
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
gate_leave(struct gate_waiter *w)
{
	struct gate *g = w->gate;

	if (g == NULL)
		return;
	if (w->queued)
		take_out(g, w);
	w->gate = NULL;
	if (g->ahead == w) {
		g->ahead = NULL;
		admit_soon(g);
	}
}

void
gate_passed(struct gate_waiter *w)
{
	struct gate *g = w->gate;

	if (g == NULL)
		return;
	ladder_reset(&g->ladder);
	/* A refusal that came after this login began outweighs it. */
	if (!g->blocked)
		g->open_until = uv_now(g->loop) + OPEN_MS;
	gate_leave(w);
	admit_soon(g);
}

static uint32_t
random_number(void)
{
	uint32_t n = 0;

	if (getrandom(&n, sizeof(n), GRND_NONBLOCK) != sizeof(n))
		n = 0;
	return (n);
}

/* Each one once; a callback may take others, or itself, out. */
static void
tell(struct gate *g, const struct fault *f, uint64_t ms)
{
	unsigned number = ++g->refusals;
	struct gate_waiter *w;

	for (;;) {
		for (w = g->queue; w != NULL && w->told == number; w = w->next)
			continue;
		if (w == NULL)
			return;
		w->told = number;
		if (ms == LADDER_GIVE_UP) {
			take_out(g, w);
			w->gate = NULL;
		}
		w->refused(w->arg, f, ms);
	}
}

void
gate_refused(struct gate_waiter *w, const struct fault *f)
{
	struct gate *g = w->gate;
	uint64_t ms;

	if (g->ahead == w)
		g->ahead = NULL;
	append(g, w);
	if (g->blocked) {
		/* Of several that went in together the first one counted. */
		w->told = g->refusals;
		w->refused(w->arg, f, uv_timer_get_due_in(&g->timer));
		return;
	}
	g->open_until = 0;
	ms = ladder_next(&g->ladder, 1, random_number());
	if (ms != LADDER_GIVE_UP) {
		if (ms < f->retry_ms)
			ms = f->retry_ms;
		g->blocked = 1;
		uv_timer_start(&g->timer, on_timer, ms, 0);
	}
	tell(g, f, ms);
}
