#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "bridge/buf.h"
#include "bridge/catchup.h"
#include "bridge/config/config.h"
#include "bridge/counts.h"
#include "bridge/imap/session.h"
#include "bridge/limits.h"
#include "bridge/ops/log.h"
#include "bridge/route.h"
#include "bridge/watcher_private.h"

/* A session that lasted this long counts as a success for the ladder: one that
 * is dropped right after the login, again and again, does not. */
#define SUCCESS_MS 10000

/* How long the far side may take to agree to LOGOUT. */
#define LOGOUT_MS 2000

/* With --once, failures in a row after which a mailbox is given up. */
#define ONCE_FAILURES 3

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

static uint32_t
random_number(void)
{
	uint32_t n = 0;

	/* Jitter only: a 0 is as good as any. */
	if (getrandom(&n, sizeof(n), GRND_NONBLOCK) != sizeof(n))
		n = 0;
	return (n);
}

static void
drop_connection(struct watcher *w, int blame)
{
	watcher_release(w);
	connection_close(w->connection);
	w->connection = NULL;
	session_free(w->session);
	w->session = NULL;
	w->selected = 0;
	w->probing = 0;
	w->wake_at = UINT64_MAX;
	if (w->catchup != NULL)
		catchup_disconnected(w->catchup, blame, uv_now(w->host->loop));
}

void
watcher_end(struct watcher *w, const struct fault *why)
{
	drop_connection(w, 0);
	watcher_leave_turn(w);
	uv_timer_stop(&w->timer);
	if (w->state == WATCHER_STOPPED)
		return;
	watcher_enter(w, WATCHER_STOPPED);
	w->host->stopped(w->host->arg, w, why);
}

static void
on_reconnect(uv_timer_t *timer)
{
	watcher_authorize(timer->data);
}

static void
back_off(struct watcher *w, const struct fault *f)
{
	uint64_t ms;

	ms = ladder_next(&w->ladder, f->kind == FAULT_AUTH, random_number());
	if (ms == LADDER_GIVE_UP) {
		log_write(LOG_ERROR, "watcher", w->name,
		    "%s; given up after %u attempts (retry.attempts)", f->text,
		    w->account->retry.attempts);
		watcher_end(w, f);
		return;
	}
	if (ms < f->retry_ms)
		ms = f->retry_ms;
	if (ms == 0)
		log_write(LOG_INFO, "watcher", w->name,
		    "%s; trying again at once", f->text);
	else
		log_write(LOG_WARN, "watcher", w->name,
		    "%s; next try in %llu.%llu s", f->text,
		    (unsigned long long)ms / 1000,
		    (unsigned long long)ms % 1000 / 100);
	watcher_enter(w, WATCHER_BACKING_OFF);
	w->reconnect_at = uv_now(w->host->loop) + ms;
	uv_timer_start(&w->timer, on_reconnect, ms, 0);
}

static void
note_failure(struct watcher *w, const struct fault *f)
{
	w->failures++;
	w->last = *f;
	w->last_error_at = time(NULL);
}

void
watcher_refused(struct watcher *w, const struct fault *f, uint64_t ms)
{
	/* One line for the account, not one for each of its mailboxes. */
	enum log_level level = w->tried ? LOG_WARN : LOG_DEBUG;

	w->tried = 0;
	note_failure(w, f);
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

/* For the metrics: what became of the connection, and of the login. */
static void
count_failure(struct watcher *w, const struct fault *f)
{
	struct counts *c = w->host->counts;

	if (w->stopping || w->draining)
		return;
	if (w->awaits_token) {
		c->reconnects[COUNTS_TOKEN]++;
		c->login_failures[f->kind == FAULT_AUTH ? COUNTS_TOKEN_REFUSED
			: f->kind == FAULT_CONFIG	? COUNTS_SECRET
						  : COUNTS_TOKEN_MISSING]++;
	} else if (f->kind == FAULT_AUTH) {
		c->reconnects[COUNTS_LOGIN]++;
		c->login_failures[w->token != 0 && !w->token_fresh
			? COUNTS_STALE_TOKEN
			: COUNTS_REFUSED]++;
	} else if (f->kind == FAULT_CONFIG && !w->selected) {
		c->reconnects[COUNTS_LOGIN]++;
		c->login_failures[COUNTS_SECRET]++;
	} else
		c->reconnects[w->session != NULL ? COUNTS_SESSION
						 : COUNTS_CONNECT]++;
}

void
watcher_fail(struct watcher *w, const struct fault *f)
{
	uint64_t now = uv_now(w->host->loop);

	if (w->state == WATCHER_STOPPED)
		return;
	count_failure(w, f);
	w->awaits_token = 0;
	if (w->selected && now - w->connected_at >= SUCCESS_MS) {
		ladder_reset(&w->ladder);
		w->failures = 0;
	}
	drop_connection(w, 1);
	if (w->stopping || w->draining) {
		watcher_end(w, NULL);
		return;
	}
	if (f->kind == FAULT_DATA) {
		/* What is stored and what the server has do not go together:
		 * no other try will change that. */
		watcher_leave_turn(w);
		note_failure(w, f);
		log_write(LOG_ERROR, "watcher", w->name, "%s", f->text);
		watcher_end(w, f);
		return;
	}
	if (watcher_retries_token(w, f)) {
		watcher_try_again(w);
		return;
	}
	if (f->kind == FAULT_AUTH && w->turn.doorman != NULL) {
		w->tried = 1;
		doorman_refused(&w->turn, f);
		return;
	}
	watcher_leave_turn(w);
	note_failure(w, f);
	if (w->host->once && w->failures >= ONCE_FAILURES) {
		log_write(LOG_ERROR, "watcher", w->name,
		    "%s; given up after %u attempts", f->text, w->failures);
		watcher_end(w, f);
	} else {
		back_off(w, f);
	}
}

void
watcher_renew(struct watcher *w)
{
	log_write(LOG_DEBUG, "watcher", w->name,
	    "the connection is renewed as planned");
	w->host->counts->reconnects[COUNTS_RENEWAL]++;
	drop_connection(w, 0);
	watcher_authorize(w);
}

/* What the connection tells */

static void
on_opened(void *arg, const char *greeting, size_t len)
{
	watcher_greet(arg, greeting, len);
}

static void
on_data(void *arg, const char *data, size_t len)
{
	struct watcher *w = arg;

	session_feed(w->session, data, len, uv_now(w->host->loop));
	watcher_pump(w);
}

static void
on_writable(void *arg)
{
	watcher_pump(arg);
}

static void
on_lost(void *arg, const struct fault *f)
{
	struct watcher *w = arg;

	if (w->stopping)
		watcher_end(w, NULL);
	else
		watcher_fail(w, f);
}

void
watcher_connect(struct watcher *w)
{
	static const struct connection_ops ops = { on_opened, on_data,
		on_writable, on_lost };
	struct connection_config config = {
		.host = w->account->host,
		.port = w->account->port,
		.tls = (enum connection_tls)w->account->tls,
		.ca = w->account->tls_ca,
		.proxy = w->account->proxy,
		.connect_seconds = LIMIT_CONNECT_SECONDS,
	};
	struct fault f;

	w->connection = connection_open(w->host->net, &config, &ops, w, &f);
	if (w->connection == NULL)
		watcher_fail(w, &f);
}

/* Life */

struct watcher *
watcher_new(const struct watcher_host *host,
    const struct config_account *account, size_t mailbox,
    struct doorman *doorman, struct route *route, const struct checkpoint *rows,
    size_t n, uint64_t epoch, struct fault *f)
{
	struct watcher *w;
	struct buf name;

	buf_init(&name, LIMIT_IMAP_SMALL_LITERAL);
	if ((w = calloc(1, sizeof(*w))) == NULL)
		goto fail;
	w->host = host;
	w->account = account;
	w->mailbox = account->mailboxes[mailbox];
	w->doorman = doorman;
	w->renew_at = UINT64_MAX;
	w->route = route;
	w->epoch = epoch;
	w->ladder.retry = &account->retry;
	w->wake_at = UINT64_MAX;
	if (buf_printf(&name, "%s/%s", account->name, w->mailbox) == -1)
		goto fail;
	w->name = buf_take(&name);
	if (watcher_mailbox_open(w, rows, n) == -1)
		goto fail;
	uv_timer_init(host->loop, &w->timer);
	w->timer.data = w;
	return (w);

fail:
	buf_free(&name);
	if (w != NULL) {
		watcher_mailbox_free(w);
		free(w->name);
	}
	free(w);
	fault_set(f, FAULT_RETRY, "out of memory");
	return (NULL);
}

void
watcher_start(struct watcher *w)
{
	watcher_authorize(w);
}

void
watcher_wake(struct watcher *w)
{
	if (w->session != NULL && w->held)
		watcher_pump(w);
}

void
watcher_drain(struct watcher *w)
{
	w->draining = 1;
	/* One that is not in a session has nothing to say good-bye to. */
	if (w->session == NULL)
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
	if (w->session == NULL) {
		watcher_end(w, NULL);
		return;
	}
	session_logout(w->session, uv_now(w->host->loop));
	watcher_pump(w);
	if (w->state != WATCHER_STOPPED)
		uv_timer_start(&w->timer, on_logout_late, LOGOUT_MS, 0);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	struct watcher *w = handle->data;

	w->closed(w->closed_arg);
	watcher_mailbox_free(w);
	free(w->name);
	free(w);
}

void
watcher_close(struct watcher *w, void (*closed)(void *), void *arg)
{
	w->closed = closed;
	w->closed_arg = arg;
	uv_close((uv_handle_t *)&w->timer, on_timer_closed);
}
