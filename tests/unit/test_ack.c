/* What is behind the low-water mark: the window of open messages, and sets of
 * UIDs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bridge/uidset.h"
#include "bridge/watch/ack.h"

static void
test_uidset(void **state)
{
	struct uidset s;
	uint32_t uid;

	(void)state;
	uidset_init(&s, 3);
	assert_int_equal(uidset_add(&s, 10, 20), 0);
	assert_int_equal(uidset_add(&s, 1, 2), 0);
	assert_int_equal(uidset_add(&s, 3, 3), 0); /* touches */
	assert_int_equal(s.n, 2);
	assert_int_equal(uidset_add(&s, 30, 30), 0);
	assert_int_equal(
	    uidset_add(&s, 40, 40), -1); /* full: the highest goes */
	assert_int_equal(uidset_add(&s, 6, 6), -1);
	assert_int_equal(s.n, 3);
	assert_int_equal(uidset_count(&s), 3 + 1 + 11);
	assert_int_equal(uidset_add(&s, 2, 12), 0);
	assert_int_equal(s.n, 1);
	for (uid = 0; uid < 20 && uidset_pop(&s, &uid);)
		;
	assert_int_equal(uid, 20);
	assert_true(uidset_empty(&s));
	assert_int_equal(uidset_add(&s, UINT32_MAX, UINT32_MAX), 0);
	assert_int_equal(uidset_add(&s, 1, UINT32_MAX), 0);
	assert_int_equal(uidset_count(&s), UINT32_MAX);
	assert_true(uidset_has(&s, 1) && uidset_has(&s, UINT32_MAX));
	uidset_cut(&s, 9);
	assert_true(!uidset_has(&s, 9) && uidset_has(&s, 10));
	uidset_cut(&s, UINT32_MAX);
	assert_true(uidset_empty(&s));
	uidset_clear(&s);
}

static void
test_ack(void **state)
{
	struct ack_window *w = ack_new(10, 4);

	(void)state;
	assert_null(ack_open(w, 10));
	assert_non_null(ack_open(w, 12));
	assert_non_null(ack_open(w, 15));
	assert_non_null(ack_open(w, 11)); /* late and lower */
	assert_non_null(ack_open(w, 20));
	assert_null(ack_open(w, 21)); /* full */
	ack_done(w, 12);
	ack_done(w, 99);
	assert_int_equal(ack_mark(w), 10);
	ack_done(w, 11);
	assert_int_equal(ack_mark(w), 12);
	assert_int_equal(ack_state(w, 12), ACK_DONE);
	assert_int_equal(ack_state(w, 13), ACK_UNKNOWN);
	assert_int_equal(ack_state(w, 15), ACK_OPEN);
	ack_done(w, 20);
	assert_int_equal(ack_mark(w), 12);
	assert_int_equal(ack_unfinished(w), 1);
	ack_done(w, 15);
	assert_int_equal(ack_mark(w), 20);
	assert_int_equal(ack_room(w), 4);
	ack_free(w);
}

/* Where the mark would be if these were done too: what goes into the
 * transaction of a sink that stores marks. */
static void
test_mark_if(void **state)
{
	static const uint32_t some[] = { 15, 12 }, none[] = { 20 },
			      all[] = { 20, 12, 11, 15 };
	struct ack_window *w = ack_new(10, 8);

	(void)state;
	assert_int_equal(ack_mark_if(w, none, 1), 10);
	assert_non_null(ack_open(w, 11));
	assert_non_null(ack_open(w, 12));
	assert_non_null(ack_open(w, 15));
	assert_non_null(ack_open(w, 20));
	assert_int_equal(ack_mark_if(w, some, 2), 10); /* 11 is open */
	assert_int_equal(ack_mark_if(w, all, 4), 20);
	assert_int_equal(ack_mark_if(w, all + 1, 3), 15);
	ack_done(w, 11);
	assert_int_equal(ack_mark_if(w, some, 0), 11);
	assert_int_equal(ack_mark_if(w, some, 2), 15);
	assert_int_equal(ack_mark_if(w, some + 1, 1), 12);
	ack_done(w, 20); /* done, and held by those below it */
	assert_int_equal(ack_mark_if(w, none, 1), 11);
	assert_int_equal(ack_mark_if(w, some, 2), 20);
	assert_int_equal(ack_mark(w), 11);
	ack_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uidset),
		cmocka_unit_test(test_ack),
		cmocka_unit_test(test_mark_if),
	};

	return (cmocka_run_group_tests_name("ack", tests, NULL, NULL));
}
