#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/fault.h"
#include "sink_contract.h"
#include "sinks/redis_reply.h"
#include "sinks/sinks.h"

static void
assert_mistake(struct contract *c, const char *config, const char *text)
{
	const char *mistake = contract_check(c, &redis_ops, config);

	assert_non_null(mistake);
	if (strstr(mistake, text) == NULL)
		fail_msg("%s: %s", config, mistake);
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
	assert_mistake(&c, "{\"url\": \"rediss://h\"}", "TLS");
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

static void
test_replies(void **state)
{
	struct fault f;

	(void)state;
	assert_int_equal(
	    redis_reply_judge("LOADING Redis is loading", &f), REDIS_PASSING);
	assert_int_equal(f.kind, FAULT_RETRY);
	assert_int_equal(redis_reply_judge("MOVED 1 h:2", &f), REDIS_PERSON);
	assert_int_equal(f.kind, FAULT_CONFIG);
	assert_int_equal(
	    redis_reply_judge("ERR something new", &f), REDIS_PERSON);
	assert_string_equal(f.text, "ERR something new");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_replies),
	};

	return (cmocka_run_group_tests_name(
	    "redis: config and replies", tests, NULL, NULL));
}
