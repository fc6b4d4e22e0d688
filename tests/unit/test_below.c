/* Which UIDs below the mark are no news: what outlives the process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/buf.h"
#include "bridge/fault.h"
#include "bridge/limits.h"
#include "bridge/store/checkpoint.h"
#include "bridge/uidset.h"
#include "bridge/watch/catchup.h"
#include "catchup_jobs.h"
#include "checkpoint_store.h"
#include "scratch.h"

static void
expect_below(
    struct catchup *c, const uint32_t *uids, size_t n, const char *text)
{
	struct buf b;

	buf_init(&b, 1U << 20);
	catchup_below(c, uids, n, &b);
	assert_string_equal(b.len > 0 ? b.data : "", text);
	buf_free(&b);
}

/* A catch-up whose mark is ${uid}, and that was told ${below}. */
static struct catchup *
recalled(uint32_t uid, const char *below)
{
	struct checkpoint from = { .uid = uid };
	struct catchup *c = catchup_new(&from);

	catchup_recall(c, below);
	return (c);
}

static void
test_told_and_recalled(void **state)
{
	static const uint32_t batch[] = { 11, 3 };
	struct catchup *c = recalled(4, "");

	(void)state;
	expect_below(c, NULL, 0, "");
	search(c, "UID 5:*", 5, 6, &complete);
	catchup_hint(c);
	fetch(c, "5:6", 5, 6, &complete);
	expect_below(c, NULL, 0, "");
	search(c, "UID 7:*", 8, 10, &complete);
	catchup_hint(c);
	fetch(c, "8:10", 8, 10, &complete);
	expect_below(c, NULL, 0, "1:6,8:10");
	/* What a sink is about to store: 11 moves the mark. */
	search(c, "UID 11:*", 11, 11, &complete);
	assert_int_equal(next_job(c, 0).job, CATCHUP_FETCH);
	expect_below(c, batch, 2, "1:6,8:11");
	expect_below(c, NULL, 0, "1:6,8:10");
	catchup_free(c);

	c = recalled(10, "1:6,8:10");
	expect_below(c, NULL, 0, "1:6,8:10");
	catchup_sweep(c);
	search(c, "UID 7:*", 7, 12, &complete);
	fetch(c, "7,11:12", 7, 7, &complete);
	expect_below(c, NULL, 0, "");
	catchup_free(c);
}

/* One that is late and not stored yet is late again; once it is, no more. */
static void
test_late_one_in_a_batch(void **state)
{
	struct catchup *c = recalled(10, "1:6,8:10");
	uint32_t late = 7;

	(void)state;
	catchup_sweep(c);
	search(c, "UID 7:*", 7, 10, &complete);
	assert_string_equal(next_job(c, 0).text, "7");
	assert_true(catchup_received(c, 7, 1));
	expect_below(c, NULL, 0, "1:6,8:10");
	expect_below(c, &late, 1, "");
	assert_int_equal(catchup_mark_if(c, &late, 1), 10);
	catchup_done(c, 7);
	expect_below(c, NULL, 0, "");
	catchup_free(c);
}

/* Never a flood of old mail: a text that cannot be believed says nothing. */
static void
test_nonsense(void **state)
{
	static const char *const texts[] = { "x", "1:6,", "1:6,8:11", "6:1",
		"0", "1:6;8:10", "1:99999999999", "-1" };
	struct catchup *c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		c = recalled(10, texts[i]);
		if (strcmp(texts[i], "1:6,") != 0)
			expect_below(c, NULL, 0, "");
		catchup_sweep(c);
		search(c,
		    strcmp(texts[i], "1:6,") == 0 ? "UID 7:*" : "UID 11:*", 0,
		    0, &complete);
		catchup_free(c);
	}
}

/* With a gap after each mail the oldest ones are given up, never the last. */
static void
test_many_gaps(void **state)
{
	struct catchup *c = recalled(0, ""), *again;
	struct uidset set;
	uint32_t uid;
	struct buf b;

	(void)state;
	for (uid = 2; uid <= 4000; uid += 2) {
		catchup_hint(c);
		assert_int_equal(next_job(c, 0).job, CATCHUP_SEARCH);
		catchup_found(c, uid, uid);
		catchup_searched(c, &complete, 0);
		assert_int_equal(next_job(c, 0).job, CATCHUP_FETCH);
		assert_true(catchup_received(c, uid, 1));
		catchup_fetched(c, &complete, 0);
		catchup_done(c, uid);
	}
	buf_init(&b, LIMIT_SWEEP_RANGES * 24);
	catchup_below(c, NULL, 0, &b);
	uidset_init(&set, LIMIT_SWEEP_RANGES);
	assert_int_equal(uidset_read(&set, b.data), 0);
	assert_true(set.n > 200 && set.n <= LIMIT_SWEEP_RANGES / 2);
	assert_int_equal(set.ranges[0].lo, 1);
	assert_int_equal(set.ranges[set.n - 1].hi, 4000);
	assert_false(uidset_has(&set, 3999));
	again = recalled(4000, b.data);
	expect_below(again, NULL, 0, b.data);
	uidset_clear(&set);
	buf_free(&b);
	catchup_free(c);
	catchup_free(again);
}

static void
write_mark(struct checkpoint_store *store, uint32_t uid, const char *below)
{
	struct checkpoint_row row = { .account = "a",
		.mailbox = "INBOX",
		.has_checkpoint = 1,
		.checkpoint = { .uidvalidity = 7, .uid = uid },
		.below = below };
	struct fault f;

	assert_int_equal(checkpoint_write(store, &row, 1, &f), 0);
}

static void
expect_stored(struct checkpoint_store *store, uint64_t validity, uint32_t uid,
    const char *text)
{
	struct checkpoint at = { .uidvalidity = validity, .uid = uid };
	struct fault f = { .text = "" };
	char *below;

	assert_int_equal(
	    checkpoint_below(store, "a", "INBOX", &at, &below, &f), 0);
	assert_string_equal(below != NULL ? below : "", text);
	free(below);
}

static void
test_store(void **state)
{
	struct checkpoint_store *store = store_open(CHECKPOINT_WRITE);
	struct fault f;

	(void)state;
	expect_stored(store, 7, 10, "");
	write_mark(store, 10, "1:6,8:10");
	checkpoint_close(store);
	store = store_open(CHECKPOINT_WRITE);
	expect_stored(store, 7, 10, "1:6,8:10");
	/* It is of that mark and no other. */
	expect_stored(store, 7, 11, "");
	expect_stored(store, 8, 10, "");
	write_mark(store, 12, "1:6,8:12");
	expect_stored(store, 7, 12, "1:6,8:12");
	write_mark(store, 12, NULL);
	expect_stored(store, 7, 12, "");
	write_mark(store, 13, "1:6,8:13");
	assert_int_equal(checkpoint_reset(store, "a", "INBOX", &f), 0);
	expect_stored(store, 7, 13, "");
	checkpoint_close(store);
}

/* SQLite does not see that a number in a text is another. */
static void
test_damaged(void **state)
{
	struct checkpoint_store *store = store_open(CHECKPOINT_WRITE);
	struct fault f;

	(void)state;
	write_mark(store, 10, "1:6,8:10");
	checkpoint_close(store);
	store_sql("UPDATE below SET uids = '1:2,8:10'");
	assert_null(checkpoint_open("state", CHECKPOINT_WRITE, &f));
	assert_int_equal(f.kind, FAULT_DATA);
	assert_non_null(strstr(f.text, "damaged"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_told_and_recalled),
		cmocka_unit_test(test_late_one_in_a_batch),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_many_gaps),
		cmocka_unit_test_setup_teardown(
		    test_store, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(
		    test_damaged, scratch_setup, scratch_teardown),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
