/* What a watcher asks for next. */
#include <stdio.h>
#include <time.h>

#include "bridge/config/config.h"
#include "bridge/imap/session.h"
#include "bridge/publish/route.h"
#include "bridge/watch/catchup.h"
#include "bridge/watch/watcher_private.h"

/* While mail must wait, the connection is kept alive. */
#define KEEPALIVE_MS 60000

static uint64_t
now_ms(const struct watcher *w)
{
	return (uv_now(w->host->loop));
}

/* Is the token that opened this session about to end? */
static int
expiring(const struct watcher *w)
{
	return (now_ms(w) >= w->line->renew_at);
}

/* All is found and asked for: wait for new mail. */
static void
rest(struct watcher *w)
{
	const struct config_account *a = w->account;
	uint64_t now = now_ms(w);
	uint64_t old_at = w->connected_at + a->max_connection_seconds * 1000ULL;
	uint64_t again;

	watcher_reset_check(w);
	if (catchup_lag(w->catchup) == 0) {
		watcher_rest_drop(w);
		w->last_success = time(NULL);
		if (w->host->once) {
			watcher_stop(w);
			return;
		}
	}
	if (!session_ready(w->line->session))
		return;
	if (w->is_guest && !w->host->once) {
		watcher_guest_rest(w);
	} else if (w->host->once) {
		/* Outcomes are awaited, or a message that is asked for later.
		 */
		again = catchup_wake(w->catchup);
		w->held = 1;
		w->wake_at = now + KEEPALIVE_MS;
		if (again < w->wake_at)
			w->wake_at = again > now ? again : now + 1;
	} else if (expiring(w) || now >= old_at) {
		watcher_renew(w);
	} else if (now - w->opened_at >= a->sweep_seconds * 1000ULL) {
		session_examine(w->line->session, now);
	} else if (!w->no_idle) {
		watcher_enter(w, WATCHER_IDLE);
		session_idle(w->line->session, now);
		w->wake_at = now + line_idle_ms(w->line);
	} else {
		watcher_enter(w, WATCHER_POLLING);
		w->wake_at = now + a->poll_seconds * 1000ULL;
	}
	/* Not only when an IDLE of many minutes ends by itself. */
	if (w->wake_at != UINT64_MAX && w->wake_at > old_at && !w->host->once)
		w->wake_at = old_at;
}

static int
may_command(const struct watcher *w)
{
	return (w->line->session != NULL && w->selected && !w->draining &&
	    w->settling == 0 && w->catchup != NULL && !w->telling &&
	    w->due == NULL);
}

/* A SEARCH came without an answer: it is asked again in a while. */
static int
await_answer(struct watcher *w)
{
	w->held = 1;
	w->wake_at = catchup_wake(w->catchup);
	return (0);
}

/* Nothing else is asked for until the highest UID is known. */
static void
probe(struct watcher *w)
{
	char criteria[32];

	if (!w->probe_due || w->draining || !session_ready(w->line->session))
		return;
	if (now_ms(w) < w->probe_at) {
		w->held = 1;
		w->wake_at = w->probe_at;
		return;
	}
	w->probe_due = 0;
	(void)snprintf(criteria, sizeof(criteria), "UID %u:*", w->probe_from);
	session_search(w->line->session, criteria, now_ms(w));
}

int
watcher_command(struct watcher *w, struct fault *f)
{
	struct catchup_next next;
	uint64_t now = now_ms(w);
	int hold, rc;

	w->held = 0;
	if (w->probing) {
		probe(w);
		return (0);
	}
	if (watcher_reset_tell(w, f) == -1)
		return (-1);
	if (w->telling || w->due != NULL) {
		/* The sinks have to say something first. */
		w->held = 1;
		if (session_ready(w->line->session))
			w->wake_at = now + KEEPALIVE_MS;
		return (0);
	}
	if (may_command(w) &&
	    (expiring(w) || (w->is_guest && watcher_guest_is_late(w)))) {
		/* What is being fetched is let through first. */
		if (session_ready(w->line->session) && w->is_guest)
			watcher_guest_yield(w);
		else if (session_ready(w->line->session))
			watcher_renew(w);
		return (0);
	}
	hold = watcher_replay_looks(w) ||
	    (!watcher_match_looks(w) && route_hold(w->route)) ||
	    committer_trouble(w->host->committer)[0] != '\0';
	while (may_command(w) &&
	    (session_ready(w->line->session) ||
		session_can_fetch(w->line->session))) {
		if (watcher_known_look(w))
			continue;
		catchup_next(w->catchup, session_ready(w->line->session),
		    session_can_fetch(w->line->session), hold, now, &next);
		switch (next.job) {
		case CATCHUP_NOTHING:
			if (w->match == NULL) {
				rest(w);
				return (0);
			}
			if ((rc = watcher_match_next(w, f)) == -1)
				return (-1);
			if (rc == 0)
				return (await_answer(w));
			break;
		case CATCHUP_WAIT:
			if (watcher_replay_looks(w) &&
			    session_ready(w->line->session)) {
				watcher_stop(w);
				return (0);
			}
			w->held = 1;
			if (session_ready(w->line->session))
				w->wake_at = now + KEEPALIVE_MS;
			return (0);
		case CATCHUP_SEARCH:
			session_search(w->line->session, next.text, now);
			break;
		case CATCHUP_FETCH:
			watcher_enter(w, WATCHER_CATCHING_UP);
			watcher_fetch(w, &next);
			break;
		case CATCHUP_STUB:
			if (w->match != NULL)
				catchup_done(w->catchup, next.uid);
			else if (watcher_stub(w, next.uid, f) == -1)
				return (-1);
			break;
		}
	}
	return (0);
}
