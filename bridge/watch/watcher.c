#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bridge/buf.h"
#include "bridge/config/config.h"
#include "bridge/counts.h"
#include "bridge/imap/session.h"
#include "bridge/limits.h"
#include "bridge/ops/log.h"
#include "bridge/publish/route.h"
#include "bridge/watch/catchup.h"
#include "bridge/watch/chance.h"
#include "bridge/watch/watcher_private.h"

/* A session that lasted this long counts as a success for the ladder, however
 * it ends: one that is dropped right after the login, again and again, does
 * not. */
#define SUCCESS_MS 10000

/* How long the far side may take to agree to LOGOUT. */
#define LOGOUT_MS 2000

/* With --once, failures in a row after which a mailbox is given up. */
#define ONCE_FAILURES 3

/* After a refusal because of too many connections. */
#define LIMITED_MS 5000

static const char *const state_names[] = { "new", "connecting", "catching-up",
	"idle", "polling", "backing-off", "stopped" };

void
watcher_enter(struct watcher *w, enum watcher_state state)
{
	if (w->state == state)
		return;
	log_write(LOG_DEBUG, "watcher", w->name, "%s -> %s",
	    state_names[w->state], state_names[state]);
	w->state = state;
	committer_note(w->host->committer, &w->slot);
}

void
watcher_leave_line(struct watcher *w, int blame)
{
	uint64_t now = uv_now(w->host->loop);

	if (w->selected && now - w->connected_at >= SUCCESS_MS) {
		ladder_reset(&w->ladder);
		w->failures = 0;
	}
	if (watcher_rest_keep(w))
		blame = 0; /* it will be better the next time */
	watcher_known_interrupted(w);
	watcher_release(w);
	w->line = &w->own;
	w->selected = 0;
	w->probing = 0;
	w->wake_at = UINT64_MAX;
	if (w->catchup != NULL)
		catchup_disconnected(w->catchup, blame, now);
}

static int
is_visiting(const struct watcher *w)
{
	return (w->line != &w->own);
}

void
watcher_end(struct watcher *w, const struct fault *why)
{
	if (is_visiting(w))
		watcher_guest_leave(w);
	patrol_part(&w->guest);
	line_close(&w->own);
	watcher_leave_line(w, 0);
	uv_timer_stop(&w->timer);
	if (w->state == WATCHER_STOPPED)
		return;
	watcher_enter(w, WATCHER_STOPPED);
	w->host->stopped(w->host->arg, w, why);
}

static void
on_reconnect(uv_timer_t *timer)
{
	watcher_open(timer->data);
}

void
watcher_back_off(struct watcher *w, const struct fault *f)
{
	enum log_level level = LOG_WARN;
	uint64_t ms;

	ms = ladder_next(&w->ladder, f->kind == FAULT_AUTH, chance());
	if (ms == LADDER_GIVE_UP) {
		log_write(LOG_ERROR, "watcher", w->name,
		    "%s; given up after %u attempts (retry.attempts)", f->text,
		    w->account->retry.attempts);
		watcher_end(w, f);
		return;
	}
	if (ms < f->retry_ms)
		ms = f->retry_ms;
	if (w->missing > 0) {
		/* Said once; and looked for often enough to be back soon. */
		level = w->missing == 1 ? LOG_WARN : LOG_DEBUG;
		if (ms > w->account->poll_seconds * 10000ULL)
			ms = w->account->poll_seconds * 10000ULL;
	}
	if (ms == 0)
		log_write(LOG_INFO, "watcher", w->name,
		    "%s; trying again at once", f->text);
	else
		log_write(level, "watcher", w->name,
		    "%s; next try in %llu.%llu s", f->text,
		    (unsigned long long)ms / 1000,
		    (unsigned long long)ms % 1000 / 100);
	watcher_enter(w, WATCHER_BACKING_OFF);
	w->reconnect_at = uv_now(w->host->loop) + ms;
	uv_timer_start(&w->timer, on_reconnect, ms, 0);
}

void
watcher_make_haste(struct watcher *w, unsigned ms)
{
	if (w->state != WATCHER_BACKING_OFF || !w->limited || w->is_guest)
		return;
	w->reconnect_at = uv_now(w->host->loop) + ms;
	uv_timer_start(&w->timer, on_reconnect, ms, 0);
}

void
watcher_note_failure(struct watcher *w, const struct fault *f)
{
	w->failures++;
	w->last = *f;
	w->last_error_at = time(NULL);
	w->host->placed(w->host->arg);
}

/* The account's doorman has us wait. */
static void
on_refused(void *arg, const struct fault *f, uint64_t ms)
{
	struct watcher *w = arg;
	/* One line for the account, not one for each of its mailboxes. */
	enum log_level level = w->own.tried ? LOG_WARN : LOG_DEBUG;

	w->own.tried = 0;
	w->limited = 0;
	watcher_note_failure(w, f);
	if (ms == LADDER_GIVE_UP ||
	    (w->host->once && w->failures >= ONCE_FAILURES)) {
		log_write(LOG_ERROR, "watcher", w->name,
		    "%s; given up after %u attempts", f->text, w->failures);
		watcher_end(w, f);
		return;
	}
	log_write(level, "watcher", w->name,
	    "%s; next try for the account in %llu.%llu s", f->text,
	    (unsigned long long)ms / 1000, (unsigned long long)ms % 1000 / 100);
	watcher_enter(w, WATCHER_BACKING_OFF);
	committer_note(w->host->committer, &w->slot);
}

/* A server that counts connections: whoever asks again at once is refused
 * again. */
static void
check_limit(struct watcher *w, struct fault *f)
{
	w->limited = line_is_limited(&w->own, f);
	if (!w->limited)
		return;
	if (f->retry_ms < LIMITED_MS)
		f->retry_ms = LIMITED_MS;
	w->host->limited(w->host->arg);
}

void
watcher_fail(struct watcher *w, const struct fault *why)
{
	struct fault f = *why;
	int visiting = is_visiting(w);

	if (w->state == WATCHER_STOPPED)
		return;
	if (w->stopping || w->draining) {
		watcher_end(w, NULL);
		return;
	}
	if (f.kind == FAULT_DATA) {
		/* What is stored and what the server has do not go together:
		 * no other try will change that. */
		watcher_note_failure(w, &f);
		log_write(LOG_ERROR, "watcher", w->name, "%s", f.text);
		watcher_end(w, &f);
		return;
	}
	if (visiting)
		watcher_guest_failed(w, &f);
	else
		watcher_leave_line(w, 1);
	if (!visiting && line_fail(&w->own, &f))
		return;
	watcher_note_failure(w, &f);
	if (w->host->once && w->failures >= ONCE_FAILURES) {
		log_write(LOG_ERROR, "watcher", w->name,
		    "%s; given up after %u attempts", f.text, w->failures);
		watcher_end(w, &f);
		return;
	}
	check_limit(w, &f);
	watcher_back_off(w, &f);
}

void
watcher_renew(struct watcher *w)
{
	log_write(LOG_DEBUG, "watcher", w->name,
	    "the connection is renewed as planned");
	w->host->counts->reconnects[COUNTS_RENEWAL]++;
	if (is_visiting(w)) {
		watcher_guest_failed(w, NULL);
	} else {
		line_close(&w->own);
		watcher_leave_line(w, 0);
	}
	watcher_open(w);
}

/* What its own line tells */

static void
on_connecting(void *arg)
{
	watcher_enter(arg, WATCHER_CONNECTING);
}

static void
on_pump(void *arg)
{
	watcher_pump(arg);
}

static void
on_lost(void *arg, const struct fault *f)
{
	watcher_fail(arg, f);
}

const struct line_ops watcher_line_ops = { on_connecting, on_pump, on_lost,
	on_refused };

void
watcher_open(struct watcher *w)
{
	watcher_enter(w, WATCHER_CONNECTING);
	if (w->is_guest)
		patrol_ask(&w->guest);
	else
		line_open(&w->own);
}

/* Life */

static void
free_all(struct watcher *w)
{
	if (w == NULL)
		return;
	watcher_mailbox_free(w);
	free(w->wire);
	free(w->name);
	free(w);
}

struct watcher *
watcher_new(const struct watcher_host *host, const struct watcher_target *t,
    struct fault *f)
{
	struct watcher *w;
	struct buf name;

	buf_init(&name, LIMIT_IMAP_SMALL_LITERAL);
	if ((w = calloc(1, sizeof(*w))) == NULL)
		goto fail;
	w->host = host;
	w->account = t->account;
	w->fresh = t->fresh;
	w->route = t->route;
	w->epoch = t->epoch;
	w->ladder.retry = &t->account->retry;
	w->wake_at = UINT64_MAX;
	w->mailbox = t->mailbox;
	if ((t->wire != NULL && (w->wire = strdup(t->wire)) == NULL) ||
	    buf_printf(&name, "%s/%s", t->account->name, w->mailbox) == -1)
		goto fail;
	w->name = buf_take(&name);
	if (watcher_mailbox_open(w, t->rows, t->n) == -1)
		goto fail;
	w->own = (struct line){ .host = host,
		.account = t->account,
		.name = w->name,
		.doorman = t->doorman,
		.ops = &watcher_line_ops,
		.arg = w,
		.renew_at = UINT64_MAX };
	w->line = &w->own;
	w->guest.patrol = t->patrol;
	watcher_guest_init(w);
	uv_timer_init(host->loop, &w->timer);
	w->timer.data = w;
	return (w);

fail:
	buf_free(&name);
	free_all(w);
	fault_set(f, FAULT_RETRY, "out of memory");
	return (NULL);
}

void
watcher_start(struct watcher *w)
{
	watcher_open(w);
}

void
watcher_wake(struct watcher *w)
{
	if (w->line->session != NULL && w->held)
		watcher_pump(w);
}

void
watcher_drain(struct watcher *w)
{
	w->draining = 1;
	/* One that is not in a session has nothing to say good-bye to. */
	if (w->line->session == NULL)
		watcher_end(w, NULL);
}

static void
on_logout_late(uv_timer_t *timer)
{
	watcher_end(timer->data, NULL);
}

void
watcher_stop(struct watcher *w)
{
	if (w->state == WATCHER_STOPPED)
		return;
	w->draining = w->stopping = 1;
	if (w->line->session == NULL || is_visiting(w)) {
		watcher_end(w, NULL);
		return;
	}
	session_logout(w->line->session, uv_now(w->host->loop));
	watcher_pump(w);
	if (w->state != WATCHER_STOPPED)
		uv_timer_start(&w->timer, on_logout_late, LOGOUT_MS, 0);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	struct watcher *w = handle->data;

	w->closed(w->closed_arg);
	free_all(w);
}

void
watcher_close(struct watcher *w, void (*closed)(void *), void *arg)
{
	w->closed = closed;
	w->closed_arg = arg;
	uv_close((uv_handle_t *)&w->timer, on_timer_closed);
}
