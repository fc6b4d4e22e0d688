/* What few known mails, and an earlier reset that is not through, do not prove.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bridge/limits.h"
#include "bridge/watch/fingerprint.h"
#include "bridge/watch/rematch.h"

#define TWIN 990

/* Mail number ${n}: it came in the n-th minute; the twin came with number 50.
 */
static struct fingerprint
mail(unsigned n, uint32_t uid)
{
	return ((struct fingerprint){ .uidvalidity = 1,
	    .uid = uid,
	    .has_received = 1,
	    .received = (n == TWIN ? 50 : n) * 60,
	    .size = 1000,
	    .id = n });
}

/* Of the mails that are there, by their numbers, in the order of their UIDs,
 * those up to ${known} were published. */
static struct rematch_verdict
decide(const unsigned *there, size_t n, unsigned known, int unsettled)
{
	struct rematch_rules rules = {
		.uidvalidity = 1, .mark = known, .unsettled = unsettled
	};
	struct fingerprint prints[10], look;
	struct rematch_verdict v;
	struct rematch *r;
	struct uidset uids;
	unsigned i;

	for (i = 0; i < known; i++)
		prints[i] = mail(50 + i, i + 1);
	r = rematch_new(prints, known, &rules);
	assert_non_null(r);
	for (i = 0; i < n; i++) {
		look = mail(there[i], i + 1);
		rematch_seen(r, &look);
	}
	uidset_init(&uids, LIMIT_SEARCH_RANGES);
	rematch_doubts(r, &uids);
	uidset_clear(&uids);
	rematch_decide(r, &v);
	rematch_free(r);
	uidset_clear(&v.skip);
	uidset_clear(&v.plain);
	return (v);
}

/* A mail that is as young as they are lies below those that are known: one of
 * them may do so by chance, four may not. */
static void
test_few_known(void **state)
{
	const unsigned there[] = { TWIN, 50, 51, 52, 53 };
	struct rematch_verdict v;

	(void)state;
	v = decide(there, 2, 1, 0);
	assert_int_equal(v.matched, 1);
	assert_int_equal(v.passed, 0);
	assert_int_equal(v.uncertain, 1);
	v = decide(there, 5, 4, 0);
	assert_int_equal(v.matched, 4);
	assert_int_equal(v.passed, 1);
}

/* In the disorder that a reset left, the older ones may still be to come. */
static void
test_unsettled(void **state)
{
	const unsigned there[] = { 53, 7, 50, 8, 52, 51 };
	struct rematch_verdict v;

	(void)state;
	v = decide(there, 6, 4, 0);
	assert_int_equal(v.matched, 4);
	assert_int_equal(v.passed, 2);
	v = decide(there, 6, 4, 1);
	assert_int_equal(v.matched, 4);
	assert_int_equal(v.passed, 0);
	assert_int_equal(v.uncertain, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few_known),
		cmocka_unit_test(test_unsettled),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
