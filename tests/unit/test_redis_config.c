#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/fault.h"
#include "sink_contract.h"
#include "sinks/redis/redis_reply.h"
#include "sinks/redis/redis_tls.h"
#include "sinks/sinks.h"

static void
assert_mistake(struct contract *c, const char *config, const char *text)
{
	contract_mistake(c, &redis_ops, config, text);
}

static void
test_config(void **state)
{
	static const char *const good[] = { "redis://h", "redis://h/0",
		"redis://h:1/15", "redis://[::1]:6379/1", "unix:///a/b",
		"unix:///a/b?db=1" };
	struct contract c;
	char config[256];
	size_t i;

	(void)state;
	contract_init(&c);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		(void)snprintf(
		    config, sizeof(config), "{\"url\": \"%s\"}", good[i]);
		if (contract_check(&c, &redis_ops, config) != NULL)
			fail_msg("%s: %s", good[i], c.why);
	}
	assert_mistake(&c, "{}", "url");
	assert_mistake(&c, "{\"url\": \"http://h\"}", "redis://");
	assert_mistake(&c, "{\"url\": \"redis://h/x\"}", "database");
	assert_mistake(&c, "{\"url\": \"redis://h:99999\"}", "form");
	assert_mistake(&c, "{\"url\": \"redis://:pw@h\"}", "password: {file");
	assert_null(strstr(c.why, "pw@"));
	assert_mistake(&c, "{\"url\": \"redis://u@h\"}", "password");
	if (!redis_tls_built)
		assert_mistake(&c, "{\"url\": \"rediss://h\"}", "stunnel");
	assert_mistake(&c, "{\"url\": \"unix://a\"}", "absolute");
	assert_mistake(
	    &c, "{\"url\": \"redis://h\", \"maxlen\": -1}", "maxlen");
	assert_mistake(&c, "{\"url\": \"redis://h\", \"delivery\": \"maybe\"}",
	    "delivery");
	assert_mistake(&c,
	    "{\"url\": \"redis://h\", \"checkpoint_key\": \"marks\"}",
	    "exactly_once");
	assert_mistake(&c,
	    "{\"url\": \"redis://h\", \"delivery\": \"exactly_once\", "
	    "\"checkpoint_key\": \"mail\"}",
	    "own name");
	contract_end(&c);
}

/* An example of each, as Redis 7 and 8 write them. */
static void
test_replies(void **state)
{
	static const struct {
		const char *text;
		enum redis_trouble trouble;
		const char *advice;
	} replies[] = {
		{ "LOADING Redis is loading the dataset in memory",
		    REDIS_PASSING, "starting" },
		{ "OOM command not allowed when used memory > 'maxmemory'.",
		    REDIS_PASSING, "maxmemory" },
		{ "MISCONF Redis is configured to save RDB snapshots, but",
		    REDIS_PASSING, "disk" },
		{ "BUSY Redis is busy running a script.", REDIS_PASSING,
		    "script" },
		{ "NOREPLICAS Not enough good replicas to write.",
		    REDIS_PASSING, "min-replicas-to-write" },
		{ "CLUSTERDOWN Hash slot not served", REDIS_PASSING,
		    "CLUSTER INFO" },
		{ "TRYAGAIN Multiple keys request during rehashing of slot",
		    REDIS_PASSING, "slots" },
		{ "ASK 3999 127.0.0.1:6381", REDIS_PASSING, "slot" },
		{ "READONLY You can't write against a read only replica.",
		    REDIS_NO_MASTER, "sentinel" },
		{ "MASTERDOWN Link with MASTER is down and", REDIS_NO_MASTER,
		    "replica" },
		{ "UNBLOCKED force unblock from blocking operation",
		    REDIS_NO_MASTER, "replica" },
		{ "MOVED 3999 127.0.0.1:6381", REDIS_MOVED, "" },
		{ "NOAUTH Authentication required.", REDIS_PERSON, "password" },
		{ "WRONGPASS invalid username-password pair or user is",
		    REDIS_PERSON, "password" },
		{ "NOPERM this user has no permissions to run the 'xadd'",
		    REDIS_PERSON, "ACL SETUSER" },
		{ "ERR The user executing the script can't run this command",
		    REDIS_PERSON, "ACL SETUSER" },
		{ "CROSSSLOT Keys in request don't hash to the same slot",
		    REDIS_PERSON, "{mail}" },
		{ "DENIED Redis is running in protected mode because",
		    REDIS_PERSON, "requirepass" },
		{ "WRONGTYPE Operation against a key holding the wrong kind",
		    REDIS_PERSON, "another name" },
		{ "ERR unknown command 'WAITAOF', with args beginning with:",
		    REDIS_PERSON, "7.2" },
		{ "ERR Protocol error: invalid bulk length", REDIS_TOO_LARGE,
		    "proto-max-bulk-len" },
		{ "ERR something new", REDIS_PERSON, "" },
	};
	struct fault f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		if (redis_reply_judge(replies[i].text, &f) !=
		    replies[i].trouble)
			fail_msg("%s", replies[i].text);
		assert_int_equal(f.kind,
		    replies[i].trouble == REDIS_PERSON ? FAULT_CONFIG
						       : FAULT_RETRY);
		assert_non_null(strstr(f.text, replies[i].text));
		if (strstr(f.text, replies[i].advice) == NULL)
			fail_msg("%s", f.text);
	}
}

static void
test_moved(void **state)
{
	static const char *const bad[] = { "MOVED", "MOVED 3999", "MOVED 1 a",
		"MOVED 1 a:", "MOVED 1 a:0", "MOVED 1 a:65536", "MOVED 1 a:6x",
		"MOVED 1 a-name-that-is-too-long:1", "ASK 1 a:1" };
	char host[16];
	uint16_t port;
	size_t i;

	(void)state;
	assert_int_equal(
	    redis_reply_moved("MOVED 3999 h.example:6381", host, 16, &port), 0);
	assert_string_equal(host, "h.example");
	assert_int_equal(port, 6381);
	assert_int_equal(
	    redis_reply_moved("MOVED 3999 ::1:6381", host, 16, &port), 0);
	assert_string_equal(host, "::1");
	assert_int_equal(
	    redis_reply_moved("MOVED 3999 :6382", host, 16, &port), 0);
	assert_string_equal(host, "");
	assert_int_equal(
	    redis_reply_moved("MOVED 3999 ?:6382", host, 16, &port), 0);
	assert_string_equal(host, "");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (redis_reply_moved(bad[i], host, 16, &port) != -1)
			fail_msg("%s", bad[i]);
	}
}

/* Sections that are fine, and mistakes in others. */
static void
test_more_config(void **state)
{
	static const char *const good[] = {
		"\"sentinel\": {\"master\": \"m\", \"nodes\": [\"a\"]}",
		"\"sentinel\": {\"master\": \"m\", \"nodes\": [\"a:1\", "
		"\"[::1]:2\", \"[::1]\"]}, \"url\": \"redis://m/3\"",
		"\"url\": \"redis://h\", \"durability\": {\"replicas\": 2, "
		"\"fsync\": true, \"timeout_seconds\": 20}",
	};
	static const char *const bad[][2] = {
		{ "\"sentinel\": {\"nodes\": [\"a\"]}", "master" },
		{ "\"sentinel\": {\"master\": \"m\"}", "nodes" },
		{ "\"sentinel\": {\"master\": \"m\", \"nodes\": []}",
		    "at least one" },
		{ "\"sentinel\": {\"master\": \"m\", \"nodes\": "
		  "[\"a\", \"b:x\"]}",
		    "nodes[1]: is not of the form HOST:PORT" },
		{ "\"sentinel\": {\"master\": \"m\", \"nodes\": [\"a\"]}, "
		  "\"url\": \"redis://h\"",
		    "the master's name" },
		{ "\"sentinel\": {\"master\": \"m\", \"nodes\": [\"a\"], "
		  "\"user\": \"u\"}",
		    "password" },
		{ "\"url\": \"redis://h\", \"durability\": {}",
		    "asks for nothing" },
		{ "\"url\": \"redis://h\", \"durability\": "
		  "{\"replicas\": 1, \"timeout_seconds\": 60}",
		    "timeout_seconds" },
		{ "\"url\": \"redis://h\", \"tls_ca\": \"ca.pem\"",
		    "rediss://" },
		{ "\"url\": \"redis://h\", \"client_certificate\": "
		  "{\"certificate\": \"c.pem\"}",
		    "key" },
	};
	struct contract c;
	char config[512];
	size_t i;

	(void)state;
	contract_init(&c);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		(void)snprintf(config, sizeof(config), "{%s}", good[i]);
		if (contract_check(&c, &redis_ops, config) != NULL)
			fail_msg("%s: %s", good[i], c.why);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(config, sizeof(config), "{%s}", bad[i][0]);
		assert_mistake(&c, config, bad[i][1]);
	}
	contract_end(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_more_config),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_replies),
	};

	return (cmocka_run_group_tests_name(
	    "redis: config and replies", tests, NULL, NULL));
}
