/* Does each mailbox let us in?  Connects, logs in, EXAMINEs, leaves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/auth/oauth2.h"
#include "bridge/cli/check_private.h"
#include "bridge/config/client.h"
#include "bridge/config/config.h"
#include "bridge/config/mailboxes.h"
#include "bridge/fault.h"
#include "bridge/doorman.h"
#include "bridge/imap/connection.h"
#include "bridge/imap/session.h"
#include "bridge/limits.h"
#include "bridge/line.h"

struct check_login {
	struct check *check;
	const struct config_account *account;
	const char *mailbox;
	struct doorman_waiter turn;
	struct oauth2_waiter token;
	struct connection *connection;
	struct session *session;
	size_t matches; /* of a pattern */
	int answers;	/* to LIST: delimiter, pattern, translated pattern */
	char delimiter;
	int done;
};

static void
finish(struct check_login *l)
{
	oauth2_cancel(&l->token);
	doorman_leave(&l->turn);
	connection_close(l->connection);
	l->connection = NULL;
	session_free(l->session);
	l->session = NULL;
	l->done = 1;
	check_done(l->check);
}

/* What Exchange wants is spread over two consoles, and its errors name none of
 * it. */
static void
advise(const struct check_login *l)
{
	const struct config_client *c = l->account->client;

	if (c == NULL || c->provider != CLIENT_MICROSOFT365 ||
	    c->grant != CLIENT_CREDENTIALS)
		return;
	fprintf(stderr,
	    "  Check for Microsoft 365, in this order:\n"
	    "  1. scope: https://%s/.default (and no other)\n"
	    "  2. API permissions: Office 365 Exchange Online, Application "
	    "permission\n"
	    "     IMAP.AccessAsApp, with admin consent granted\n"
	    "  3. New-ServicePrincipal -AppId %s -ObjectId OBJECT_ID, with the "
	    "Object ID\n"
	    "     under Enterprise applications, not that of the App "
	    "registration\n"
	    "  4. Add-MailboxPermission -Identity %s -User OBJECT_ID "
	    "-AccessRights FullAccess\n"
	    "     (it takes up to an hour to work)\n"
	    "  5. IMAP is on: Set-CASMailbox -Identity %s -ImapEnabled $true\n",
	    c->exchange, c->client_id, l->account->user, l->account->user);
}

static void
fail(struct check_login *l, const struct fault *f)
{
	char what[300];

	(void)snprintf(
	    what, sizeof(what), "%s/%s", l->account->name, l->mailbox);
	check_bad(l->check, what, f);
	if (f->kind == FAULT_AUTH && l->session != NULL)
		advise(l);
	finish(l);
}

static uint64_t
now(const struct check_login *l)
{
	return (uv_now(&l->check->loop));
}

static int
log_in_token(struct check_login *l, struct fault *f)
{
	struct oauth2_token token;

	switch (oauth2_get(l->check->oauth2, l->account->client,
	    l->account->user, 0, NULL, &token, f)) {
	case 1:
		session_login_token(
		    l->session, l->account->user, token.text, now(l));
		return (0);
	case 0:
		return (fault_set(f, FAULT_RETRY,
		    "the token ended while we were connecting"));
	default:
		return (-1);
	}
}

static int
log_in(struct check_login *l, struct fault *f)
{
	if (l->account->client != NULL)
		return (log_in_token(l, f));
	return (line_password(l->session, l->account, now(l), f));
}

/* LIST is through: for the delimiter, for the pattern as it is, and with the
 * server's delimiter in it. */
static void
listed(struct check_login *l, const struct session_event *ev, struct fault *f)
{
	char pattern[LIMIT_MAILBOX_NAME + 1], *s;

	(void)snprintf(pattern, sizeof(pattern), "%s", l->mailbox);
	if (l->answers++ == 0) {
		l->delimiter = ev->delimiter;
		(void)session_list(l->session, pattern, now(l), f);
		return;
	}
	if (!ev->ok && l->answers == 2) {
		fault_set(f, FAULT_RETRY, "LIST %s: %s", pattern, ev->text);
		return;
	}
	for (s = pattern; *s != '\0'; s++)
		*s = *s == '/' ? l->delimiter : *s;
	if (l->answers == 2 && l->delimiter != '\0' &&
	    strcmp(pattern, l->mailbox) != 0) {
		(void)session_list(l->session, pattern, now(l), f);
		return;
	}
	printf("%s/%s: logged in; it matches %zu mailboxes\n", l->account->name,
	    l->mailbox, l->matches);
	session_logout(l->session, now(l));
}

static void
pump(struct check_login *l)
{
	struct session_event ev;
	struct fault f = { .kind = FAULT_NONE };
	int closed = 0;

	while (!closed && session_next(l->session, &ev)) {
		switch (ev.kind) {
		case SESSION_LOGIN:
			(void)log_in(l, &f);
			break;
		case SESSION_SELECTED:
			doorman_passed(&l->turn);
			printf(
			    "%s/%s: logged in; %llu mails, UIDVALIDITY %llu, "
			    "%s\n",
			    l->account->name, l->mailbox,
			    (unsigned long long)ev.exists,
			    (unsigned long long)ev.uidvalidity,
			    session_has_idle(l->session)
				? "IDLE"
				: "no IDLE: it will be polled");
			session_logout(l->session, now(l));
			break;
		case SESSION_READY:
			doorman_passed(&l->turn);
			(void)session_list(l->session, "", now(l), &f);
			break;
		case SESSION_LISTED:
			l->matches += !ev.closed && l->answers > 0;
			break;
		case SESSION_LIST_DONE:
			listed(l, &ev, &f);
			break;
		case SESSION_FAILED:
			f = *ev.fault;
			closed = 1;
			break;
		case SESSION_CLOSED:
			closed = 1;
			break;
		default:
			break;
		}
	}
	if (!closed && f.kind == FAULT_NONE)
		(void)connection_send(
		    l->connection, session_output(l->session), &f);
	if (f.kind == FAULT_AUTH && l->turn.doorman != NULL)
		doorman_refused(&l->turn, &f);
	else if (f.kind != FAULT_NONE)
		fail(l, &f);
	else if (closed)
		finish(l);
}

static void
on_opened(void *arg, const char *greeting, size_t len)
{
	struct check_login *l = arg;
	struct session_config config = { .mailbox = l->mailbox,
		.command_ms = LIMIT_COMMAND_SECONDS * 1000ULL };
	struct fault f;

	if (mailbox_is_pattern(l->mailbox))
		config.mailbox = NULL;

	if ((l->session = session_new(&config, now(l))) == NULL) {
		fault_set(&f, FAULT_CONFIG, "the mailbox's name is no UTF-8");
		fail(l, &f);
		return;
	}
	session_feed(l->session, greeting, len, now(l));
	session_greeted(l->session, now(l));
	pump(l);
}

static void
on_data(void *arg, const char *data, size_t len)
{
	struct check_login *l = arg;

	session_feed(l->session, data, len, now(l));
	pump(l);
}

static void
on_writable(void *arg)
{
	pump(arg);
}

static void
on_lost(void *arg, const struct fault *f)
{
	fail(arg, f);
}

static void
connect_now(struct check_login *l)
{
	static const struct connection_ops ops = { on_opened, on_data,
		on_writable, on_lost };
	struct connection_config config = { .host = l->account->host,
		.port = l->account->port,
		.tls = (enum connection_tls)l->account->tls,
		.ca = l->account->tls_ca,
		.proxy = l->account->proxy,
		.connect_seconds = LIMIT_CONNECT_SECONDS };
	struct fault f;

	l->connection = connection_open(l->check->net, &config, &ops, l, &f);
	if (l->connection == NULL)
		fail(l, &f);
}

static void
on_token(void *arg, const struct oauth2_token *token, const struct fault *f)
{
	if (token != NULL)
		connect_now(arg);
	else
		fail(arg, f);
}

static void
on_admitted(void *arg)
{
	struct check_login *l = arg;
	struct oauth2_token token;
	struct fault f;

	l->token.done = on_token;
	l->token.arg = l;
	if (l->account->client == NULL) {
		connect_now(l);
		return;
	}
	switch (oauth2_get(l->check->oauth2, l->account->client,
	    l->account->user, 0, &l->token, &token, &f)) {
	case 1:
		connect_now(l);
		break;
	case 0:
		break;
	default:
		fail(l, &f);
	}
}

/* One refusal is enough: a server might lock the account for the second. */
static void
on_refused(void *arg, const struct fault *f, uint64_t ms)
{
	struct check_login *l = arg;
	struct fault other;

	(void)ms;
	if (l->session != NULL) {
		fail(l, f);
		return;
	}
	fault_set(&other, FAULT_AUTH,
	    "not tried, since the account's login was refused");
	fail(l, &other);
}

static void
begin(struct check_login *l, struct doorman *doorman)
{
	l->check->pending++;
	if (check_spares(l->check, l->account->client)) {
		finish(l);
		return;
	}
	l->turn.admitted = on_admitted;
	l->turn.refused = on_refused;
	l->turn.arg = l;
	if (doorman_enter(doorman, &l->turn))
		on_admitted(l);
}

void
check_logins(struct check *c)
{
	const struct config *cfg = c->config;
	struct check_login *l;
	size_t i, j, n = 0;

	for (i = 0; i < cfg->naccounts; i++)
		n += cfg->accounts[i].nmailboxes;
	c->logins = calloc(n + 1, sizeof(*c->logins));
	c->doormen = calloc(cfg->naccounts + 1, sizeof(struct doorman *));
	if (c->logins == NULL || c->doormen == NULL)
		return;
	for (i = 0; i < cfg->naccounts; i++) {
		c->doormen[i] = doorman_new(&c->loop, &cfg->accounts[i].retry);
		if (c->doormen[i] == NULL)
			return;
		for (j = 0; j < cfg->accounts[i].nmailboxes; j++) {
			l = &c->logins[c->nlogins++];
			l->check = c;
			l->account = &cfg->accounts[i];
			l->mailbox = l->account->mailboxes[j];
			begin(l, c->doormen[i]);
		}
	}
}

static void
on_doorman_closed(void *arg)
{
	(void)arg;
}

void
check_logins_end(struct check *c)
{
	struct fault f;
	size_t i;

	fault_set(&f, FAULT_RETRY, "the server takes too long");
	for (i = 0; i < c->nlogins; i++) {
		if (!c->logins[i].done)
			fail(&c->logins[i], &f);
	}
	for (i = 0; c->doormen != NULL && i < c->config->naccounts; i++) {
		if (c->doormen[i] != NULL)
			doorman_close(c->doormen[i], on_doorman_closed, NULL);
	}
}

void
check_logins_free(struct check *c)
{
	free(c->logins);
	free(c->doormen);
}
