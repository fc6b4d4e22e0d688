/* The catch-up of a replay: a range, a date, and an end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bridge/store/checkpoint.h"
#include "bridge/uidset.h"
#include "bridge/watch/catchup.h"
#include "tests/unit/catchup_jobs.h"

static struct catchup *
range(uint32_t lo, uint32_t last, const char *since)
{
	struct checkpoint from = { .uid = lo - 1 };
	struct catchup *c;
	size_t i;

	for (i = 0; since[i] != '\0'; i++)
		from.since[i] = since[i];
	from.since_below = since[0] != '\0' ? UINT32_MAX : 0;
	c = catchup_new(&from);
	assert_non_null(c);
	catchup_until(c, last);
	return (c);
}

static void
expect(struct catchup *c, enum catchup_job job, const char *text)
{
	struct catchup_next next;

	catchup_next(c, 1, 1, 0, 0, &next);
	assert_int_equal(next.job, job);
	if (text != NULL)
		assert_string_equal(next.text, text);
}

static void
test_asks_for_no_more_than_the_range(void **state)
{
	struct catchup *c = range(5, 9, "");

	(void)state;
	expect(c, CATCHUP_SEARCH, "UID 5:9");
	/* Whatever the server lists besides. */
	catchup_found(c, 3, 7);
	catchup_found(c, 9, 12);
	catchup_searched(c, &complete, 0);
	expect(c, CATCHUP_FETCH, "5:7,9");
	catchup_free(c);
}

static void
test_ends_at_its_end(void **state)
{
	struct catchup *c = range(5, 9, "");

	(void)state;
	expect(c, CATCHUP_SEARCH, NULL);
	catchup_found(c, 9, 9);
	catchup_searched(c, &complete, 0);
	expect(c, CATCHUP_FETCH, "9");
	assert_int_equal(catchup_received(c, 9, 100), 1);
	catchup_fetched(c, &complete, 0);
	catchup_done(c, 9);
	/* New mail is none of its business: "10:9" would mean 9 and 10. */
	catchup_hint(c);
	expect(c, CATCHUP_NOTHING, NULL);
	assert_int_equal(catchup_complete(c), 1);
	catchup_free(c);
}

/* No answer to a SEARCH is no reason to ask again where all is done. */
static void
test_ends_while_it_searches(void **state)
{
	static const struct catchup_end nothing = { .ok = 1 };
	struct catchup *c = range(5, 9, "");

	(void)state;
	search(c, "UID 5:9", 9, 9, &complete);
	expect(c, CATCHUP_FETCH, "9");
	assert_true(catchup_received(c, 9, 100));
	catchup_fetched(c, &complete, 0);
	catchup_hint(c);
	expect(c, CATCHUP_SEARCH, "UID 5:9");
	catchup_done(c, 9);
	catchup_searched(c, &nothing, 0);
	expect(c, CATCHUP_NOTHING, NULL);
	assert_true(catchup_wake(c) == UINT64_MAX);
	catchup_free(c);
}

/* One that shows up late is in the range, too. */
static void
test_ends_with_the_late_ones(void **state)
{
	struct catchup *c = range(5, 9, "");

	(void)state;
	search(c, "UID 5:9", 7, 7, &complete);
	fetch(c, "7", 7, 7, &complete);
	catchup_sweep(c);
	expect(c, CATCHUP_SEARCH, "UID 5:9");
	catchup_found(c, 5, 5);
	catchup_found(c, 7, 7);
	catchup_found(c, 9, 9);
	catchup_searched(c, &complete, 0);
	fetch(c, "5,9", 9, 9, &complete);
	assert_int_equal(catchup_mark(c), 9);
	assert_int_equal(catchup_lag(c), 1);
	search(c, "UID 5:9", 5, 5, &complete);
	fetch(c, "5", 5, 5, &complete);
	expect(c, CATCHUP_NOTHING, NULL);
	assert_int_equal(catchup_lag(c), 0);
	catchup_free(c);
}

static void
test_nothing_to_begin_with(void **state)
{
	struct catchup *c = range(10, 9, "");

	(void)state;
	expect(c, CATCHUP_NOTHING, NULL);
	catchup_free(c);
}

static void
test_by_date(void **state)
{
	struct catchup *c = range(1, 9, "05-Jan-2026");

	(void)state;
	expect(c, CATCHUP_SEARCH, "UID 1:9 SINCE 05-Jan-2026");
	catchup_free(c);
	/* The last UID is not known: still nothing that is older. */
	c = range(1, UINT32_MAX, "05-Jan-2026");
	expect(c, CATCHUP_SEARCH, "UID 1:* SINCE 05-Jan-2026");
	catchup_free(c);
}

/* What has its outcome already is not asked for; the mark passes it in turn. */
static void
test_skips(void **state)
{
	struct catchup *c = range(1, UINT32_MAX, "");
	struct uidset skip;

	(void)state;
	uidset_init(&skip, 8);
	(void)uidset_add(&skip, 1, 3);
	(void)uidset_add(&skip, 6, 9);
	catchup_skip(c, &skip);
	expect(c, CATCHUP_SEARCH, "UID 1:*");
	catchup_found(c, 1, 7);
	catchup_found(c, 10, 10);
	catchup_searched(c, &complete, 0);
	expect(c, CATCHUP_FETCH, "4:5,10");
	assert_int_equal(catchup_mark(c), 3);
	assert_true(catchup_received(c, 4, 1) && catchup_received(c, 5, 1) &&
	    catchup_received(c, 10, 1));
	catchup_fetched(c, &complete, 0);
	catchup_done(c, 10);
	catchup_done(c, 5);
	assert_int_equal(catchup_mark(c), 3);
	catchup_done(c, 4);
	assert_int_equal(catchup_mark(c), 10);
	expect(c, CATCHUP_NOTHING, NULL);
	/* Nor does a sweep take them for late ones. */
	catchup_skip(c, NULL);
	catchup_sweep(c);
	expect(c, CATCHUP_SEARCH, "UID 1:*");
	catchup_found(c, 1, 10);
	catchup_searched(c, &complete, 0);
	expect(c, CATCHUP_FETCH, "8:9");
	catchup_free(c);
	uidset_clear(&skip);
}

static void
test_skips_all(void **state)
{
	struct catchup *c = range(1, UINT32_MAX, "");
	struct uidset skip;

	(void)state;
	uidset_init(&skip, 8);
	(void)uidset_add(&skip, 1, 4000000000U);
	catchup_skip(c, &skip);
	expect(c, CATCHUP_SEARCH, "UID 1:*");
	catchup_found(c, 5, 3000000000U);
	catchup_searched(c, &complete, 0);
	expect(c, CATCHUP_NOTHING, NULL);
	assert_int_equal(catchup_mark(c), 3000000000U);
	catchup_free(c);
	uidset_clear(&skip);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asks_for_no_more_than_the_range),
		cmocka_unit_test(test_ends_at_its_end),
		cmocka_unit_test(test_ends_while_it_searches),
		cmocka_unit_test(test_ends_with_the_late_ones),
		cmocka_unit_test(test_nothing_to_begin_with),
		cmocka_unit_test(test_by_date),
		cmocka_unit_test(test_skips),
		cmocka_unit_test(test_skips_all),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
