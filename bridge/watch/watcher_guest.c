/* A watcher without a connection of its own: the account's patrol tells it when
 * its mailbox changed, and lends it the connection for a visit. */
#include <time.h>

#include "bridge/config/config.h"
#include "bridge/imap/session.h"
#include "bridge/ops/log.h"
#include "bridge/watch/catchup.h"
#include "bridge/watch/watcher_private.h"

/* So long a visit may last while others wait. */
#define VISIT_MS 30000

static uint64_t
now_ms(const struct watcher *w)
{
	return (uv_now(w->host->loop));
}

/* The connection is ours. */
static void
on_visit(void *arg, struct line *line)
{
	struct watcher *w = arg;
	struct fault f;

	w->line = line;
	line->ops = &watcher_line_ops;
	line->arg = w;
	w->visit_until = now_ms(w) + VISIT_MS;
	uv_timer_stop(&w->timer);
	if (session_select(line->session, w->mailbox, w->wire, now_ms(w), &f) ==
	    -1) {
		watcher_guest_leave(w);
		watcher_leave_line(w, 0);
		watcher_note_failure(w, &f);
		watcher_back_off(w, &f);
		return;
	}
	watcher_pump(w);
}

void
watcher_guest_init(struct watcher *w)
{
	w->guest.visit = on_visit;
	w->guest.arg = w;
	w->guest.mailbox = w->mailbox;
	w->guest.wire = w->wire;
}

void
watcher_guest_leave(struct watcher *w)
{
	patrol_return(w->guest.patrol);
}

void
watcher_guest_failed(struct watcher *w, const struct fault *f)
{
	struct patrol *p = w->guest.patrol;

	watcher_leave_line(w, f != NULL);
	patrol_broken(p, f);
}

int
watcher_guest_is_late(const struct watcher *w)
{
	return (
	    now_ms(w) >= w->visit_until && patrol_is_wanted(w->guest.patrol));
}

void
watcher_guest_yield(struct watcher *w)
{
	watcher_guest_leave(w);
	watcher_leave_line(w, 0);
	watcher_enter(w, WATCHER_CATCHING_UP);
	patrol_ask(&w->guest);
}

static void
on_again(uv_timer_t *timer)
{
	watcher_open(timer->data);
}

void
watcher_guest_rest(struct watcher *w)
{
	uint64_t now = now_ms(w), again = catchup_wake(w->catchup);

	watcher_guest_leave(w);
	watcher_leave_line(w, 0);
	w->failures = 0;
	ladder_reset(&w->ladder);
	watcher_enter(w, WATCHER_POLLING);
	/* A message that is asked for again later. */
	if (again != UINT64_MAX)
		uv_timer_start(
		    &w->timer, on_again, again > now ? again - now : 0, 0);
}

void
watcher_told(struct watcher *w, const struct session_event *ev)
{
	if (!w->is_guest)
		return;
	/* NOTIFY does not tell all of it. */
	if ((ev->uidvalidity == w->seen_validity || ev->uidvalidity == 0) &&
	    ev->uidnext == w->seen_uidnext && ev->exists == w->seen_exists &&
	    now_ms(w) - w->swept_at < w->account->sweep_seconds * 1000ULL)
		return;
	if (ev->uidvalidity != 0)
		w->seen_validity = ev->uidvalidity;
	w->seen_uidnext = ev->uidnext;
	w->seen_exists = ev->exists;
	if (w->state == WATCHER_POLLING && !w->draining)
		patrol_ask(&w->guest);
	else if (w->line != &w->own && w->catchup != NULL)
		catchup_hint(w->catchup);
}

void
watcher_set_guest(struct watcher *w, int is_guest)
{
	if (w->is_guest == is_guest || w->state == WATCHER_STOPPED ||
	    w->draining)
		return;
	log_write(LOG_DEBUG, "watcher", w->name, "is %s",
	    is_guest ? "a guest on the connection of its account"
		     : "on a connection of its own");
	if (w->line != &w->own)
		watcher_guest_leave(w);
	patrol_part(&w->guest);
	line_close(&w->own);
	watcher_leave_line(w, 0);
	uv_timer_stop(&w->timer);
	w->is_guest = is_guest;
	if (is_guest)
		patrol_join(&w->guest);
	if (w->state != WATCHER_NEW)
		watcher_open(w);
}

void
watcher_listed(struct watcher *w, int there)
{
	int back = there && w->unlisted;

	if (!there && !w->unlisted)
		log_write(LOG_DEBUG, "watcher", w->name,
		    "the server does not list it any more");
	w->unlisted = !there;
	if (back && w->missing && w->state == WATCHER_BACKING_OFF) {
		log_write(LOG_INFO, "watcher", w->name,
		    "the server lists the mailbox again");
		ladder_reset(&w->ladder);
		/* It waits for its time, or for its turn at the doorman. */
		uv_timer_stop(&w->timer);
		line_close(&w->own);
		watcher_open(w);
	}
}

void
watcher_give_up(struct watcher *w, const struct fault *why)
{
	if (w->state == WATCHER_STOPPED)
		return;
	watcher_note_failure(w, why);
	watcher_end(w, why);
}

int
watcher_is_connected(const struct watcher *w)
{
	return (!w->is_guest && w->own.session != NULL && w->selected);
}

int
watcher_is_placed(const struct watcher *w)
{
	return (w->nrows > 0 || (w->catchup != NULL && w->settling == 0) ||
	    w->failures > 0 || w->state == WATCHER_STOPPED);
}

const char *
watcher_mailbox(const struct watcher *w)
{
	return (w->mailbox);
}

int
watcher_is_guest(const struct watcher *w)
{
	return (w->is_guest);
}
