/* The section "oauth2:" and who refers to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bridge/auth/secret.h"
#include "bridge/config/client.h"
#include "bridge/config/config.h"
#include "bridge/fault.h"
#include "scratch.h"

#define HEAD                                                             \
	"sinks: {out: {type: stdout}}\n"                                 \
	"accounts: [{name: a, host: h, user: u, auth: {method: oauth2, " \
	"client: c}}]\n"
#define ID "client_id: C, client_secret: {file: s}"

static struct config *
good(const char *client)
{
	struct config *cfg;
	struct fault f = { 0 };
	char *text;

	assert_int_not_equal(
	    asprintf(&text, HEAD "oauth2: {c: %s}\n", client), -1);
	scratch_text("c.yaml", text);
	free(text);
	cfg = config_load("c.yaml", &f);
	assert_string_equal(f.text, "");
	assert_non_null(cfg);
	assert_ptr_equal(cfg->accounts[0].client, &cfg->clients[0]);
	assert_null(cfg->accounts[0].password);
	return (cfg);
}

/* ${client} is refused with a text that holds ${part}. */
static void
bad(const char *client, const char *part)
{
	struct fault f = { 0 };
	char *text;

	assert_int_not_equal(
	    asprintf(&text, HEAD "oauth2: {c: %s}\n", client), -1);
	scratch_text("c.yaml", text);
	free(text);
	assert_null(config_load("c.yaml", &f));
	assert_int_equal(f.kind, FAULT_CONFIG);
	if (strstr(f.text, part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, f.text);
}

static void
preset(const char *client, const char *endpoint, const char *scope)
{
	struct config *cfg = good(client);
	const struct config_client *c = &cfg->clients[0];

	if (endpoint == NULL)
		assert_null(c->token_endpoint);
	else
		assert_string_equal(c->token_endpoint, endpoint);
	assert_string_equal(c->scope, scope);
	config_free(cfg);
}

static void
test_presets(void **state)
{
	(void)state;
	preset("{provider: microsoft365, grant: client_credentials, tenant: "
	       "T.example, " ID "}",
	    "https://login.microsoftonline.com/T.example/oauth2/v2.0/token",
	    "https://outlook.office365.com/.default");
	preset("{provider: microsoft365, cloud: china, grant: "
	       "client_credentials, tenant: T, " ID "}",
	    "https://login.partner.microsoftonline.cn/T/oauth2/v2.0/token",
	    "https://partner.outlook.cn/.default");
	preset("{provider: microsoft365, cloud: usgov, grant: refresh_token, "
	       "tenant: T, client_id: C, refresh_token: {file: r}}",
	    "https://login.microsoftonline.us/T/oauth2/v2.0/token",
	    "https://outlook.office365.us/IMAP.AccessAsUser.All "
	    "offline_access");
	preset("{provider: microsoft365, grant: client_credentials, tenant: T, "
	       "scope: S, token_endpoint: 'https://x/t', " ID "}",
	    "https://x/t", "S");
	preset("{provider: google, grant: service_account, key: {file: k}}",
	    NULL, "https://mail.google.com/");
	preset("{provider: google, grant: refresh_token, " ID
	       ", refresh_token: {file: r}}",
	    "https://oauth2.googleapis.com/token", "https://mail.google.com/");
}

static void
test_keys(void **state)
{
	struct config *cfg;
	const struct config_client *c;

	(void)state;
	cfg = good("{provider: microsoft365, tenant: T, client_id: C, grant: "
		   "client_credentials, client_certificate: {certificate: "
		   "c.pem, key: {file: k.pem}}, assertion_algorithm: RS256, "
		   "expires_at: 2027-01-31, tls_ca: ca.pem, audience: A}");
	c = &cfg->clients[0];
	assert_string_equal(c->name, "c");
	assert_string_equal(strrchr(c->certificate, '/'), "/c.pem");
	assert_string_equal(
	    strrchr(secret_where(c->certificate_key), '/'), "/k.pem");
	assert_string_equal(strrchr(c->tls_ca, '/'), "/ca.pem");
	assert_int_equal(c->rs256, 1);
	assert_string_equal(c->audience, "A");
	assert_int_equal(c->expires_at, 1801439999);
	config_free(cfg);
	cfg = good("{grant: command, command: [oama, access, me]}");
	c = &cfg->clients[0];
	assert_string_equal(c->command[0], "oama");
	assert_string_equal(c->command[2], "me");
	assert_null(c->command[3]);
	config_free(cfg);
	cfg = good("{grant: token_file, token: {file: t}}");
	assert_non_null(cfg->clients[0].token);
	config_free(cfg);
}

static void
test_mistakes(void **state)
{
	(void)state;
	bad("{}", "c.yaml:3:13: oauth2.c: the key \"grant\" is missing");
	bad("{grant: password}", "unknown value \"password\"");
	bad("{grant: client_credentials, client_id: C}",
	    "oauth2.c: needs exactly one of client_secret, client_certificate");
	bad("{grant: client_credentials, " ID ", client_assertion: {file: a}}",
	    "needs exactly one");
	bad("{grant: refresh_token, " ID ", client_assertion: {file: a}}",
	    "needs at most one");
	bad("{grant: client_credentials, " ID "}",
	    "the key \"token_endpoint\" is missing");
	bad("{grant: client_credentials, " ID ", token_endpoint: 'http://x'}",
	    "must begin with https://");
	bad("{grant: client_credentials, " ID
	    ", token_endpoint: 'https://u:p@x/'}",
	    "must not hold a user");
	bad("{provider: microsoft365, grant: client_credentials, " ID "}",
	    "the key \"tenant\" is missing");
	bad("{provider: microsoft365, grant: client_credentials, tenant: "
	    "common, " ID "}",
	    "name the tenant whose mailboxes are read");
	bad("{provider: microsoft365, grant: client_credentials, tenant: "
	    "a/b, " ID "}",
	    "oauth2.c.tenant: must be");
	bad("{provider: google, grant: client_credentials, " ID "}",
	    "use service_account or refresh_token");
	bad("{grant: command, command: []}", "oauth2.c.command: is empty");
	bad("{grant: token_file, token: abracadabra}",
	    "a secret is not written into the config");
	bad("{grant: token_file, token: {file: t}, scpe: x}", "scpe: unknown");
	bad("{grant: token_file, token: {file: t}, expires_at: soon}",
	    "must be a date");
	bad("{grant: command, command: [x], token_endpoint: 'https://x'}",
	    "oauth2.c.token_endpoint: unknown key");
	bad("{grant: command, command: [x]}, 'a b': {grant: command}",
	    "a client's name must be");
}

static void
refuse(const char *auth, const char *part)
{
	struct fault f = { 0 };
	char *text;

	assert_int_not_equal(
	    asprintf(&text,
		"sinks: {out: {type: stdout}}\noauth2: {corp: {grant: command, "
		"command: [x]}}\naccounts: [{name: a, host: h, user: u, auth: "
		"%s}]\n",
		auth),
	    -1);
	scratch_text("c.yaml", text);
	free(text);
	assert_null(config_load("c.yaml", &f));
	if (strstr(f.text, part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, f.text);
}

static void
test_references(void **state)
{
	(void)state;
	refuse("{method: oauth2}",
	    "accounts[0].auth: the key \"client\" is missing");
	refuse("{method: oauth2, client: crop}",
	    "no client called \"crop\", did you mean \"corp\"?");
	refuse("{method: oauth2, client: corp, password: {file: p}}",
	    "does not go with method oauth2");
	refuse("{client: corp, password: {file: p}}",
	    "does not go with method password");
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_presets),
		TEST(test_keys),
		TEST(test_mistakes),
		TEST(test_references),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
