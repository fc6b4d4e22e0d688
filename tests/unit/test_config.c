#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bridge/auth/secret.h"
#include "bridge/config/config.h"
#include "config_text.h"
#include "scratch.h"

static void
test_defaults_of_everything(void **state)
{
	struct config *cfg = config_good(SINK "accounts: [" ACCOUNT("a") "]\n");
	const struct config_account *a = &cfg->accounts[0];

	(void)state;
	assert_string_equal(cfg->path, "c.yaml");
	assert_string_equal(cfg->state, "/var/lib/mailbridge");
	assert_int_equal(cfg->log_level, LOG_INFO);
	assert_int_equal(cfg->log_format, LOG_AUTO);
	assert_int_equal(cfg->inflight_bytes, 64 << 20);
	assert_int_equal(cfg->max_message_bytes, 64 << 20);
	assert_int_equal(cfg->envelope.attachments, ENVELOPE_INLINE);
	assert_int_equal(cfg->envelope.raw, ENVELOPE_NONE);
	assert_int_equal(cfg->envelope.cloudevents, ENVELOPE_BINARY);
	assert_int_equal(cfg->envelope.format, ENVELOPE_V1);
	assert_int_equal(cfg->naccounts, 1);
	assert_int_equal(cfg->nsinks, 1);
	assert_string_equal(cfg->sinks[0].name, "out");
	assert_string_equal(cfg->sinks[0].type, "stdout");
	assert_string_equal(cfg->sinks[0].path, "sinks.out");
	assert_string_equal(a->name, "a");
	assert_int_equal(a->port, 993);
	assert_int_equal(a->tls, CONFIG_TLS_IMPLICIT);
	assert_null(a->tls_ca);
	assert_null(a->proxy);
	assert_int_equal(a->nmailboxes, 1);
	assert_string_equal(a->mailboxes[0], "INBOX");
	assert_int_equal(a->start, CONFIG_START_NOW);
	assert_int_equal(a->idle_seconds, 0);
	assert_int_equal(a->poll_seconds, 60);
	assert_int_equal(a->max_connection_seconds, 86400);
	assert_int_equal(a->command_seconds, 60);
	assert_int_equal(a->sweep_seconds, 3600);
	assert_int_equal(a->retry.nthen, 6);
	assert_int_equal(a->retry.then[5], 3600);
	assert_int_equal(a->sinks[0], 0);
	config_free(cfg);
	config_free(NULL);
}

static const char everything[] =
    "state: st\n"
    "log: {level: debug, format: json}\n"
    "limits: {inflight_bytes: 1MiB, max_message_bytes: 2MiB}\n"
    "retry: {first_seconds: 2, then: [3, 4], attempts: 5}\n"
    "envelope: {attachments: store, raw: inline,\n"
    "  cloudevents: structured, format: jmap}\n"
    "defaults: {host: localhost, tls: none, poll_seconds: 7, sink: two}\n"
    "accounts:\n"
    "  - name: a\n"
    "    user: u\n"
    "    auth: {method: password, password: {env: PW}}\n"
    "    mailboxes: [inbox, \"Orders/2026\", Inbox2]\n"
    "    start: 2024-02-29\n"
    "    idle_seconds: 9\n"
    "    max_connection_seconds: 60\n"
    "    on_reset: all\n"
    "  - name: b\n"
    "    user: u\n"
    "    host: 127.9.9.9\n"
    "    port: 1143\n"
    "    tls: starttls\n"
    "    tls_ca: sub/ca.pem\n"
    "    proxy: socks5h://127.0.0.1:1080\n"
    "    start: beginning\n"
    "    retry: {then: [8]}\n"
    "    sink: [one]\n"
    "    auth: {password: {file: s}}\n"
    "sinks:\n"
    "  one: {type: stdout}\n"
    "  two: {type: directory, path: out}\n";

static void
test_all_keys(void **state)
{
	struct config *cfg = config_good(everything);
	const struct config_account *a = &cfg->accounts[0];
	const struct config_account *b = &cfg->accounts[1];
	char cwd[4096], expected[5000];

	(void)state;
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	(void)snprintf(expected, sizeof(expected), "%s/st", cwd);
	assert_string_equal(cfg->state, expected);
	assert_int_equal(cfg->log_level, LOG_DEBUG);
	assert_int_equal(cfg->log_format, LOG_JSON);
	assert_int_equal(cfg->inflight_bytes, 1 << 20);
	assert_int_equal(cfg->envelope.attachments, ENVELOPE_STORE);
	assert_int_equal(cfg->envelope.raw, ENVELOPE_INLINE);
	assert_int_equal(cfg->envelope.cloudevents, ENVELOPE_STRUCTURED);
	assert_int_equal(cfg->envelope.format, ENVELOPE_JMAP);
	assert_int_equal(a->tls, CONFIG_TLS_NONE);
	assert_int_equal(a->port, 143);
	assert_string_equal(
	    secret_where(a->password), "environment variable PW");
	assert_int_equal(a->nmailboxes, 3);
	assert_string_equal(a->mailboxes[0], "INBOX");
	assert_string_equal(a->mailboxes[2], "Inbox2");
	assert_int_equal(a->start, CONFIG_START_DATE);
	assert_int_equal(a->start_year, 2024);
	assert_int_equal(a->start_month, 2);
	assert_int_equal(a->start_day, 29);
	assert_int_equal(a->poll_seconds, 7);
	assert_int_equal(a->retry.first_seconds, 2);
	assert_int_equal(a->retry.nthen, 2);
	assert_int_equal(a->retry.attempts, 5);
	assert_int_equal(a->sinks[0], 1);
	assert_int_equal(b->sinks[0], 0);
	assert_int_equal(b->port, 1143);
	assert_string_equal(b->proxy, "socks5h://127.0.0.1:1080");
	(void)snprintf(expected, sizeof(expected), "%s/sub/ca.pem", cwd);
	assert_string_equal(b->tls_ca, expected);
	assert_int_equal(b->retry.nthen, 1);
	assert_int_equal(b->retry.then[0], 8);
	assert_int_equal(b->retry.attempts, 5);
	config_free(cfg);
}

static void
test_servers(void **state)
{
	static const char tls[] =
	    "10: accounts[0].tls: none is for loopback hosts only (localhost, "
	    "127.0.0.1, ::1): the password would cross the network in the "
	    "clear";
	static const char proxy[] =
	    "12: accounts[0].proxy: must be a URL: http, https, socks4, "
	    "socks4a, socks5 or socks5h, then ://HOST:PORT";

	(void)state;
	config_bad_key("tls: none", tls);
	config_bad_key("tls: strattls",
	    "10: accounts[0].tls: unknown value \"strattls\", did you mean "
	    "\"starttls\"? (implicit, starttls or none)");
	config_bad("defaults: {tls: none, proxy: http://x:1}\n" SINK
		   "accounts:\n - {name: a, host: 127.0.0.1, user: u, auth: "
		   "{password: {file: s}}}\n",
	    "c.yaml:1:17: defaults.tls: none does not go with a proxy: it "
	    "would see the password");
	config_bad_key("port: 70000",
	    "11: accounts[0].port: must be between 1 and 65535, not 70000");
	config_bad_key("host: a.b:993",
	    "11: accounts[0].host: holds a colon: the "
	    "port has a key of its own, \"port\"");
	config_bad_key("host: imaps://a.b",
	    "11: accounts[0].host: must be the name "
	    "or the address of a server");
	config_bad_key("host: \"a b\"",
	    "11: accounts[0].host: must be the name or "
	    "the address of a server");
	config_bad_key("proxy: 127.0.0.1:1080", proxy);
	config_bad_key("proxy: \"socks5://\"", proxy);
	config_bad_key("proxy: ftp://x:1", proxy);
	config_bad_key("proxy: http://me:hunter2@x:1",
	    "12: accounts[0].proxy: a user and a password in it are not "
	    "supported by this version");
}

static void
test_mailboxes(void **state)
{
	(void)state;
	config_bad_key("mailboxes: []", "16: accounts[0].mailboxes: is empty");
	config_bad_key("mailboxes: INBOX",
	    "16: accounts[0].mailboxes: expected a "
	    "list, found a string");
	config_bad_key("mailboxes: [a, B, a]",
	    "23: accounts[0].mailboxes[2]: is listed twice");
	config_bad_key("mailboxes: [INBOX, inbox]",
	    "24: accounts[0].mailboxes[1]: is listed twice");
	config_bad_key("mailboxes: [7]",
	    "17: accounts[0].mailboxes[0]: expected a "
	    "string, found an integer");
	config_bad_key("mailboxes: [\"a\\nb\"]",
	    "17: accounts[0].mailboxes[0]: holds a control character");
	config_bad_key("mailboxes: [\"Archive/*\", \"Archive/*\"]",
	    "30: accounts[0].mailboxes[1]: is listed twice");
}

static void
test_numbers(void **state)
{
	(void)state;
	config_bad_key("idle_seconds: 1741",
	    "19: accounts[0].idle_seconds: must be "
	    "between 1 and 1740, not 1741");
	config_bad_key("idle_seconds: 0",
	    "19: accounts[0].idle_seconds: must be "
	    "between 1 and 1740, not 0");
	config_bad_key("poll_seconds: 86401",
	    "19: accounts[0].poll_seconds: must be "
	    "between 1 and 86400, not 86401");
	config_bad_key("max_connection_seconds: 59",
	    "29: accounts[0].max_connection_seconds: must be between 60 and "
	    "31536000, not 59");
	config_bad_key("retry: {then: []}",
	    "19: accounts[0].retry.then: must have 1 to 16 steps");
	config_bad_key("retry: {then: [0]}",
	    "20: accounts[0].retry.then[0]: must be "
	    "seconds, between 1 and 86400");
	config_bad_key(
	    "retry: {tries: 1}", "13: accounts[0].retry.tries: unknown key");
	config_bad("limits: {inflight_bytes: 1000}\n" SINK
		   "accounts: [" ACCOUNT("a") "]",
	    "c.yaml:1:26: limits.inflight_bytes: must be between 1048576 and "
	    "1099511627776 bytes, not 1000");
}

static void
test_start(void **state)
{
	static const char *const wrong[] = { "yesterday", "2023-02-29",
		"2023-13-01", "2023-1-1", "2023-01-00", "1969-01-01",
		"2023-01-01x", "20230101xx" };
	char keys[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		(void)snprintf(keys, sizeof(keys), "start: %s", wrong[i]);
		config_bad_key(keys,
		    "12: accounts[0].start: must be now, beginning "
		    "or a date, YYYY-MM-DD");
	}
}

/* Known from the contract, and refused until they work. */
static void
test_not_in_this_version(void **state)
{
	(void)state;
	config_bad_key("after_publish: {mark_seen: true}",
	    "20: accounts[0].after_publish: is not supported by this version");
}

static void
test_accounts(void **state)
{
	(void)state;
	config_bad(SINK "accounts: []\n", "c.yaml:2:11: accounts: is empty");
	config_bad(SINK, "c.yaml:1:1: the key \"accounts\" is missing");
	config_bad(SINK "accounts: {}\n",
	    "c.yaml:2:11: accounts: expected a list, found a mapping");
	config_bad(SINK "accounts: [7]\n",
	    "c.yaml:2:12: accounts[0]: expected a "
	    "mapping, found an integer");
	config_bad(SINK "accounts:\n - " ACCOUNT("a") "\n - " ACCOUNT("a") "\n",
	    "c.yaml:4:11: accounts[1].name: \"a\" is the name of accounts[0] "
	    "already");
	config_bad(SINK "accounts: [" ACCOUNT("..") "]",
	    "c.yaml:2:19: accounts[0].name: must be 1 to 64 letters, digits, "
	    "dots, underscores and hyphens, and not \".\" or \"..\"");
	config_bad(SINK "accounts: [" ACCOUNT("a/b") "]",
	    "c.yaml:2:19: accounts[0].name: must be 1 to 64 letters, digits, "
	    "dots, underscores and hyphens, and not \".\" or \"..\"");
	config_bad(SINK "accounts: [{name: a, host: h, user: u}]",
	    "c.yaml:2:12: accounts[0]: the key \"auth\" is missing");
	config_bad(SINK "accounts: [{name: a, host: h, user: u, auth: {}}]",
	    "c.yaml:2:46: accounts[0].auth: the key \"password\" is missing");
	config_bad(SINK "accounts: [{name: a, host: h, user: u, auth: {method: "
			"pasword}}]",
	    "c.yaml:2:55: accounts[0].auth.method: unknown value \"pasword\", "
	    "did you mean \"password\"? (password or oauth2)");
	config_bad("acounts: []\n" SINK,
	    "c.yaml:1:1: acounts: unknown key, did you mean \"accounts\"?");
	config_bad(
	    "- 1\n", "c.yaml:1:1: a config file must be a mapping of keys");
}

static void
test_defaults_are_checked_and_placed(void **state)
{
	(void)state;
	config_bad("defaults: {name: x}\n" SINK "accounts: [" ACCOUNT("a") "]",
	    "c.yaml:1:18: defaults.name: each account needs a name of its "
	    "own");
	config_bad("defaults: {poll_second: 1}\n" SINK
		   "accounts: [" ACCOUNT("a") "]",
	    "c.yaml:1:12: defaults.poll_second: unknown key, did you mean "
	    "\"poll_seconds\"?");
	/* The value stands in the defaults, and is wrong for this account. */
	config_bad("defaults:\n  tls: none\n" SINK
		   "accounts: [" ACCOUNT("a") "]",
	    "c.yaml:2:8: accounts[0].tls: none is for loopback hosts only "
	    "(localhost, 127.0.0.1, ::1): the password would cross the "
	    "network in the clear");
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_defaults_of_everything),
		TEST(test_all_keys),
		TEST(test_servers),
		TEST(test_mailboxes),
		TEST(test_numbers),
		TEST(test_start),
		TEST(test_not_in_this_version),
		TEST(test_accounts),
		TEST(test_defaults_are_checked_and_placed),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
