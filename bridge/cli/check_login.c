/* Does each mailbox let us in?  Connects, logs in, EXAMINEs, leaves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/auth/secret.h"
#include "bridge/cli/check_private.h"
#include "bridge/config/client.h"
#include "bridge/config/config.h"
#include "bridge/config/mailboxes.h"
#include "bridge/fault.h"
#include "bridge/imap/session.h"
#include "bridge/limits.h"
#include "bridge/watch/doorman.h"
#include "bridge/watch/line.h"

struct check_login {
	struct check *check;
	const struct config_account *account;
	const char *mailbox;
	struct line line;
	size_t matches; /* of a pattern */
	int answers;	/* to LIST: delimiter, pattern, translated pattern */
	char delimiter;
	int done;
};

static void
finish(struct check_login *l)
{
	line_close(&l->line);
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
	if (f->kind == FAULT_AUTH && l->line.tried)
		advise(l);
	finish(l);
}

static uint64_t
now(const struct check_login *l)
{
	return (uv_now(&l->check->loop));
}

/* LIST is through: for the delimiter, for the pattern as it is, and with the
 * server's delimiter in it.  0, or -1 with ${f}. */
static int
listed(struct check_login *l, const struct session_event *ev, struct fault *f)
{
	struct session *session = l->line.session;
	char pattern[LIMIT_MAILBOX_NAME + 1], *s;

	(void)snprintf(pattern, sizeof(pattern), "%s", l->mailbox);
	if (l->answers++ == 0) {
		l->delimiter = ev->delimiter;
		return (session_list(session, pattern, now(l), f));
	}
	if (!ev->ok && l->answers == 2)
		return (fault_set(
		    f, FAULT_RETRY, "LIST %s: %s", pattern, ev->text));
	for (s = pattern; *s != '\0'; s++)
		*s = *s == '/' ? l->delimiter : *s;
	if (l->answers == 2 && l->delimiter != '\0' &&
	    strcmp(pattern, l->mailbox) != 0)
		return (session_list(session, pattern, now(l), f));
	printf("%s/%s: logged in; it matches %zu mailboxes\n", l->account->name,
	    l->mailbox, l->matches);
	session_logout(session, now(l));
	return (0);
}

static void
on_selected(struct check_login *l, const struct session_event *ev)
{
	line_let_in(&l->line);
	printf("%s/%s: logged in; %llu mails, UIDVALIDITY %llu, %s\n",
	    l->account->name, l->mailbox, (unsigned long long)ev->exists,
	    (unsigned long long)ev->uidvalidity,
	    session_has_idle(l->line.session) ? "IDLE"
					      : "no IDLE: it will be polled");
	session_logout(l->line.session, now(l));
}

/* 0; -1: it has come to its end, with ${f} or with all told. */
static int
on_event(struct check_login *l, const struct session_event *ev, struct fault *f)
{
	struct session *s = l->line.session;

	switch (ev->kind) {
	case SESSION_LOGIN:
		return (line_login(&l->line, f));
	case SESSION_READY:
		if (!mailbox_is_pattern(l->mailbox))
			return (session_select(s, l->mailbox, NULL, now(l), f));
		line_let_in(&l->line);
		return (session_list(s, "", now(l), f));
	case SESSION_SELECTED:
		on_selected(l, ev);
		break;
	case SESSION_LISTED:
		l->matches += !ev->closed && l->answers > 0;
		break;
	case SESSION_LIST_DONE:
		return (listed(l, ev, f));
	case SESSION_REFUSED:
	case SESSION_FAILED:
		*f = *ev->fault;
		if (f->kind == FAULT_AUTH)
			line_whence(&l->line, f);
		return (-1);
	case SESSION_CLOSED:
		return (-1);
	default:
		break;
	}
	return (0);
}

static void
on_lost(void *arg, const struct fault *why)
{
	struct check_login *l = arg;
	struct fault f = *why;

	if (!line_fail(&l->line, &f))
		fail(l, &f);
}

static void
on_pump(void *arg)
{
	struct check_login *l = arg;
	struct session_event ev;
	struct fault f = { .kind = FAULT_NONE };
	int result = 0;

	while (result == 0 && session_next(l->line.session, &ev))
		result = on_event(l, &ev, &f);
	if (result == 0)
		result = line_send(&l->line, &f);
	if (result == -1 && f.kind != FAULT_NONE)
		on_lost(l, &f);
	else if (result == -1)
		finish(l);
}

static void
on_connecting(void *arg)
{
	(void)arg;
}

/* One refusal is enough: a server might lock the account for the second. */
static void
on_refused(void *arg, const struct fault *f, uint64_t ms)
{
	struct check_login *l = arg;
	struct fault other;

	(void)ms;
	if (l->line.tried) {
		fail(l, f);
		return;
	}
	fault_set(&other, FAULT_AUTH,
	    "not tried, since the account's login was refused");
	fail(l, &other);
}

/* A secret that is not there must not hide behind a server that is away. */
static int
has_secret(const struct check_login *l, struct fault *f)
{
	char *password;
	size_t len;

	if (l->account->client != NULL)
		return (1);
	if ((password = secret_read(l->account->password, &len, f)) == NULL) {
		(void)fault_prefix(f, "auth.password");
		return (0);
	}
	secret_wipe(password, len);
	return (1);
}

static void
begin(struct check_login *l, struct doorman *doorman)
{
	static const struct line_ops ops = { on_connecting, on_pump, on_lost,
		on_refused };
	struct fault f;

	l->check->pending++;
	l->line = (struct line){ .host = &l->check->host,
		.account = l->account,
		.name = l->account->name,
		.doorman = doorman,
		.ops = &ops,
		.arg = l };
	if (!has_secret(l, &f))
		fail(l, &f);
	else if (check_spares(l->check, l->account->client))
		finish(l);
	else
		line_open(&l->line);
}

void
check_logins(struct check *c)
{
	const struct config *cfg = c->config;
	struct check_login *l;
	size_t i, j, n = 0;

	for (i = 0; i < cfg->naccounts; i++)
		n += cfg->accounts[i].nmailboxes;
	c->host = (struct watcher_host){ .loop = &c->loop,
		.net = c->net,
		.oauth2 = c->oauth2,
		.counts = &c->counts };
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
