#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bridge/config/suggest.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suggest),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
