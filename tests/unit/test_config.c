#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bridge/auth/secret.h"
#include "bridge/config/config.h"
#include "bridge/config/suggest.h"
#include "bridge/fault.h"
#include "scratch.h"

#define ACCOUNT(name) \
	"{name: " name ", host: h, user: u, auth: {password: {file: s}}}"
#define SINK "sinks: {out: {type: stdout}}\n"

static struct config *
good(const char *text)
{
	struct config *cfg;
	struct fault f = { 0 };

	scratch_text("c.yaml", text);
	cfg = config_load("c.yaml", &f);
	assert_string_equal(f.text, "");
	assert_non_null(cfg);
	return (cfg);
}

/* The first mistake of what c.yaml holds. */
static void
bad_file(const char *expected)
{
	struct fault f = { 0 };

	assert_null(config_load("c.yaml", &f));
	assert_string_equal(f.text, expected);
	assert_int_equal(f.kind, FAULT_CONFIG);
}

static void
bad(const char *text, const char *expected)
{
	scratch_text("c.yaml", text);
	bad_file(expected);
}

/* An account with the keys ${keys} besides the needed ones. */
static void
bad_key(const char *keys, const char *expected)
{
	const char *host = strncmp(keys, "host", 4) == 0 ? "" : "    host: h\n";
	char *text, *all;

	assert_int_not_equal(
	    asprintf(&text,
		SINK "accounts:\n  - name: a\n    auth: {password: {file: s}}"
		     "\n    user: u\n%s    %s\n",
		host, keys),
	    -1);
	assert_int_not_equal(
	    asprintf(&all, "c.yaml:%d:%s", host[0] == '\0' ? 6 : 7, expected),
	    -1);
	bad(text, all);
	free(text);
	free(all);
}

static void
test_defaults_of_everything(void **state)
{
	struct config *cfg = good(SINK "accounts: [" ACCOUNT("a") "]\n");
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
	struct config *cfg = good(everything);
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
	bad_key("tls: none", tls);
	bad_key("tls: strattls",
	    "10: accounts[0].tls: unknown value \"strattls\", did you mean "
	    "\"starttls\"? (implicit, starttls or none)");
	bad("defaults: {tls: none, proxy: http://x:1}\n" SINK
	    "accounts:\n - {name: a, host: 127.0.0.1, user: u, auth: "
	    "{password: {file: s}}}\n",
	    "c.yaml:1:17: defaults.tls: none does not go with a proxy: it "
	    "would see the password");
	bad_key("port: 70000",
	    "11: accounts[0].port: must be between 1 and 65535, not 70000");
	bad_key("host: a.b:993",
	    "11: accounts[0].host: holds a colon: the "
	    "port has a key of its own, \"port\"");
	bad_key("host: imaps://a.b",
	    "11: accounts[0].host: must be the name "
	    "or the address of a server");
	bad_key("host: \"a b\"",
	    "11: accounts[0].host: must be the name or "
	    "the address of a server");
	bad_key("proxy: 127.0.0.1:1080", proxy);
	bad_key("proxy: \"socks5://\"", proxy);
	bad_key("proxy: ftp://x:1", proxy);
	bad_key("proxy: http://me:hunter2@x:1",
	    "12: accounts[0].proxy: a user and a password in it are not "
	    "supported by this version");
}

static void
test_mailboxes(void **state)
{
	(void)state;
	bad_key("mailboxes: []", "16: accounts[0].mailboxes: is empty");
	bad_key("mailboxes: INBOX",
	    "16: accounts[0].mailboxes: expected a "
	    "list, found a string");
	bad_key("mailboxes: [a, B, a]",
	    "23: accounts[0].mailboxes[2]: is listed twice");
	bad_key("mailboxes: [INBOX, inbox]",
	    "24: accounts[0].mailboxes[1]: is listed twice");
	bad_key("mailboxes: [7]",
	    "17: accounts[0].mailboxes[0]: expected a "
	    "string, found an integer");
	bad_key("mailboxes: [\"a\\nb\"]",
	    "17: accounts[0].mailboxes[0]: holds a control character");
	bad_key("mailboxes: [\"Archive/*\", \"Archive/*\"]",
	    "30: accounts[0].mailboxes[1]: is listed twice");
}

static void
test_numbers(void **state)
{
	(void)state;
	bad_key("idle_seconds: 1741",
	    "19: accounts[0].idle_seconds: must be "
	    "between 1 and 1740, not 1741");
	bad_key("idle_seconds: 0",
	    "19: accounts[0].idle_seconds: must be "
	    "between 1 and 1740, not 0");
	bad_key("poll_seconds: 86401",
	    "19: accounts[0].poll_seconds: must be "
	    "between 1 and 86400, not 86401");
	bad_key("max_connection_seconds: 59",
	    "29: accounts[0].max_connection_seconds: must be between 60 and "
	    "31536000, not 59");
	bad_key("retry: {then: []}",
	    "19: accounts[0].retry.then: must have 1 to 16 steps");
	bad_key("retry: {then: [0]}",
	    "20: accounts[0].retry.then[0]: must be "
	    "seconds, between 1 and 86400");
	bad_key(
	    "retry: {tries: 1}", "13: accounts[0].retry.tries: unknown key");
	bad("limits: {inflight_bytes: 1000}\n" SINK
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
		bad_key(keys,
		    "12: accounts[0].start: must be now, beginning "
		    "or a date, YYYY-MM-DD");
	}
}

/* Known from the contract, and refused until they work. */
static void
test_not_in_this_version(void **state)
{
	(void)state;
	bad_key("after_publish: {mark_seen: true}",
	    "20: accounts[0].after_publish: is not supported by this version");
}

static void
test_lists_of_sinks(void **state)
{
	struct config *cfg;

	(void)state;
	cfg = good("sinks: {a: {type: stdout}, b: {type: stdout}}\n"
		   "defaults: {sink: [b, a]}\ndead_letter: a\n"
		   "accounts: [" ACCOUNT("a") "]");
	assert_int_equal(cfg->accounts[0].nsinks, 2);
	assert_int_equal(cfg->accounts[0].sinks[0], 1);
	assert_int_equal(cfg->accounts[0].sinks[1], 0);
	assert_int_equal(cfg->dead_letter, 0);
	config_free(cfg);
	bad("sinks: {a: {type: stdout}, b: {type: stdout}}\ndefaults: {sink: "
	    "[a, a]}\naccounts: [" ACCOUNT("a") "]",
	    "c.yaml:2:22: defaults.sink[1]: is listed twice");
	bad("sinks: {a: {type: stdout}, b: {type: stdout}}\ndefaults: {sink: "
	    "[]}\naccounts: [" ACCOUNT("a") "]",
	    "c.yaml:2:18: defaults.sink: is empty");
	bad(SINK "dead_letter: evnts\naccounts: [" ACCOUNT("a") "]",
	    "c.yaml:2:14: dead_letter: no sink is called \"evnts\"");
}

static void
test_accounts(void **state)
{
	(void)state;
	bad(SINK "accounts: []\n", "c.yaml:2:11: accounts: is empty");
	bad(SINK, "c.yaml:1:1: the key \"accounts\" is missing");
	bad(SINK "accounts: {}\n",
	    "c.yaml:2:11: accounts: expected a list, found a mapping");
	bad(SINK "accounts: [7]\n",
	    "c.yaml:2:12: accounts[0]: expected a "
	    "mapping, found an integer");
	bad(SINK "accounts:\n - " ACCOUNT("a") "\n - " ACCOUNT("a") "\n",
	    "c.yaml:4:11: accounts[1].name: \"a\" is the name of accounts[0] "
	    "already");
	bad(SINK "accounts: [" ACCOUNT("..") "]",
	    "c.yaml:2:19: accounts[0].name: must be 1 to 64 letters, digits, "
	    "dots, underscores and hyphens, and not \".\" or \"..\"");
	bad(SINK "accounts: [" ACCOUNT("a/b") "]",
	    "c.yaml:2:19: accounts[0].name: must be 1 to 64 letters, digits, "
	    "dots, underscores and hyphens, and not \".\" or \"..\"");
	bad(SINK "accounts: [{name: a, host: h, user: u}]",
	    "c.yaml:2:12: accounts[0]: the key \"auth\" is missing");
	bad(SINK "accounts: [{name: a, host: h, user: u, auth: {}}]",
	    "c.yaml:2:46: accounts[0].auth: the key \"password\" is missing");
	bad(SINK "accounts: [{name: a, host: h, user: u, auth: {method: "
		 "pasword}}]",
	    "c.yaml:2:55: accounts[0].auth.method: unknown value \"pasword\", "
	    "did you mean \"password\"? (password or oauth2)");
	bad("acounts: []\n" SINK,
	    "c.yaml:1:1: acounts: unknown key, did you mean \"accounts\"?");
	bad("- 1\n", "c.yaml:1:1: a config file must be a mapping of keys");
}

static void
test_sinks(void **state)
{
	(void)state;
	bad("accounts: [" ACCOUNT("a") "]",
	    "c.yaml:1:1: the key \"sinks\" is missing");
	bad("sinks: {}\naccounts: [" ACCOUNT("a") "]",
	    "c.yaml:1:8: sinks: at least one sink is needed");
	bad("sinks: {a: {type: dirctory}}\naccounts: [" ACCOUNT("a") "]",
	    "c.yaml:1:19: sinks.a.type: unknown type \"dirctory\", did you "
	    "mean \"directory\"?");
	bad("sinks: {a: 7}\naccounts: [" ACCOUNT("a") "]",
	    "c.yaml:1:12: sinks.a: expected a mapping, found an integer");
	bad("sinks: {a: {type: directory, pth: x}}\naccounts: [" ACCOUNT(
		"a") "]",
	    "c.yaml:1:30: sinks.a.pth: unknown key, did you mean \"path\"?");
	bad("sinks: {\"a b\": {type: stdout}}\naccounts: [" ACCOUNT("a") "]",
	    "c.yaml:1:16: sinks.a b: a sink's name must be 1 to 64 letters, "
	    "digits, dots, underscores and hyphens");
	bad("sinks: {aa: {type: stdout}, bb: {type: stdout}}\n"
	    "accounts: [" ACCOUNT("a") "]",
	    "c.yaml:2:12: accounts[0]: the key \"sink\" is missing: it is "
	    "needed because there are several sinks (aa, bb)");
	bad_key("sink: uot",
	    "11: accounts[0].sink: no sink is called "
	    "\"uot\", did you mean \"out\"?");
}

static void
test_defaults_are_checked_and_placed(void **state)
{
	(void)state;
	bad("defaults: {name: x}\n" SINK "accounts: [" ACCOUNT("a") "]",
	    "c.yaml:1:18: defaults.name: each account needs a name of its "
	    "own");
	bad("defaults: {poll_second: 1}\n" SINK "accounts: [" ACCOUNT("a") "]",
	    "c.yaml:1:12: defaults.poll_second: unknown key, did you mean "
	    "\"poll_seconds\"?");
	/* The value stands in the defaults, and is wrong for this account. */
	bad("defaults:\n  tls: none\n" SINK "accounts: [" ACCOUNT("a") "]",
	    "c.yaml:2:8: accounts[0].tls: none is for loopback hosts only "
	    "(localhost, 127.0.0.1, ::1): the password would cross the "
	    "network in the clear");
}

static void
test_include(void **state)
{
	struct config *cfg;
	char cwd[4096], expected[5000];

	(void)state;
	mkdir("accounts.d", 0700);
	scratch_text("accounts.d/20.yaml", "accounts: [" ACCOUNT("b") "]\n");
	scratch_text("accounts.d/10.yaml",
	    "accounts:\n - name: a\n   tls_ca: ca.pem\n   host: h\n"
	    "   user: u\n   auth: {password: {file: s}}\n");
	scratch_text("accounts.d/30.yaml", "# nothing yet\n");
	scratch_text("accounts.d/sinks.yaml",
	    "sinks: {files: {type: directory, path: out}}\n");
	cfg = good(SINK "include: [accounts.d/*.yaml, accounts.d/10.yaml]\n"
			"defaults: {sink: files}\n");
	assert_int_equal(cfg->naccounts, 2);
	assert_string_equal(cfg->accounts[0].name, "a");
	assert_string_equal(cfg->accounts[1].name, "b");
	assert_int_equal(cfg->accounts[1].sinks[0], 1);
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	(void)snprintf(expected, sizeof(expected), "%s/accounts.d/ca.pem", cwd);
	assert_string_equal(cfg->accounts[0].tls_ca, expected);
	(void)snprintf(expected, sizeof(expected), "file %s/accounts.d/s", cwd);
	assert_string_equal(secret_where(cfg->accounts[0].password), expected);
	config_free(cfg);
}

/* The path of an included file in messages is absolute: the pattern's. */
static void
bad_include(const char *text, const char *before, const char *after)
{
	char cwd[4096], expected[6000];

	assert_non_null(getcwd(cwd, sizeof(cwd)));
	(void)snprintf(
	    expected, sizeof(expected), "%s%s%s", before, cwd, after);
	bad(text, expected);
}

static void
test_include_mistakes(void **state)
{
	static const char *const text =
	    SINK "include: [d/*.yaml]\naccounts: [" ACCOUNT("a") "]\n";

	(void)state;
	bad(text, "c.yaml:2:11: include: d/*.yaml: No such file or directory");
	mkdir("d", 0700);
	config_free(good(text)); /* an empty folder is fine */
	scratch_text("d/x.yaml", "\nsinks: {out: {type: stdout}}\n");
	bad_include(text, "",
	    "/d/x.yaml:2:9: sinks.out: was defined before, at c.yaml:1:9");
	scratch_text("d/x.yaml", "accounts: 7\n");
	bad_include(text, "",
	    "/d/x.yaml:1:1: accounts: was defined before, at c.yaml:3:1");
	scratch_text("d/x.yaml", "include: [y]\n");
	bad_include(text, "",
	    "/d/x.yaml:1:1: include: only the main file may include others");
	scratch_text("d/x.yaml", "accounts: [{name: b, hots: x}]\n");
	bad_include(text, "",
	    "/d/x.yaml:1:22: accounts[1].hots: unknown key, "
	    "did you mean \"host\"?");
	bad(SINK "include: [none.yaml]\n",
	    "c.yaml:2:11: include: none.yaml: No such file or directory");
	bad(SINK "include: x\n",
	    "c.yaml:2:10: include: expected a list of file patterns");
	bad(SINK "include: [7]\n",
	    "c.yaml:2:11: include[0]: expected a file pattern");
}

static void
test_no_file(void **state)
{
	(void)state;
	unlink("c.yaml");
	bad_file("c.yaml: cannot be read: No such file or directory");
	mkdir("c.yaml", 0700);
	bad_file("c.yaml: cannot be read: Is a directory");
	rmdir("c.yaml");
}

static void
test_suggest(void **state)
{
	static const char *const names[] = { "host", "port", "password",
		"poll_seconds" };

	(void)state;
	assert_string_equal(suggest_nearest("hots", names, 4), "host");
	assert_string_equal(suggest_nearest("passwd", names, 4), "password");
	assert_string_equal(suggest_nearest("poll", names, 4), "port");
	assert_string_equal(
	    suggest_nearest("pol_second", names, 4), "poll_seconds");
	assert_null(suggest_nearest("zebra", names, 4));
	assert_null(suggest_nearest("", names, 4));
	assert_null(suggest_nearest("x", names, 0));
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
		TEST(test_lists_of_sinks),
		TEST(test_accounts),
		TEST(test_sinks),
		TEST(test_defaults_are_checked_and_placed),
		TEST(test_include),
		TEST(test_include_mistakes),
		TEST(test_no_file),
		TEST(test_suggest),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
