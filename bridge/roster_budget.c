/* Who of an account's mailboxes has a connection of its own. */
#include "bridge/config/config.h"
#include "bridge/ops/log.h"
#include "bridge/patrol.h"
#include "bridge/roster_private.h"

/* After the refusal of a connection: how long until those that were opened at
 * the same time have been accepted, or not. */
#define COUNT_MS 2000

/* How long to believe what was counted: the account's other programs may have
 * taken connections, and may give them back. */
#define RECOUNT_MS 3600000

/* Before the shared connection is opened, the server must have noticed that
 * another one was closed. */
#define CHANGE_MS 1000

/* Who has a connection of its own */

/* How many may: all, or all but those that share one. */
size_t
roster_berths(const struct roster *r)
{
	size_t max = r->account->max_connections;

	if (r->allowed != 0 && (max == 0 || r->allowed < max))
		max = r->allowed;
	if (max == 0 || (r->npatterns == 0 && r->n <= max))
		return (r->n);
	return (max - 1);
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

static void
on_recount(uv_timer_t *timer)
{
	struct roster *r = timer->data;

	if (r->draining)
		return;
	/* One more, to see. */
	r->allowed = r->allowed + 1 < r->n + 1 ? r->allowed + 1 : 0;
	roster_assign(r, 0);
}

static void
on_count(uv_timer_t *timer)
{
	struct roster *r = timer->data;
	unsigned count = patrol_is_connected(r->patrol) ? 1 : 0;
	size_t i;

	r->counting = 0;
	for (i = 0; i < r->n; i++)
		count += watcher_is_connected(r->watchers[i]);
	/* None: others have them all, and we can only wait. */
	if (count == 0 || r->draining || roster_berths(r) == 0)
		return;
	r->allowed = count;
	log_write(LOG_WARN, "roster", r->account->name,
	    "the server allows %u connection%s: %zu of %zu mailboxes share "
	    "one",
	    count, count == 1 ? "" : "s", r->n - roster_berths(r), r->n);
	uv_timer_start(&r->timer, on_recount, RECOUNT_MS, 0);
	roster_assign(r, CHANGE_MS);
}

void
roster_limited(struct roster *r)
{
	if (r->counting || r->draining)
		return;
	r->counting = 1;
	uv_timer_start(&r->timer, on_count, COUNT_MS, 0);
}
