/* Who of an account's mailboxes has a connection of its own. */
#include "bridge/config/config.h"
#include "bridge/ops/log.h"
#include "bridge/watch/patrol.h"
#include "bridge/watch/roster_private.h"

/* Before the shared connection is opened, the server must have noticed that
 * another one was closed. */
#define CHANGE_MS 1000

size_t
roster_berths(const struct roster *r)
{
	return (berths_own(
	    &r->berths, r->account->max_connections, r->n, r->npatterns > 0));
}

void
roster_assign(struct roster *r, unsigned ms)
{
	size_t i, own = roster_berths(r);

	for (i = 0; i < r->n; i++)
		watcher_set_guest(r->watchers[i], i >= own);
	if (r->started && patrol_is_needed(r->patrol))
		patrol_start(r->patrol, ms);
}

static void set_timer(struct roster *);

static void
on_look(uv_timer_t *timer)
{
	struct roster *r = timer->data;
	size_t i, in = patrol_is_connected(r->patrol) ? 1 : 0;
	enum berths_change change;

	if (r->draining)
		return;
	for (i = 0; i < r->n; i++)
		in += watcher_is_connected(r->watchers[i]) != 0;
	change = berths_look(&r->berths, in, r->account->max_connections, r->n,
	    r->npatterns > 0, uv_now(r->host->watcher->loop));
	set_timer(r);
	if (change == BERTHS_SAME)
		return;
	if (change == BERTHS_FEWER)
		log_write(LOG_WARN, "roster", r->account->name,
		    "the server allows %zu connection%s: %zu of %zu mailboxes "
		    "share one",
		    in, in == 1 ? "" : "s", r->n - roster_berths(r), r->n);
	roster_assign(r, change == BERTHS_FEWER ? CHANGE_MS : 0);
	if (change != BERTHS_FEWER)
		return;
	patrol_make_haste(r->patrol, CHANGE_MS);
	for (i = 0; i < r->n; i++)
		watcher_make_haste(r->watchers[i], CHANGE_MS);
}

static void
set_timer(struct roster *r)
{
	uint64_t at = berths_at(&r->berths),
		 now = uv_now(r->host->watcher->loop);

	if (at == UINT64_MAX)
		uv_timer_stop(&r->timer);
	else
		uv_timer_start(&r->timer, on_look, at > now ? at - now : 0, 0);
}

void
roster_limited(struct roster *r)
{
	if (r->draining)
		return;
	berths_refused(&r->berths, uv_now(r->host->watcher->loop));
	set_timer(r);
}
