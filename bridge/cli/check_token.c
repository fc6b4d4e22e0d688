/* Does each client of "oauth2:" get a token, and is it one for IMAP?  What the
 * token says of itself is shown; the token never. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bridge/auth/jwt.h"
#include "bridge/auth/keypair.h"
#include "bridge/auth/oauth2.h"
#include "bridge/buf.h"
#include "bridge/cli/check_private.h"
#include "bridge/config/client.h"
#include "bridge/config/config.h"
#include "bridge/envelope/date.h"
#include "bridge/fault.h"
#include "bridge/store/checkpoint.h"

struct check_token {
	struct check *check;
	const struct config_client *client;
	struct oauth2_waiter waiter;
	int begun, done;
	char what[96]; /* "oauth2.corp" */
};

int
check_spares(const struct check *c, const struct config_client *client)
{
	return (client != NULL && client->grant == CLIENT_REFRESH_TOKEN &&
	    c->owner != 0);
}

static void
finish(struct check_token *t)
{
	oauth2_cancel(&t->waiter);
	t->done = 1;
	check_done(t->check);
}

static void bad(struct check_token *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static void
bad(struct check_token *t, const char *fmt, ...)
{
	struct fault f;
	va_list ap;

	va_start(ap, fmt);
	fault_vset(&f, FAULT_AUTH, fmt, ap);
	va_end(ap);
	check_bad(t->check, t->what, &f);
}

/* Is ${word} in a list, or in a string of words? */
static int
holds(const json_t *value, const char *word)
{
	const json_t *item;
	const char *found;
	size_t i, len = strlen(word);

	json_array_foreach(value, i, item)
	{
		if (json_is_string(item) &&
		    strcmp(json_string_value(item), word) == 0)
			return (1);
	}
	if (!json_is_string(value))
		return (0);
	found = strstr(json_string_value(value), word);
	return (found != NULL && (found[len] == '\0' || found[len] == ' '));
}

static int
for_exchange(const char *aud)
{
	static const char *const good[] = { "https://outlook.office365.com",
		"https://outlook.office.com", "https://outlook.office365.us",
		"https://outlook-dod.office365.us",
		"https://partner.outlook.cn",
		"00000002-0000-0ff1-ce00-000000000000" };
	size_t i, len;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		len = strlen(good[i]);
		if (strncmp(aud, good[i], len) == 0 &&
		    (aud[len] == '\0' || strcmp(aud + len, "/") == 0))
			return (1);
	}
	return (0);
}

/* Microsoft's tokens tell which step was forgotten. */
static void
judge_microsoft(struct check_token *t, const json_t *claims)
{
	const char *aud = json_string_value(json_object_get(claims, "aud"));
	const json_t *roles = json_object_get(claims, "roles");

	if (aud == NULL || !for_exchange(aud))
		bad(t,
		    "the token is for another service (aud): set scope to "
		    "https://%s/.default, or leave it out",
		    t->client->exchange);
	if (t->client->grant == CLIENT_CREDENTIALS &&
	    !holds(roles, "IMAP.AccessAsApp"))
		bad(t,
		    "the token lacks the role IMAP.AccessAsApp: add it under "
		    "API permissions (Office 365 Exchange Online, Application "
		    "permissions) and grant admin consent");
	if (t->client->grant == CLIENT_REFRESH_TOKEN &&
	    !holds(json_object_get(claims, "scp"), "IMAP.AccessAsUser.All"))
		bad(t,
		    "the token lacks the scope IMAP.AccessAsUser.All: consent "
		    "to it and get a new refresh_token");
}

static void
put_claim(struct buf *b, const json_t *claims, const char *name)
{
	const json_t *value = json_object_get(claims, name);
	char *text;

	if (value == NULL)
		return;
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	if (text != NULL)
		buf_printf(b, ", %s %s", name, text);
	free(text);
}

static void
show(struct check_token *t, const struct oauth2_token *token)
{
	json_t *claims = jwt_claims(token->text);
	char until[DATE_TEXT] = "an unknown time";
	struct buf b;
	char *c;

	buf_init(&b, 4096);
	buf_puts(&b, "");
	if (token->expires_at != 0)
		(void)date_utc(token->expires_at, until);
	put_claim(&b, claims, "aud");
	put_claim(&b, claims, "roles");
	put_claim(&b, claims, "scp");
	for (c = b.data; c != NULL && *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	printf("%s: token until %s%s\n", t->what, until,
	    b.data != NULL ? b.data : "");
	buf_free(&b);
	if (claims != NULL && t->client->provider == CLIENT_MICROSOFT365)
		judge_microsoft(t, claims);
	json_decref(claims);
}

static void
on_token(void *arg, const struct oauth2_token *token, const struct fault *f)
{
	struct check_token *t = arg;

	if (token != NULL)
		show(t, token);
	else if (f != NULL)
		check_bad(t->check, t->what, f);
	finish(t);
}

/* Nothing is wrong yet: told, but no failure. */
static void
warn_expiry(const struct check_token *t, const char *what, int64_t at)
{
	int64_t left = at - time(NULL);

	if (at != 0 && left < 30 * 86400)
		fprintf(stderr, "%s: warning: the %s %s\n", t->what, what,
		    left < 0 ? "has expired"
			     : "expires within 30 days: replace it in time");
}

static void
begin(struct check_token *t, const char *user)
{
	const struct config_client *c = t->client;
	struct oauth2_token token;
	struct fault f;

	t->begun = 1;
	t->check->pending++;
	warn_expiry(t, "client secret", c->expires_at);
	if (c->certificate != NULL)
		warn_expiry(
		    t, "client certificate", keypair_not_after(c->certificate));
	if (check_spares(t->check, c)) {
		printf("%s: not tried: the daemon (pid %ld) is using its "
		       "refresh token; see `mailbridge status`\n",
		    t->what, t->check->owner);
		finish(t);
		return;
	}
	t->waiter.done = on_token;
	t->waiter.arg = t;
	switch (
	    oauth2_get(t->check->oauth2, c, user, 0, &t->waiter, &token, &f)) {
	case 1:
		on_token(t, &token, NULL);
		break;
	case 0:
		break;
	default:
		/* The logins tell it. */
		finish(t);
	}
}

void
check_tokens(struct check *c)
{
	const struct config *cfg = c->config;
	const struct config_account *a;
	struct check_token *t;
	size_t i;

	c->tokens = calloc(cfg->nclients + 1, sizeof(*c->tokens));
	if (c->tokens == NULL)
		return;
	c->owner = checkpoint_owner(cfg->state);
	for (i = 0; i < cfg->naccounts; i++) {
		a = &cfg->accounts[i];
		if (a->client == NULL)
			continue;
		t = &c->tokens[a->client - cfg->clients];
		if (t->begun)
			continue;
		t->check = c;
		t->client = a->client;
		(void)snprintf(
		    t->what, sizeof(t->what), "oauth2.%s", a->client->name);
		begin(t, a->user);
	}
	for (i = 0; i < cfg->nclients; i++) {
		if (!c->tokens[i].begun)
			fprintf(stderr,
			    "%s: warning: oauth2.%s: no account uses this "
			    "client\n",
			    cfg->path, cfg->clients[i].name);
	}
}

void
check_tokens_end(struct check *c)
{
	struct check_token *t;
	struct fault f;
	size_t i;

	fault_set(&f, FAULT_RETRY, "no token in time");
	for (i = 0; c->tokens != NULL && i < c->config->nclients; i++) {
		t = &c->tokens[i];
		if (t->begun && !t->done)
			on_token(t, NULL, &f);
	}
}

void
check_tokens_free(struct check *c)
{
	free(c->tokens);
}
