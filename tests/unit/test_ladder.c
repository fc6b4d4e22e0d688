#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bridge/config/config.h"
#include "bridge/watch/chance.h"
#include "bridge/watch/ladder.h"

static const struct config_retry contract = {
	.first_seconds = 0, .then = { 1, 5, 30, 60, 600, 3600 }, .nthen = 6
};

#define MIDDLE 0x80000000U

static void
test_steps(void **state)
{
	static const uint64_t expected[] = { 0, 1000, 5000, 30000, 60000,
		600000, 3600000, 3600000 };
	struct ladder l = { .retry = &contract };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_int_equal(ladder_next(&l, 0, MIDDLE), expected[i]);
	ladder_reset(&l);
	assert_int_equal(ladder_next(&l, 0, MIDDLE), 0);
}

static void
test_jitter(void **state)
{
	struct ladder low = { .retry = &contract, .failures = 4 };
	struct ladder high = { .retry = &contract, .failures = 4 };

	(void)state;
	assert_int_equal(ladder_next(&low, 0, 0), 45000);
	assert_int_equal(ladder_next(&high, 0, UINT32_MAX), 74999);
}

static void
test_refused_credentials_are_not_tried_in_haste(void **state)
{
	static const struct config_retry quick = { .then = { 1, 2 },
		.nthen = 2 };
	struct ladder l = { .retry = &contract };

	(void)state;
	assert_int_equal(ladder_next(&l, 1, MIDDLE), 30000);
	assert_int_equal(ladder_next(&l, 1, MIDDLE), 30000);
	l = (struct ladder){ .retry = &quick };
	assert_int_equal(ladder_next(&l, 1, MIDDLE), 2000);
}

static void
test_gives_up(void **state)
{
	static const struct config_retry twice = {
		.then = { 1 }, .nthen = 1, .attempts = 2
	};
	struct ladder l = { .retry = &twice };

	(void)state;
	assert_int_equal(ladder_next(&l, 0, MIDDLE), 0);
	assert_int_equal(ladder_next(&l, 0, MIDDLE), 1000);
	assert_true(ladder_next(&l, 0, MIDDLE) == LADDER_GIVE_UP);
}

/* All of the range and nothing beside it, also where it is wider than what is
 * drawn. */
static void
test_parts_by_chance(void **state)
{
	uint64_t n = 1ULL << 40, part, most = 0, least = n;
	int i;

	(void)state;
	assert_int_equal(chance_part(0), 0);
	assert_int_equal(chance_part(1), 0);
	for (i = 0; i < 10000; i++) {
		part = chance_part(n);
		most = part > most ? part : most;
		least = part < least ? part : least;
	}
	assert_in_range(most, n - n / 100, n - 1);
	assert_in_range(least, 0, n / 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_jitter),
		cmocka_unit_test(test_parts_by_chance),
		cmocka_unit_test(
		    test_refused_credentials_are_not_tried_in_haste),
		cmocka_unit_test(test_gives_up),
	};

	return (cmocka_run_group_tests_name("ladder", tests, NULL, NULL));
}
