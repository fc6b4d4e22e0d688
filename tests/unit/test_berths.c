#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bridge/watch/berths.h"

#define HOUR_MS 3600000

static void
test_own(void **state)
{
	struct berths b;

	(void)state;
	berths_init(&b);
	assert_int_equal(berths_own(&b, 0, 7, 0), 7);
	assert_int_equal(berths_own(&b, 7, 7, 0), 7);
	/* One is shared: by the patterns in any case. */
	assert_int_equal(berths_own(&b, 7, 7, 1), 6);
	assert_int_equal(berths_own(&b, 3, 7, 0), 2);
	b.allowed = 2;
	assert_int_equal(berths_own(&b, 3, 7, 0), 1);
	assert_int_equal(berths_own(&b, 0, 7, 0), 1);
}

/* Each hour one more, until all have theirs. */
static void
test_given_back(void **state)
{
	struct berths b;
	uint64_t now = 5;
	size_t n;

	(void)state;
	berths_init(&b);
	assert_true(berths_at(&b) == UINT64_MAX);
	berths_refused(&b, now);
	berths_refused(&b, now + 1000);
	assert_int_equal(berths_at(&b), 2005);
	assert_int_equal(berths_look(&b, 1, 0, 4, 0, 2004), BERTHS_SAME);
	assert_int_equal(berths_look(&b, 1, 0, 4, 0, 2005), BERTHS_FEWER);
	assert_int_equal(berths_own(&b, 0, 4, 0), 0);
	for (n = 1; n < 4; n++) {
		now = berths_at(&b);
		assert_int_equal(now, 2005 + n * HOUR_MS);
		assert_int_equal(berths_look(&b, n, 0, 4, 0, now), BERTHS_MORE);
		assert_int_equal(berths_own(&b, 0, 4, 0), n + 1 < 4 ? n : 4);
	}
	assert_int_equal(
	    berths_look(&b, 4, 0, 4, 0, berths_at(&b)), BERTHS_MORE);
	assert_int_equal(b.allowed, 0);
	assert_true(berths_at(&b) == UINT64_MAX);
}

/* The shared one is refused too: what was believed ends as it would have. */
static void
test_shared_is_refused(void **state)
{
	struct berths b;

	(void)state;
	berths_init(&b);
	berths_refused(&b, 0);
	assert_int_equal(berths_look(&b, 1, 0, 4, 0, 2000), BERTHS_FEWER);
	berths_refused(&b, 10000);
	assert_int_equal(berths_look(&b, 0, 0, 4, 0, 12000), BERTHS_SAME);
	assert_int_equal(berths_at(&b), 2000 + HOUR_MS);
	/* Others have them all: nothing is known. */
	berths_init(&b);
	berths_refused(&b, 0);
	assert_int_equal(berths_look(&b, 0, 0, 4, 0, 2000), BERTHS_SAME);
	assert_int_equal(berths_own(&b, 0, 4, 0), 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_given_back),
		cmocka_unit_test(test_shared_is_refused),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
