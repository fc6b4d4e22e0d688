#include <stdio.h>

#include "bridge/auth/oauth2.h"
#include "bridge/auth/secret.h"
#include "bridge/config/client.h"
#include "bridge/config/config.h"
#include "bridge/counts.h"
#include "bridge/fault.h"
#include "bridge/imap/connection.h"
#include "bridge/imap/session.h"
#include "bridge/imap/verdict.h"
#include "bridge/limits.h"
#include "bridge/ops/log.h"
#include "bridge/watch/doorman.h"
#include "bridge/watch/line.h"
#include "bridge/watch/watcher.h"

static uint64_t
now_ms(const struct line *l)
{
	return (uv_now(l->host->loop));
}

/* What the connection tells */

/* Octets came: whoever holds the line takes what they say.  A visit may end in
 * the middle of them. */
static void
pump(struct line *l)
{
	l->ops->pump(l->arg);
	if (l->session != NULL)
		session_keep(l->session);
}

static void
on_opened(void *arg, const char *greeting, size_t len)
{
	struct line *l = arg;
	struct session_config config = {
		.command_ms = l->account->command_seconds * 1000ULL,
	};
	struct fault f;

	if ((l->session = session_new(&config, now_ms(l))) == NULL) {
		fault_set(&f, FAULT_RETRY, "out of memory");
		l->ops->lost(l->arg, &f);
		return;
	}
	session_feed(l->session, greeting, len, now_ms(l));
	session_greeted(l->session, now_ms(l));
	pump(l);
}

static void
on_data(void *arg, const char *data, size_t len)
{
	struct line *l = arg;

	session_feed(l->session, data, len, now_ms(l));
	pump(l);
}

static void
on_writable(void *arg)
{
	struct line *l = arg;

	l->ops->pump(l->arg);
}

static void
on_lost(void *arg, const struct fault *f)
{
	struct line *l = arg;

	l->drops = connection_was_dropped(l->connection) ? l->drops + 1 : 0;
	l->ops->lost(l->arg, f);
}

static void
dial(struct line *l)
{
	static const struct connection_ops ops = { on_opened, on_data,
		on_writable, on_lost };
	const struct config_account *a = l->account;
	struct connection_config config = {
		.host = a->host,
		.port = a->port,
		.tls = (enum connection_tls)a->tls,
		.ca = a->tls_ca,
		.proxy = a->proxy,
		.connect_seconds = LIMIT_CONNECT_SECONDS,
	};
	struct fault f;

	l->connection = connection_open(l->host->net, &config, &ops, l, &f);
	if (l->connection == NULL)
		l->ops->lost(l->arg, &f);
}

/* The way to the login */

static void
remember(struct line *l, const struct oauth2_token *token)
{
	l->token = token->serial;
	l->token_fresh = token->fresh;
	l->renew_at = token->renew_ms == UINT64_MAX
	    ? UINT64_MAX
	    : now_ms(l) + token->renew_ms;
}

static void
on_token(void *arg, const struct oauth2_token *token, const struct fault *f)
{
	struct line *l = arg;

	if (token == NULL) {
		l->ops->lost(l->arg, f);
		return;
	}
	l->awaits_token = 0;
	dial(l);
}

/* Connect when there is a token, if one is needed: not before, so that no
 * server is asked in vain while the token endpoint is down. */
static void
prepare(struct line *l)
{
	struct oauth2_token token;
	struct fault f;

	l->renew_at = UINT64_MAX;
	l->token = 0;
	if (l->account->client == NULL) {
		dial(l);
		return;
	}
	l->awaits_token = 1;
	l->token_waiter.done = on_token;
	l->token_waiter.arg = l;
	switch (
	    oauth2_get(l->host->oauth2, l->account->client, l->account->user,
		*doorman_token(l->doorman), &l->token_waiter, &token, &f)) {
	case 1:
		l->awaits_token = 0;
		dial(l);
		break;
	case 0:
		break;
	default:
		l->ops->lost(l->arg, &f);
	}
}

static void
on_admitted(void *arg)
{
	struct line *l = arg;

	l->ops->connecting(l->arg);
	prepare(l);
}

static void
on_refused(void *arg, const struct fault *f, uint64_t ms)
{
	struct line *l = arg;

	l->ops->refused(l->arg, f, ms);
}

void
line_open(struct line *l)
{
	l->turn.admitted = on_admitted;
	l->turn.refused = on_refused;
	l->turn.arg = l;
	if (doorman_enter(l->doorman, &l->turn))
		prepare(l);
}

static int
log_in_token(struct line *l, struct fault *f)
{
	struct oauth2_token token;
	int result;

	result = oauth2_get(l->host->oauth2, l->account->client,
	    l->account->user, *doorman_token(l->doorman), NULL, &token, f);
	if (result == -1)
		return (-1);
	if (result == 0)
		return (fault_set(f, FAULT_RETRY,
		    "the token ended while we were connecting"));
	remember(l, &token);
	session_login_token(
	    l->session, l->account->user, token.text, now_ms(l));
	return (0);
}

int
line_password(struct session *session, const struct config_account *account,
    uint64_t now, struct fault *f)
{
	char *password;
	size_t len;

	if ((password = secret_read(account->password, &len, f)) == NULL)
		return (fault_prefix(f, "auth.password"));
	session_login(session, account->user, password, now);
	secret_wipe(password, len);
	return (0);
}

int
line_login(struct line *l, struct fault *f)
{
	if (l->account->client != NULL)
		return (log_in_token(l, f));
	return (line_password(l->session, l->account, now_ms(l), f));
}

void
line_let_in(struct line *l)
{
	if (!l->in)
		l->host->counts->logins++;
	l->in = 1;
	l->drops = 0;
	*doorman_token(l->doorman) = 0;
	doorman_passed(&l->turn);
}

void
line_whence(const struct line *l, struct fault *f)
{
	char text[FAULT_TEXT_MAX];
	const struct config_account *a = l->account;

	(void)snprintf(text, sizeof(text), "%s", f->text);
	if (a->client != NULL)
		(void)fault_set(f, FAULT_AUTH,
		    "%.*s; the token is from oauth2.%s", FAULT_TEXT_MAX, text,
		    a->client->name);
	else
		(void)fault_set(f, FAULT_AUTH, "%.*s; the password is from %s",
		    FAULT_TEXT_MAX, text, secret_where(a->password));
}

/* Is ${f} the refusal of a token that was kept from before?  Then one with a
 * new one counts. */
static int
retries_token(struct line *l, const struct fault *f)
{
	if (f->kind != FAULT_AUTH || l->account->client == NULL ||
	    l->token == 0)
		return (0);
	*doorman_token(l->doorman) = l->token;
	if (l->token_fresh)
		return (0);
	log_write(LOG_INFO, "line", l->name,
	    "%s; the token was kept from before: trying with a new one",
	    f->text);
	return (1);
}

int
line_send(struct line *l, struct fault *f)
{
	return (connection_send(l->connection, session_output(l->session), f));
}

uint64_t
line_idle_ms(const struct line *l)
{
	unsigned seconds = l->account->idle_seconds;

	if (seconds == 0)
		seconds = session_idle_seconds(l->session);
	return (seconds * 1000ULL);
}

int
line_is_limited(const struct line *l, const struct fault *f)
{
	return (verdict_is_limit(f->text) || l->drops > 1);
}

/* For the metrics: what became of the connection, and of the login. */
static void
count_failure(const struct line *l, const struct fault *f)
{
	struct counts *c = l->host->counts;

	if (l->awaits_token) {
		c->reconnects[COUNTS_TOKEN]++;
		c->login_failures[f->kind == FAULT_AUTH ? COUNTS_TOKEN_REFUSED
			: f->kind == FAULT_CONFIG	? COUNTS_SECRET
						  : COUNTS_TOKEN_MISSING]++;
	} else if (f->kind == FAULT_AUTH) {
		c->reconnects[COUNTS_LOGIN]++;
		c->login_failures[l->token != 0 && !l->token_fresh
			? COUNTS_STALE_TOKEN
			: COUNTS_REFUSED]++;
	} else if (f->kind == FAULT_CONFIG && !l->in) {
		c->reconnects[COUNTS_LOGIN]++;
		c->login_failures[COUNTS_SECRET]++;
	} else
		c->reconnects[l->session != NULL ? COUNTS_SESSION
						 : COUNTS_CONNECT]++;
}

static void
drop(struct line *l)
{
	l->in = 0;
	l->awaits_token = 0;
	connection_close(l->connection);
	l->connection = NULL;
	session_free(l->session);
	l->session = NULL;
}

void
line_close(struct line *l)
{
	drop(l);
	oauth2_cancel(&l->token_waiter);
	doorman_leave(&l->turn);
}

int
line_fail(struct line *l, const struct fault *f)
{
	count_failure(l, f);
	drop(l);
	if (retries_token(l, f)) {
		if (l->turn.doorman != NULL)
			prepare(l);
		else
			line_open(l);
		return (1);
	}
	if (f->kind == FAULT_AUTH && l->turn.doorman != NULL) {
		l->tried = 1;
		doorman_refused(&l->turn, f);
		return (1);
	}
	line_close(l);
	return (0);
}
