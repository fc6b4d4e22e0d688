/* Where a mailbox would stand, and what a sink is told of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bridge/watch/ack.h"

static uint32_t
mark_if(struct ack_window *w, uint32_t a, uint32_t b)
{
	uint32_t uids[] = { a, b };

	return (ack_mark_if(w, uids, b != 0 ? 2 : a != 0));
}

static void
test_mark_if(void **state)
{
	static const uint32_t known[] = { 11, 12, 15, 20, 30 };
	struct ack_window *w = ack_new(10, 100);
	size_t i;

	(void)state;
	assert_int_equal(mark_if(w, 12, 0), 10); /* nothing is known */
	for (i = 0; i < 5; i++)
		assert_non_null(ack_open(w, known[i]));
	assert_int_equal(mark_if(w, 0, 0), 10);
	assert_int_equal(mark_if(w, 11, 0), 11);
	assert_int_equal(mark_if(w, 12, 0), 10);
	assert_int_equal(mark_if(w, 12, 11), 12); /* in any order */
	assert_int_equal(mark_if(w, 5, 11), 11);  /* below the mark */
	assert_int_equal(mark_if(w, 11, 13), 11); /* unknown */
	ack_done(w, 12);
	ack_done(w, 20);
	assert_int_equal(mark_if(w, 11, 0), 12);
	assert_int_equal(mark_if(w, 15, 11), 20);
	assert_int_equal(mark_if(w, 30, 15), 10);
	/* It was only a question. */
	assert_int_equal(ack_mark(w), 10);
	assert_int_equal(ack_state(w, 11), ACK_OPEN);
	ack_done(w, 11);
	assert_int_equal(ack_mark(w), 12); /* the window's head has moved */
	assert_int_equal(mark_if(w, 15, 30), 30);
	ack_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_mark_if) };

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
