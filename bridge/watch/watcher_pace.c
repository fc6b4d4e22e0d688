/* A message that comes slowly must not keep from others what it has not brought
 * yet: its octets of the budget were taken for all of it. */
#include <stdlib.h>

#include "bridge/config/config.h"
#include "bridge/imap/session.h"
#include "bridge/limits.h"
#include "bridge/ops/log.h"
#include "bridge/publish/route.h"
#include "bridge/watch/watcher_private.h"

/* How often to look. */
#define LOOK_MS 1000

static uint64_t
now_ms(const struct watcher *w)
{
	return (uv_now(w->host->loop));
}

/* What has come of it, as far as it is kept. */
static size_t
come(const struct watcher *w)
{
	uint64_t n = w->body_size - session_body_left(w->line->session);

	return (n < w->keep ? (size_t)n : w->keep);
}

static int
is_slow(const struct watcher *w, size_t n)
{
	uint64_t ms = now_ms(w) - w->body_at;

	return (ms >= LIMIT_BODY_GRACE_SECONDS * 1000ULL &&
	    n < LIMIT_BODY_PACE * ms / 1000);
}

static void
go_on(struct watcher *w)
{
	session_pause(w->line->session, 0, now_ms(w));
	connection_pause(w->line->connection, 0);
}

static void
on_granted(void *arg)
{
	struct watcher *w = arg;

	w->charge += w->waiter.size;
	go_on(w);
	watcher_pump(w);
}

/* Pay for the next step. */
static void
grow(struct watcher *w, size_t n)
{
	struct budget *b = route_budget(w->route);
	size_t need = route_charge(w->route, n + LIMIT_BODY_STEP) - w->charge;

	if (b->used == w->charge) {
		/* Nobody else has any of it. */
		budget_force(b, need);
		w->charge += need;
		return;
	}
	w->waiter.granted = on_granted;
	w->waiter.arg = w;
	if (budget_take(b, need, &w->waiter)) {
		w->charge += need;
		return;
	}
	w->starves_at = now_ms(w) + w->account->command_seconds * 1000ULL;
	session_pause(w->line->session, 1, now_ms(w));
	connection_pause(w->line->connection, 1);
}

/* It waits in line for its next step. */
static int
wait(struct watcher *w, size_t n, struct fault *f)
{
	struct budget *b = route_budget(w->route);

	if (b->used == w->charge) {
		budget_cancel(b, &w->waiter);
		grow(w, n);
		if (!w->waiter.waiting)
			go_on(w);
	} else if (now_ms(w) >= w->starves_at) {
		return (fault_set(f, FAULT_RETRY,
		    "a message of %llu octets comes too slowly while others "
		    "wait for the memory that it needs",
		    (unsigned long long)w->body_size));
	}
	return (0);
}

int
watcher_pace(struct watcher *w, struct fault *f)
{
	size_t n, charge;

	if (w->charge == 0 || w->line->session == NULL)
		return (0);
	n = come(w);
	if (w->waiter.waiting)
		return (wait(w, n, f));
	charge = route_charge(w->route, n + LIMIT_BODY_STEP);
	if (w->slow) {
		if (route_charge(w->route, n) > w->charge)
			grow(w, n);
	} else if (charge < w->charge && is_slow(w, n) &&
	    budget_full(route_budget(w->route))) {
		log_write(LOG_INFO, "watcher", w->name,
		    "%zu of %llu octets of a message came in %llu s: others go "
		    "first",
		    n, (unsigned long long)w->body_size,
		    (unsigned long long)(now_ms(w) - w->body_at) / 1000);
		w->slow = 1;
		n = w->charge - charge;
		w->charge = charge;
		route_give(w->route, n);
	}
	return (0);
}

uint64_t
watcher_pace_at(const struct watcher *w)
{
	return (w->charge != 0 ? now_ms(w) + LOOK_MS : UINT64_MAX);
}
