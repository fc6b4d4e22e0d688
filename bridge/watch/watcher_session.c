/* What a watcher says on a connection, and how it takes what comes. */
#include "bridge/config/config.h"
#include "bridge/imap/session.h"
#include "bridge/imap/verdict.h"
#include "bridge/limits.h"
#include "bridge/message.h"
#include "bridge/ops/log.h"
#include "bridge/publish/route.h"
#include "bridge/watch/catchup.h"
#include "bridge/watch/watcher_private.h"

static uint64_t
now_ms(const struct watcher *w)
{
	return (uv_now(w->host->loop));
}

/* Events */

static int
on_selected(struct watcher *w, const struct session_event *ev, struct fault *f)
{
	w->opened_at = now_ms(w);
	w->missing = 0;
	if (!w->selected) {
		line_let_in(w->line);
		w->selected = 1;
		w->connected_at = w->opened_at;
		w->barren = 0;
		w->no_idle = !session_has_idle(w->line->session);
	}
	if (watcher_selected(w, ev, f) == -1)
		return (-1);
	watcher_enter(w, WATCHER_CATCHING_UP);
	if (!w->probing && w->catchup != NULL)
		watcher_look(w);
	return (0);
}

static int
on_searched(struct watcher *w, const struct session_event *ev, struct fault *f)
{
	struct catchup_end end = { .ok = ev->ok,
		.answered = ev->answered,
		.limit = ev->limit,
		.lowest = ev->limit_uid };

	if (w->probing)
		return (watcher_probed(w, ev->answered, f));
	catchup_searched(w->catchup, &end, now_ms(w));
	watcher_note_lag(w, 0);
	return (0);
}

static void
on_found(struct watcher *w, const struct session_event *ev)
{
	if (w->host->replay != NULL)
		watcher_replay_found(w, ev->lo, ev->hi);
	if (w->match != NULL)
		watcher_match_found(w, ev->lo, ev->hi);
	if (!w->probing)
		catchup_found(w->catchup, ev->lo, ev->hi);
	else if (ev->hi > w->probed)
		w->probed = ev->hi;
}

/* A hint: search again, out of IDLE if need be. */
static void
hint(struct watcher *w)
{
	if (w->catchup != NULL)
		catchup_hint(w->catchup);
	session_idle_end(w->line->session, now_ms(w));
}

/* A refusal that means: not so fast. */
static int
throttled(struct watcher *w, const struct session_event *ev,
    const char *command, struct fault *f)
{
	unsigned long ms = verdict_backoff(ev->text);

	if (ev->ok || ms == 0 || w->stopping)
		return (0);
	fault_set(f, FAULT_RETRY, "%s: %s", command, ev->text);
	f->retry_ms = ms;
	return (-1);
}

static int
on_failed(struct watcher *w, const struct fault *why, struct fault *f)
{
	*f = *why;
	if (why->kind == FAULT_AUTH)
		line_whence(w->line, f);
	return (-1);
}

/* EXAMINE came to nothing.  The connection of a guest is as good as before. */
static int
on_refused(struct watcher *w, const struct fault *why, struct fault *f)
{
	(void)on_failed(w, why, f);
	watcher_refused_mailbox(w, f);
	if (!w->is_guest || w->line == &w->own || f->kind == FAULT_AUTH)
		return (-1);
	watcher_guest_leave(w);
	watcher_leave_line(w, 0);
	watcher_note_failure(w, f);
	watcher_back_off(w, f);
	return (0);
}

static int
on_event(struct watcher *w, const struct session_event *ev, struct fault *f)
{
	switch (ev->kind) {
	case SESSION_LOGIN:
		return (line_login(w->line, f));
	case SESSION_READY:
		return (session_select(
		    w->line->session, w->mailbox, w->wire, now_ms(w), f));
	case SESSION_REFUSED:
		return (on_refused(w, ev->fault, f));
	case SESSION_SELECTED:
		return (on_selected(w, ev, f));
	case SESSION_FOUND:
		on_found(w, ev);
		break;
	case SESSION_SEARCHED:
		return (on_searched(w, ev, f));
	case SESSION_SIZE:
		if (w->catchup != NULL && !watcher_known_size(w, ev))
			catchup_size(w->catchup, ev->uid, ev->size);
		break;
	case SESSION_BODY:
		return (watcher_body(w, ev, f));
	case SESSION_MESSAGE:
		return (watcher_message(w, ev->message, f));
	case SESSION_FETCHED:
		return (watcher_fetched(w, ev, f));
	case SESSION_EXISTS:
		hint(w);
		break;
	case SESSION_IDLING:
		/* What came between the SEARCH and the "+" is a hint too. */
		if (!catchup_complete(w->catchup))
			session_idle_end(w->line->session, now_ms(w));
		break;
	case SESSION_IDLE_DONE:
		if (!ev->ok && !w->stopping)
			w->no_idle = 1;
		hint(w);
		return (throttled(w, ev, "IDLE", f));
	case SESSION_NOOP_DONE:
		hint(w);
		return (throttled(w, ev, "NOOP", f));
	case SESSION_ALERT:
		log_write(LOG_WARN, "watcher", w->name, "the server says: %s",
		    ev->text);
		break;
	case SESSION_CLOSED:
		watcher_end(w, NULL);
		break;
	case SESSION_FAILED:
		return (on_failed(w, ev->fault, f));
	case SESSION_GLANCE:
		if (w->match != NULL)
			return (watcher_match_glance(w, ev->message, f));
		watcher_known_glance(w, ev->message);
		break;
	case SESSION_NOTIFY_LOST:
		if (w->line != &w->own)
			patrol_unnotified(w->guest.patrol);
		break;
	case SESSION_STATUS:
		/* NOTIFY tells of the other mailboxes during a visit, too. */
		if (w->line != &w->own)
			patrol_told(w->guest.patrol, ev);
		break;
	case SESSION_UNSELECTED:
	case SESSION_LISTED:
	case SESSION_LIST_DONE:
	case SESSION_STATUS_DONE:
	case SESSION_NOTIFY_DONE:
		break; /* the patrol's; or nobody asked */
	}
	return (0);
}

/* The time has come to leave IDLE, to poll, or to keep alive. */
static void
wake(struct watcher *w)
{
	w->wake_at = UINT64_MAX;
	if (session_ready(w->line->session))
		session_noop(w->line->session, now_ms(w));
	else
		session_idle_end(w->line->session, now_ms(w));
}

static void
on_timer(uv_timer_t *timer)
{
	struct watcher *w = timer->data;

	if (w->line->session == NULL)
		return;
	session_tick(w->line->session, now_ms(w));
	if (w->selected && !w->draining && w->wake_at <= now_ms(w))
		wake(w);
	watcher_pump(w);
}

static void
set_timer(struct watcher *w)
{
	uint64_t at, again, now = now_ms(w);

	if (w->stopping)
		return; /* it watches over the LOGOUT */
	at = session_deadline(w->line->session);
	if (w->selected && w->line->renew_at < w->wake_at &&
	    w->line->renew_at > now &&
	    (w->state == WATCHER_IDLE || w->state == WATCHER_POLLING ||
		w->held))
		w->wake_at = w->line->renew_at;
	if (w->wake_at < at)
		at = w->wake_at;
	if ((w->state == WATCHER_IDLE || w->state == WATCHER_POLLING) &&
	    session_can_wake(w->line->session)) {
		/* A message that is asked for again later. */
		again = catchup_wake(w->catchup);
		if (again < at)
			at = w->wake_at = again > now ? again : now + 1;
	}
	if (watcher_pace_at(w) < at)
		at = watcher_pace_at(w);
	if (at == UINT64_MAX)
		uv_timer_stop(&w->timer);
	else
		uv_timer_start(&w->timer, on_timer, at > now ? at - now : 0, 0);
}

static int
pump_once(struct watcher *w, struct fault *f)
{
	struct session_event ev;

	while (
	    w->line->session != NULL && session_next(w->line->session, &ev)) {
		if (on_event(w, &ev, f) == -1)
			return (-1);
	}
	if (w->line->session == NULL)
		return (0);
	if (watcher_pace(w, f) == -1 || watcher_command(w, f) == -1)
		return (-1);
	if (w->line->session == NULL)
		return (0);
	return (line_send(w->line, f));
}

void
watcher_pump(struct watcher *w)
{
	struct fault f;

	/* A call from inside (a budget granted at once) only means: once more.
	 */
	w->again = 1;
	if (w->pumping)
		return;
	w->pumping = 1;
	while (w->again && w->line->session != NULL) {
		w->again = 0;
		if (pump_once(w, &f) == -1)
			watcher_fail(w, &f);
	}
	w->pumping = 0;
	if (w->line->session != NULL)
		set_timer(w);
}
