#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "bridge/fault.h"

static void
test_set(void **state)
{
	struct fault f = { .retry_ms = 9 };

	(void)state;
	assert_int_equal(fault_set(&f, FAULT_AUTH, "LOGIN: %s", "NO"), -1);
	assert_int_equal(f.kind, FAULT_AUTH);
	assert_int_equal(f.retry_ms, 0);
	assert_string_equal(f.text, "LOGIN: NO");
	assert_int_equal(fault_set(NULL, FAULT_BUG, "x"), -1);
	fault_set(&f, FAULT_RETRY, "a\r\nb\033\177c\303\251");
	assert_string_equal(f.text, "a??b??c\303\251");
}

static void
test_prefix(void **state)
{
	struct fault f;

	(void)state;
	fault_set(&f, FAULT_DATA, "text");
	assert_int_equal(fault_prefix(&f, "a%d", 1), -1);
	fault_prefix(&f, "b\n");
	assert_string_equal(f.text, "b?: a1: text");
	assert_int_equal(f.kind, FAULT_DATA);
	assert_int_equal(fault_prefix(NULL, "x"), -1);
}

/* Texts of every length stay within their room. */
static void
test_long(void **state)
{
	char big[2 * FAULT_TEXT_MAX];
	struct fault f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(big) - 1; i++) {
		memset(big, 'x', i);
		big[i] = '\0';
		fault_set(&f, FAULT_RETRY, "%s", big);
		assert_int_equal(strlen(f.text),
		    i < FAULT_TEXT_MAX ? i : FAULT_TEXT_MAX - 1);
		fault_prefix(&f, "%s", big);
		assert_in_range(strlen(f.text), 2, FAULT_TEXT_MAX - 1);
		fault_set(&f, FAULT_RETRY, "short");
		fault_prefix(&f, "%s", big);
		assert_in_range(strlen(f.text), 5, FAULT_TEXT_MAX - 1);
	}
}

static void
test_exit_codes(void **state)
{
	(void)state;
	assert_int_equal(fault_exit_code(FAULT_NONE), 0);
	assert_int_equal(fault_exit_code(FAULT_RETRY), EX_TEMPFAIL);
	assert_int_equal(fault_exit_code(FAULT_AUTH), EX_NOPERM);
	assert_int_equal(fault_exit_code(FAULT_CONFIG), EX_CONFIG);
	assert_int_equal(fault_exit_code(FAULT_DATA), EX_DATAERR);
	assert_int_equal(fault_exit_code(FAULT_BUG), EX_SOFTWARE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_exit_codes),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
