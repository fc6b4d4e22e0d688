#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "bridge/auth/secret.h"
#include "bridge/config/account.h"
#include "bridge/config/client.h"
#include "bridge/config/config.h"
#include "bridge/config/section.h"

/* "client_credentials" first: it is index 0 of the choice. */
static const char *const grants[] = { "client_credentials", "refresh_token",
	"service_account", "command", "token_file", NULL };
static const char *const providers[] = { "other", "microsoft365", "google",
	NULL };

/* Microsoft's clouds: who gives the tokens, and whom they are for. */
static const char *const cloud_names[] = { "public", "usgov", "usgov_dod",
	"china", NULL };
static const struct {
	const char *authority;
	const char *exchange;
	const char *delegated; /* for IMAP.AccessAsUser.All */
} clouds[] = {
	{ "login.microsoftonline.com", "outlook.office365.com",
	    "outlook.office.com" },
	{ "login.microsoftonline.us", "outlook.office365.us",
	    "outlook.office365.us" },
	{ "login.microsoftonline.us", "outlook-dod.office365.us",
	    "outlook-dod.office365.us" },
	{ "login.partner.microsoftonline.cn", "partner.outlook.cn",
	    "partner.outlook.cn" },
};

static char *
must(char *p)
{
	if (p == NULL)
		abort(); /* a config that does not fit into memory */
	return (p);
}

static char *
join(const char *one, const char *two, const char *three)
{
	char *text;

	if (asprintf(&text, "%s%s%s", one, two, three) == -1)
		text = NULL;
	return (must(text));
}

/* It becomes a part of a URL. */
static int
is_tenant(const char *tenant)
{
	size_t len;

	len = strspn(tenant,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	    ".-");
	return (len > 0 && tenant[len] == '\0');
}

static void
read_microsoft(struct section *s, struct config_client *c)
{
	const char *tenant;
	char *authority;
	int cloud;

	cloud = section_choice(s, "cloud", cloud_names, 0);
	c->exchange = clouds[cloud].exchange;
	tenant = section_string(s, "tenant", NULL);
	if (tenant == NULL) {
		if (c->token_endpoint == NULL)
			section_need(s, "tenant");
		return;
	}
	if (!is_tenant(tenant)) {
		section_error(s, "tenant",
		    "must be the directory (tenant) id or a domain of it");
		return;
	}
	if (strcmp(tenant, "common") == 0 ||
	    strcmp(tenant, "organizations") == 0) {
		if (c->grant == CLIENT_CREDENTIALS)
			section_error(s, "tenant",
			    "%s does not work without a person present: "
			    "name the tenant whose mailboxes are read",
			    tenant);
	}
	if (c->token_endpoint == NULL) {
		authority = join("https://", clouds[cloud].authority, "/");
		c->token_endpoint =
		    join(authority, tenant, "/oauth2/v2.0/token");
		free(authority);
	}
	if (c->scope == NULL)
		c->scope = c->grant == CLIENT_REFRESH_TOKEN
		    ? join("https://", clouds[cloud].delegated,
			  "/IMAP.AccessAsUser.All offline_access")
		    : join("https://", clouds[cloud].exchange, "/.default");
}

static void
read_google(struct section *s, struct config_client *c)
{
	if (c->grant == CLIENT_CREDENTIALS)
		section_error(s, "grant",
		    "google has no client_credentials for mail: use "
		    "service_account or refresh_token");
	if (c->token_endpoint == NULL && c->grant == CLIENT_REFRESH_TOKEN)
		c->token_endpoint =
		    must(strdup("https://oauth2.googleapis.com/token"));
	if (c->scope == NULL)
		c->scope = must(strdup("https://mail.google.com/"));
}

static void
check_url(struct section *s, const char *key, const char *url)
{
	const char *p;

	if (strncasecmp(url, "https://", 8) != 0 || url[8] == '\0') {
		section_error(s, key,
		    "must begin with https:// since secrets are sent there");
		return;
	}
	for (p = url + 8; *p != '\0'; p++) {
		if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '#') {
			section_error(s, key, "is no URL");
			return;
		}
		if (*p == '@') {
			section_error(
			    s, key, "must not hold a user or a password");
			return;
		}
	}
}

/* client_certificate: {certificate: c.pem, key: {file: k.pem}} */
static void
read_certificate(struct section *s, struct config_client *c)
{
	static const char *const algorithms[] = { "PS256", "RS256", NULL };
	struct section *child;

	c->rs256 = section_choice(s, "assertion_algorithm", algorithms, 0);
	c->audience = section_string(s, "audience", NULL);
	if ((child = section_child(s, "client_certificate")) == NULL) {
		if (section_has(s, "assertion_algorithm"))
			section_error(s, "assertion_algorithm",
			    "is for client_certificate only");
		if (c->audience != NULL)
			section_error(
			    s, "audience", "is for client_certificate only");
		return;
	}
	section_need(child, "certificate");
	section_need(child, "key");
	c->certificate = section_path(child, "certificate", NULL);
	c->certificate_key = section_secret(child, "key");
	section_end(child, NULL);
}

/* How the client shows who it is: one way, or none for public ones. */
static void
read_identity(struct section *s, struct config_client *c)
{
	int ways;

	section_need(s, "client_id");
	c->client_id = section_string(s, "client_id", "");
	c->client_secret = section_secret(s, "client_secret");
	c->client_assertion = section_secret(s, "client_assertion");
	read_certificate(s, c);
	ways = section_has(s, "client_secret") +
	    section_has(s, "client_assertion") +
	    section_has(s, "client_certificate");
	if (ways > 1 ||
	    (ways == 0 && c->grant == CLIENT_CREDENTIALS &&
		section_has(s, "grant")))
		section_error(s, NULL,
		    "needs %s of client_secret, client_certificate and "
		    "client_assertion",
		    c->grant == CLIENT_CREDENTIALS ? "exactly one"
						   : "at most one");
}

/* YYYY-MM-DD, the end of that day. */
static void
read_expires(struct section *s, struct config_client *c)
{
	struct tm tm = { .tm_hour = 23, .tm_min = 59, .tm_sec = 59 };
	const char *text, *end;

	if ((text = section_string(s, "expires_at", NULL)) == NULL)
		return;
	end = strptime(text, "%Y-%m-%d", &tm);
	if (end == NULL || *end != '\0') {
		section_error(s, "expires_at", "must be a date, YYYY-MM-DD");
		return;
	}
	c->expires_at = timegm(&tm);
}

static void
read_endpoint(struct section *s, struct config_client *c)
{
	const char *text;

	if ((text = section_string(s, "token_endpoint", NULL)) != NULL) {
		check_url(s, "token_endpoint", text);
		c->token_endpoint = must(strdup(text));
	}
	if ((text = section_string(s, "scope", NULL)) != NULL)
		c->scope = must(strdup(text));
	c->tls_ca = section_path(s, "tls_ca", NULL);
	if (c->provider == CLIENT_MICROSOFT365)
		read_microsoft(s, c);
	else if (c->provider == CLIENT_GOOGLE)
		read_google(s, c);
	if (c->token_endpoint == NULL && c->grant != CLIENT_SERVICE_ACCOUNT &&
	    c->provider == CLIENT_OTHER)
		section_need(s, "token_endpoint");
}

static void
read_client(struct section *s, struct config_client *c)
{
	c->provider = (enum client_provider)section_choice(
	    s, "provider", providers, CLIENT_OTHER);
	section_need(s, "grant");
	c->grant = (enum client_grant)section_choice(
	    s, "grant", grants, CLIENT_CREDENTIALS);
	switch (c->grant) {
	case CLIENT_CREDENTIALS:
		read_identity(s, c);
		break;
	case CLIENT_REFRESH_TOKEN:
		read_identity(s, c);
		section_need(s, "refresh_token");
		c->refresh_token = section_secret(s, "refresh_token");
		break;
	case CLIENT_SERVICE_ACCOUNT:
		if (c->provider == CLIENT_MICROSOFT365)
			section_error(s, "grant",
			    "service_account is Google's: use "
			    "client_credentials");
		section_need(s, "key");
		c->key = section_secret(s, "key");
		break;
	case CLIENT_COMMAND:
		c->command = section_words(s, "command");
		break;
	case CLIENT_TOKEN_FILE:
		section_need(s, "token");
		c->token = section_secret(s, "token");
		break;
	}
	if (c->grant != CLIENT_COMMAND && c->grant != CLIENT_TOKEN_FILE)
		read_endpoint(s, c);
	read_expires(s, c);
}

void
client_read_all(struct section *s, struct config *cfg)
{
	struct section *clients, *one;
	struct config_client *c;
	json_t *value, *item;
	const char *name;

	value = section_value(s, "oauth2");
	if ((clients = section_child(s, "oauth2")) == NULL)
		return;
	cfg->clients =
	    calloc(json_object_size(value) + 1, sizeof(*cfg->clients));
	if (cfg->clients == NULL)
		must(NULL);
	json_object_foreach(value, name, item)
	{
		c = &cfg->clients[cfg->nclients++];
		c->name = name;
		if (!account_name_valid(name)) {
			section_value(clients, name);
			section_error(clients, name,
			    "a client's name must be 1 to 64 letters, digits, "
			    "dots, underscores and hyphens");
		} else if ((one = section_child(clients, name)) != NULL) {
			read_client(one, c);
			section_end(one, NULL);
		}
	}
	section_end(clients, NULL);
}

static void
clear(struct config_client *c)
{
	secret_free(c->client_secret);
	secret_free(c->certificate_key);
	secret_free(c->client_assertion);
	secret_free(c->refresh_token);
	secret_free(c->key);
	secret_free(c->token);
	free(c->certificate);
	free((void *)c->command);
	free(c->token_endpoint);
	free(c->scope);
	free(c->tls_ca);
}

void
client_clear_all(struct config *cfg)
{
	size_t i;

	for (i = 0; i < cfg->nclients; i++)
		clear(&cfg->clients[i]);
	free(cfg->clients);
}
