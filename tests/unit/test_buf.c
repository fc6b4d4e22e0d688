#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bridge/buf.h"

static void
test_append(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_null(b.data);
	assert_int_equal(buf_put(&b, "ab\0c", 4), 0);
	assert_int_equal(buf_puts(&b, "de"), 0);
	assert_int_equal(buf_putc(&b, 'f'), 0);
	assert_int_equal(buf_printf(&b, "%03d", 7), 0);
	assert_int_equal(b.len, 10);
	assert_memory_equal(b.data, "ab\0cdef007", 11);
	assert_int_equal(buf_put(&b, NULL, 0), 0);
	assert_false(b.failed);
	buf_free(&b);
	assert_int_equal(b.max, 100);
	assert_null(b.data);
}

/* Exactly up to the maximum, and nothing of what passes it. */
static void
test_maximum(void **state)
{
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 1000);
	for (i = 0; i < 1000; i++)
		assert_int_equal(buf_putc(&b, 'x'), 0);
	assert_int_equal(buf_putc(&b, 'y'), -1);
	assert_true(b.failed);
	assert_int_equal(b.len, 1000);
	assert_int_equal(strlen(b.data), 1000);
	assert_null(strchr(b.data, 'y'));
	buf_clear(&b);
	assert_false(b.failed);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.data, "");
	assert_int_equal(buf_put(&b, "", (size_t)-1), -1);
	buf_free(&b);
	buf_init(&b, 3);
	assert_int_equal(buf_printf(&b, "%d", 1234), -1);
	assert_true(b.failed);
	assert_int_equal(b.len, 0);
	buf_free(&b);
	buf_init(&b, 0);
	assert_int_equal(buf_puts(&b, ""), 0);
	assert_int_equal(buf_putc(&b, 'x'), -1);
	buf_free(&b);
}

static void
test_consume(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_puts(&b, "hello world");
	buf_consume(&b, 6);
	assert_string_equal(b.data, "world");
	buf_consume(&b, 0);
	assert_int_equal(b.len, 5);
	buf_consume(&b, 99);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.data, "");
	buf_free(&b);
	buf_consume(&b, 1);
	buf_clear(&b);
	assert_null(b.data);
}

static void
test_take(void **state)
{
	struct buf b;
	char *p;

	(void)state;
	buf_init(&b, 100);
	assert_null(buf_take(&b));
	buf_puts(&b, "mine");
	p = buf_take(&b);
	assert_string_equal(p, "mine");
	assert_null(b.data);
	assert_int_equal(b.len, 0);
	assert_int_equal(buf_puts(&b, "next"), 0);
	buf_free(&b);
	free(p);
}

static void
test_reserve(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	assert_int_equal(buf_reserve(&b, 5000), 0);
	assert_true(b.cap > 5000);
	assert_int_equal(b.len, 0);
	assert_int_equal(buf_reserve(&b, 1 << 20), 0);
	assert_int_equal(buf_reserve(&b, (1 << 20) + 1), -1);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_maximum),
		cmocka_unit_test(test_consume),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_reserve),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
