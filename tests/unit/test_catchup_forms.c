/* The catch-up with messages that are too large, or do not come: what is asked
 * for then, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/limits.h"
#include "bridge/store/checkpoint.h"
#include "bridge/watch/catchup.h"
#include "tests/unit/catchup_jobs.h"

#define HOUR 3600000

/* UID 5 is listed by every SEARCH and comes by no FETCH: the forms that are
 * asked for, in order.  What each is like says ${trouble}. */
enum trouble { SILENCE, TOO_LARGE, PLACEHOLDERS };

static uint64_t
give_up(enum trouble trouble, enum fetch_form forms[20], size_t *n)
{
	struct checkpoint from = { .uid = 4 };
	struct catchup *c = catchup_new(&from);
	struct catchup_next next;
	uint64_t now = 0;

	catchup_limit(c, 1000);
	for (*n = 0; *n < 20;) {
		next = next_job(c, now);
		if (next.job == CATCHUP_SEARCH) {
			catchup_found(c, 5, 5);
			catchup_searched(c, &complete, now);
		} else if (next.job == CATCHUP_FETCH) {
			assert_string_equal(next.text, "5");
			forms[(*n)++] = next.form;
			if (next.form == FETCH_SIZES)
				catchup_size(
				    c, 5, trouble == TOO_LARGE ? 1001 : 1000);
			else if (trouble == PLACEHOLDERS &&
			    catchup_placeholder(c, 5))
				break;
			catchup_fetched(c, &complete, now);
		} else if (next.job == CATCHUP_STUB) {
			assert_int_equal(next.uid, 5);
			break;
		} else {
			/* Not at once again: the server may need time. */
			assert_int_equal(catchup_mark(c), 4);
			assert_true(catchup_wake(c) > now);
			now = catchup_wake(c);
		}
	}
	catchup_done(c, 5);
	assert_int_equal(catchup_mark(c), 5);
	catchup_free(c);
	return (now);
}

#define ASSERT_FORMS(forms, n, ...)                                    \
	do {                                                           \
		static const enum fetch_form want[] = { __VA_ARGS__ }; \
		assert_int_equal(n, sizeof(want) / sizeof(want[0]));   \
		assert_memory_equal(forms, want, sizeof(want));        \
	} while (0)

static void
test_message_that_never_comes(void **state)
{
	enum fetch_form forms[20];
	uint64_t ms;
	size_t n;

	(void)state;
	ms = give_up(SILENCE, forms, &n);
	ASSERT_FORMS(forms, n, FETCH_SIZES, FETCH_WHOLE, FETCH_WHOLE,
	    FETCH_PLAIN, FETCH_APART, FETCH_WHOLE, FETCH_PLAIN, FETCH_APART,
	    FETCH_WHOLE, FETCH_START, FETCH_HEADER);
	assert_true(ms >= HOUR / 2 && ms < HOUR);
	/* Of one that is too large no more is asked for than its start. */
	ms = give_up(TOO_LARGE, forms, &n);
	ASSERT_FORMS(forms, n, FETCH_SIZES, FETCH_PART, FETCH_PART, FETCH_PART,
	    FETCH_START, FETCH_PART, FETCH_PART, FETCH_START, FETCH_PART,
	    FETCH_START, FETCH_HEADER);
	assert_true(ms >= HOUR / 2 && ms < HOUR);
	/* Of a placeholder there is hope for hours; then it is better than
	 * nothing. */
	ms = give_up(PLACEHOLDERS, forms, &n);
	ASSERT_FORMS(forms, n, FETCH_SIZES, FETCH_WHOLE, FETCH_WHOLE,
	    FETCH_PLAIN, FETCH_APART, FETCH_WHOLE, FETCH_PLAIN, FETCH_APART,
	    FETCH_WHOLE, FETCH_WHOLE, FETCH_WHOLE, FETCH_WHOLE, FETCH_START);
	assert_true(ms >= 3 * HOUR && ms < 4 * HOUR);
}

static void
test_sizes(void **state)
{
	struct checkpoint from = { .uid = 4 };
	struct catchup *c = catchup_new(&from);

	(void)state;
	catchup_limit(c, 1000);
	search(c, "UID 5:*", 5, 9, &complete);
	catchup_size(c, 5, 99999); /* not asked yet, and not there yet */
	assert_string_equal(next_job(c, 0).text, "5:9");
	catchup_size(c, 5, 1000);
	catchup_size(c, 7, 1001);
	catchup_size(c, 99, 5);
	catchup_fetched(c, &complete, 0);
	/* The large one comes alone, the others around it. */
	assert_int_equal(
	    fetch(c, "5:6,8:9", 5, 6, &complete).form, FETCH_WHOLE);
	search(c, "UID 7:*", 7, 9, &complete);
	assert_int_equal(fetch(c, "7", 7, 7, &complete).form, FETCH_PART);
	assert_int_equal(fetch(c, "8", 8, 8, &complete).form, FETCH_WHOLE);
	assert_int_equal(fetch(c, "9", 9, 9, &complete).form, FETCH_WHOLE);
	assert_int_equal(catchup_mark(c), 9);
	/* A FETCH brings no more octets than are good for one. */
	catchup_hint(c);
	search(c, "UID 10:*", 10, 30, &complete);
	catchup_limit(c, UINT64_MAX);
	assert_int_equal(next_job(c, 0).form, FETCH_SIZES);
	catchup_size(c, 10, 3U << 20);
	catchup_size(c, 11, 1U << 20);
	catchup_size(c, 12, 1);
	catchup_fetched(c, &complete, 0);
	fetch(c, "10:11", 10, 11, &complete);
	catchup_free(c);
}

/* A server that does not tell sizes still has its mail fetched. */
static void
test_no_sizes(void **state)
{
	struct checkpoint from = { .uid = 4 };
	struct catchup *c = catchup_new(&from);

	(void)state;
	catchup_limit(c, 1000);
	search(c, "UID 5:*", 5, 9, &complete);
	assert_int_equal(next_job(c, 0).form, FETCH_SIZES);
	catchup_fetched(c, &refused, 0);
	assert_int_equal(next_job(c, 0).form, FETCH_SIZES);
	catchup_disconnected(c, 1, 0); /* it breaks the connection */
	search(c, "UID 5:*", 5, 9, &complete);
	assert_int_equal(fetch(c, "5:9", 5, 9, &complete).form, FETCH_WHOLE);
	assert_int_equal(catchup_mark(c), 9);
	catchup_free(c);
}

static void
test_refusal_is_never_given_up(void **state)
{
	struct checkpoint from = { .uid = 4 };
	struct catchup *c = catchup_new(&from);
	struct catchup_next next;
	uint64_t now = 0;
	unsigned i;

	(void)state;
	for (i = 0; i < 200; i++) {
		next = next_job(c, now);
		if (next.job == CATCHUP_SEARCH) {
			catchup_found(c, 5, 5);
			catchup_searched(c, &complete, 0);
		} else if (next.job == CATCHUP_FETCH) {
			catchup_fetched(c, &refused, now);
		} else {
			assert_int_not_equal(next.job, CATCHUP_STUB);
			now = catchup_wake(c);
		}
	}
	assert_int_equal(catchup_mark(c), 4);
	catchup_free(c);
}

static void
test_too_large(void **state)
{
	struct checkpoint from = { .uid = 4 };
	struct catchup *c = catchup_new(&from);
	struct catchup_next next;

	(void)state;
	search(c, "UID 5:*", 5, 7, &complete);
	assert_int_equal(next_job(c, 0).job, CATCHUP_FETCH);
	assert_true(catchup_received(c, 5, 100));
	catchup_oversized(c, 0); /* the one after it */
	catchup_disconnected(c, 0, 0);
	search(c, "UID 5:*", 5, 7, &complete);
	next = next_job(c, 0);
	assert_int_equal(next.job, CATCHUP_FETCH);
	assert_string_equal(next.text, "6");
	assert_int_equal(next.form, FETCH_PART);
	catchup_oversized(c, 6); /* even so */
	catchup_disconnected(c, 0, 0);
	search(c, "UID 5:*", 5, 7, &complete);
	next = fetch(c, "6", 0, 0, &complete);
	assert_int_equal(next.form, FETCH_HEADER);
	search(c, "UID 5:*", 5, 7, &complete);
	next = next_job(c, 0);
	assert_int_equal(next.job, CATCHUP_STUB);
	assert_int_equal(next.uid, 6);
	catchup_free(c);
}

static void
test_one_that_breaks_the_connection(void **state)
{
	struct checkpoint from = { .uid = 4 };
	struct catchup *c = catchup_new(&from);
	struct catchup_next next;
	uint64_t now = 0;
	unsigned breaks = 0;

	(void)state;
	for (;;) {
		next = next_job(c, now);
		if (next.job == CATCHUP_SEARCH) {
			catchup_found(c, 5, 7);
			catchup_searched(c, &complete, now);
		} else if (next.job == CATCHUP_STUB) {
			break;
		} else if (next.job != CATCHUP_FETCH) {
			now = catchup_wake(c);
		} else if (next.text[0] == '5') {
			breaks++;
			catchup_disconnected(c, 1, now);
		} else {
			catchup_received(c, 6, 100);
			catchup_received(c, 7, 100);
			catchup_done(c, 6);
			catchup_done(c, 7);
			catchup_fetched(c, &complete, now);
		}
	}
	assert_int_equal(next.uid, 5);
	assert_int_equal(breaks, 10);
	assert_true(now >= 30 * 60000);
	assert_int_equal(catchup_mark(c), 4);
	catchup_done(c, 5);
	assert_int_equal(catchup_mark(c), 7);
	catchup_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message_that_never_comes),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_no_sizes),
		cmocka_unit_test(test_refusal_is_never_given_up),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_one_that_breaks_the_connection),
	};

	return (
	    cmocka_run_group_tests_name("catchup forms", tests, NULL, NULL));
}
