/* The octets in flight: who waits, and who is next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bridge/publish/budget.h"

static unsigned granted;

static void
on_granted(void *arg)
{
	granted |= 1U << *(unsigned *)arg;
}

static void
test_budget(void **state)
{
	static unsigned numbers[] = { 0, 1, 2 };
	struct budget_waiter w[3];
	struct budget b;
	unsigned i;

	(void)state;
	granted = 0;
	budget_init(&b, 100);
	for (i = 0; i < 3; i++)
		w[i] = (struct budget_waiter){ .granted = on_granted,
			.arg = &numbers[i] };
	assert_true(budget_take(&b, 60, &w[0]));
	assert_false(budget_take(&b, 500, &w[1])); /* more than all */
	assert_false(budget_take(&b, 1, &w[2]));   /* nobody passes */
	assert_true(budget_full(&b));
	budget_give(&b, 60);
	assert_int_equal(granted, 2); /* alone, it is let through */
	budget_give(&b, 500);
	assert_int_equal(granted, 6);
	budget_cancel(&b, &w[2]); /* not in line any more: harmless */
	assert_int_equal(b.used, 1);
	assert_false(budget_take(&b, 100, &w[0]));
	assert_false(budget_take(&b, 99, &w[1]));
	budget_cancel(&b, &w[0]);
	assert_int_equal(granted, 6); /* 1 was granted before, and again */
	assert_int_equal(b.used, 100);
	budget_give(&b, 100);
	assert_int_equal(b.used, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_budget),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
