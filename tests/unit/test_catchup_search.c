/* What the catch-up searches for: from a date, below the mark again, and on
 * where an answer stopped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bridge/limits.h"
#include "bridge/store/checkpoint.h"
#include "bridge/watch/catchup.h"
#include "tests/unit/catchup_jobs.h"

static void
test_since(void **state)
{
	struct checkpoint from = {
		.uid = 4, .since_below = 9, .since = "05-Jan-2026"
	};
	struct catchup *c = catchup_new(&from);

	(void)state;
	assert_string_equal(
	    next_job(c, 0).text, "OR (UID 5:8 SINCE 05-Jan-2026) UID 9:*");
	catchup_free(c);
	from.uid = 8;
	c = catchup_new(&from);
	assert_string_equal(next_job(c, 0).text, "UID 9:*");
	catchup_free(c);
}

static void
test_sweep_finds_late_ones(void **state)
{
	struct checkpoint from = { .uid = 4 };
	struct catchup *c = catchup_new(&from);

	(void)state;
	search(c, "UID 5:*", 5, 6, &complete);
	catchup_hint(c);
	fetch(c, "5:6", 5, 6, &complete);
	search(c, "UID 7:*", 9, 9, &complete);
	fetch(c, "9", 9, 9, &complete);
	assert_int_equal(next_job(c, 0).job, CATCHUP_NOTHING);
	/* 4 was there before us, 5, 6 and 9 are known: 8 is late. */
	catchup_sweep(c);
	assert_string_equal(next_job(c, 0).text, "UID 5:*");
	catchup_found(c, 4, 6);
	catchup_found(c, 8, 9);
	catchup_searched(c, &complete, 0);
	assert_int_equal(catchup_lag(c), 1);
	assert_int_equal(catchup_mark(c), 9);
	/* In vain: it may be gone again, which only a sweep can tell. */
	fetch(c, "8", 0, 0, &complete);
	search(c, "UID 5:*", 8, 9, &complete);
	fetch(c, "8", 8, 8, &complete);
	assert_int_equal(next_job(c, 0).job, CATCHUP_NOTHING);
	assert_int_equal(catchup_lag(c), 0);
	catchup_sweep(c);
	search(c, "UID 5:*", 4, 9, &complete);
	assert_int_equal(catchup_lag(c), 1); /* 7: never seen before */
	catchup_free(c);
}

/* A server that gave out the highest UID, and lists all there can be. */
static void
test_highest_uid(void **state)
{
	struct checkpoint from = { .uid = 0 };
	struct catchup *c = catchup_new(&from);
	unsigned i;

	(void)state;
	search(c, "UID 1:*", UINT32_MAX, UINT32_MAX, &complete);
	fetch(c, "4294967295", UINT32_MAX, UINT32_MAX, &complete);
	catchup_hint(c);
	search(c, "UID 4294967295:*", 1, UINT32_MAX, &complete);
	assert_int_equal(next_job(c, 0).job, CATCHUP_NOTHING);
	assert_int_equal(catchup_lag(c), 0);
	catchup_sweep(c);
	assert_string_equal(next_job(c, 0).text, "UID 4294962296:*");
	for (i = 0; i < 100000; i++)
		catchup_found(c, 1, UINT32_MAX);
	catchup_searched(c, &complete, 0);
	assert_int_equal(catchup_lag(c), LIMIT_SWEEP_UIDS - 1);
	catchup_free(c);
}

static void
test_search_that_is_cut_short(void **state)
{
	struct checkpoint from = { .uid = 4 };
	struct catchup_end limit = {
		.ok = 1, .answered = 1, .limit = 2, .lowest = 8
	};
	struct catchup_end none = { .ok = 1 };
	struct catchup *c = catchup_new(&from);

	(void)state;
	search(c, "UID 5:*", 8, 9, &limit);
	/* Nothing is fetched while lower ones may come. */
	search(c, "UID 5:7", 5, 5, &none);
	assert_int_equal(next_job(c, 0).job, CATCHUP_NOTHING);
	assert_int_equal(catchup_wake(c), 1);
	catchup_hint(c);
	search(c, "UID 5:*", 8, 9, &limit);
	search(c, "UID 5:7", 5, 5, &complete);
	fetch(c, "5,8:9", 5, 5, &limit); /* and no more than two at once */
	fetch(c, "8:9", 8, 9, &complete);
	assert_int_equal(catchup_mark(c), 9);
	catchup_free(c);
}

/* It is listed while one after it awaits its outcome, and is no news any more
 * when it would be asked for. */
static void
test_passed_while_it_waits(void **state)
{
	struct checkpoint from = { .uid = 0 };
	struct catchup *c = catchup_new(&from);

	(void)state;
	search(c, "UID 1:*", 3, 3, &complete);
	fetch(c, "3", 3, 3, &complete);
	catchup_hint(c);
	search(c, "UID 4:*", 9, 9, &complete);
	assert_string_equal(next_job(c, 0).text, "9");
	assert_true(catchup_received(c, 9, 100));
	catchup_fetched(c, &complete, 0);
	catchup_sweep(c);
	assert_string_equal(next_job(c, 0).text, "UID 1:*");
	catchup_found(c, 1, 1);
	catchup_found(c, 5, 5);
	catchup_found(c, 9, 9);
	catchup_searched(c, &complete, 0);
	catchup_done(c, 9);
	assert_int_equal(catchup_mark(c), 9);
	/* Not with 1: "1,5:1" would name four. */
	fetch(c, "1", 1, 1, &complete);
	search(c, "UID 1:*", 5, 5, &complete);
	fetch(c, "5", 5, 5, &complete);
	assert_int_equal(next_job(c, 0).job, CATCHUP_NOTHING);
	catchup_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_since),
		cmocka_unit_test(test_sweep_finds_late_ones),
		cmocka_unit_test(test_highest_uid),
		cmocka_unit_test(test_search_that_is_cut_short),
		cmocka_unit_test(test_passed_while_it_waits),
	};

	return (
	    cmocka_run_group_tests_name("catchup: search", tests, NULL, NULL));
}
