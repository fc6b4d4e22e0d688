/* Does each mailbox let us in?  Connects, logs in, EXAMINEs, leaves. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/auth/secret.h"
#include "bridge/cli/check_private.h"
#include "bridge/config/config.h"
#include "bridge/fault.h"
#include "bridge/imap/connection.h"
#include "bridge/imap/session.h"
#include "bridge/limits.h"

struct check_login {
	struct check *check;
	const struct config_account *account;
	const char *mailbox;
	struct connection *connection;
	struct session *session;
	int done;
};

static void
finish(struct check_login *l)
{
	connection_close(l->connection);
	l->connection = NULL;
	session_free(l->session);
	l->session = NULL;
	l->done = 1;
	check_done(l->check);
}

static void
fail(struct check_login *l, const struct fault *f)
{
	char what[300];

	(void)snprintf(
	    what, sizeof(what), "%s/%s", l->account->name, l->mailbox);
	check_bad(l->check, what, f);
	finish(l);
}

static uint64_t
now(const struct check_login *l)
{
	return (uv_now(&l->check->loop));
}

static int
log_in(struct check_login *l, struct fault *f)
{
	char *password;
	size_t len;

	if ((password = secret_read(l->account->password, &len, f)) == NULL)
		return (fault_prefix(f, "auth.password"));
	session_login(l->session, l->account->user, password, now(l));
	secret_wipe(password, len);
	return (0);
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
	if (f.kind != FAULT_NONE)
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
begin(struct check_login *l)
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

	l->check->pending++;
	l->connection = connection_open(l->check->net, &config, &ops, l, &f);
	if (l->connection == NULL)
		fail(l, &f);
}

void
check_logins(struct check *c)
{
	const struct config *cfg = c->config;
	struct check_login *l;
	size_t i, j, n = 0;

	for (i = 0; i < cfg->naccounts; i++)
		n += cfg->accounts[i].nmailboxes;
	if ((c->logins = calloc(n + 1, sizeof(*c->logins))) == NULL)
		return;
	for (i = 0; i < cfg->naccounts; i++) {
		for (j = 0; j < cfg->accounts[i].nmailboxes; j++) {
			l = &c->logins[c->nlogins++];
			l->check = c;
			l->account = &cfg->accounts[i];
			l->mailbox = l->account->mailboxes[j];
			begin(l);
		}
	}
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
}

void
check_logins_free(struct check *c)
{
	free(c->logins);
}
