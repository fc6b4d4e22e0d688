/* How a watcher comes to log in: its turn at the account's doorman, the token,
 * the login itself; and what follows from a refusal. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bridge/auth/oauth2.h"
#include "bridge/auth/secret.h"
#include "bridge/config/client.h"
#include "bridge/config/config.h"
#include "bridge/counts.h"
#include "bridge/doorman.h"
#include "bridge/imap/session.h"
#include "bridge/ops/log.h"
#include "bridge/watcher_private.h"

static uint64_t
now_ms(const struct watcher *w)
{
	return (uv_now(w->host->loop));
}

static void
remember(struct watcher *w, const struct oauth2_token *token)
{
	w->token = token->serial;
	w->token_fresh = token->fresh;
	w->renew_at = token->renew_ms == UINT64_MAX
	    ? UINT64_MAX
	    : now_ms(w) + token->renew_ms;
}

static void
on_token(void *arg, const struct oauth2_token *token, const struct fault *f)
{
	struct watcher *w = arg;

	if (token == NULL) {
		watcher_fail(w, f);
		return;
	}
	w->awaits_token = 0;
	watcher_connect(w);
}

/* Connect when there is a token, if one is needed: not before, so that no
 * server is asked in vain while the token endpoint is down. */
static void
prepare(struct watcher *w)
{
	struct oauth2_token token;
	struct fault f;

	w->renew_at = UINT64_MAX;
	w->token = 0;
	if (w->account->client == NULL) {
		watcher_connect(w);
		return;
	}
	w->awaits_token = 1;
	w->token_waiter.done = on_token;
	w->token_waiter.arg = w;
	switch (
	    oauth2_get(w->host->oauth2, w->account->client, w->account->user,
		*doorman_token(w->doorman), &w->token_waiter, &token, &f)) {
	case 1:
		w->awaits_token = 0;
		watcher_connect(w);
		break;
	case 0:
		break;
	default:
		watcher_fail(w, &f);
	}
}

static void
on_admitted(void *arg)
{
	struct watcher *w = arg;

	watcher_enter(w, WATCHER_CONNECTING);
	prepare(w);
}

static void
on_refused(void *arg, const struct fault *f, uint64_t ms)
{
	watcher_refused(arg, f, ms);
}

void
watcher_authorize(struct watcher *w)
{
	watcher_enter(w, WATCHER_CONNECTING);
	w->turn.admitted = on_admitted;
	w->turn.refused = on_refused;
	w->turn.arg = w;
	if (doorman_enter(w->doorman, &w->turn))
		prepare(w);
}

static int
log_in_token(struct watcher *w, struct fault *f)
{
	struct oauth2_token token;
	int result;

	result = oauth2_get(w->host->oauth2, w->account->client,
	    w->account->user, *doorman_token(w->doorman), NULL, &token, f);
	if (result == -1)
		return (-1);
	if (result == 0)
		return (fault_set(f, FAULT_RETRY,
		    "the token ended while we were connecting"));
	remember(w, &token);
	session_login_token(
	    w->session, w->account->user, token.text, now_ms(w));
	return (0);
}

int
watcher_login(struct watcher *w, struct fault *f)
{
	char *password;
	size_t len;

	if (w->account->client != NULL)
		return (log_in_token(w, f));
	if ((password = secret_read(w->account->password, &len, f)) == NULL)
		return (fault_prefix(f, "auth.password"));
	session_login(w->session, w->account->user, password, now_ms(w));
	secret_wipe(password, len);
	return (0);
}

void
watcher_let_in(struct watcher *w)
{
	w->host->counts->logins++;
	*doorman_token(w->doorman) = 0;
	doorman_passed(&w->turn);
}

void
watcher_whence(const struct watcher *w, struct fault *f)
{
	char text[FAULT_TEXT_MAX];
	const struct config_account *a = w->account;

	(void)snprintf(text, sizeof(text), "%s", f->text);
	if (a->client != NULL)
		(void)fault_set(f, FAULT_AUTH,
		    "%.*s; the token is from oauth2.%s", FAULT_TEXT_MAX, text,
		    a->client->name);
	else
		(void)fault_set(f, FAULT_AUTH, "%.*s; the password is from %s",
		    FAULT_TEXT_MAX, text, secret_where(a->password));
}

int
watcher_retries_token(struct watcher *w, const struct fault *f)
{
	if (f->kind != FAULT_AUTH || w->account->client == NULL ||
	    w->token == 0)
		return (0);
	*doorman_token(w->doorman) = w->token;
	if (w->token_fresh)
		return (0);
	log_write(LOG_INFO, "watcher", w->name,
	    "%s; the token was kept from before: trying with a new one",
	    f->text);
	return (1);
}

void
watcher_try_again(struct watcher *w)
{
	if (w->turn.doorman != NULL)
		prepare(w);
	else
		watcher_authorize(w);
}

void
watcher_leave_turn(struct watcher *w)
{
	oauth2_cancel(&w->token_waiter);
	doorman_leave(&w->turn);
}
