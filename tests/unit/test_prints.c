/* What the store remembers of published mails, and of resets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/fault.h"
#include "bridge/limits.h"
#include "bridge/reset.h"
#include "bridge/store/checkpoint.h"
#include "bridge/watch/fingerprint.h"
#include "checkpoint_store.h"
#include "scratch.h"

#define MANY 5000

static void
write_prints(struct checkpoint_store *store, uint32_t from, uint32_t to)
{
	static struct fingerprint prints[MANY];
	struct checkpoint_row row = { .account = "a",
		.mailbox = "INBOX",
		.has_checkpoint = 1,
		.checkpoint = { .uidvalidity = 7, .uid = to },
		.prints = prints,
		.nprints = to - from + 1 };
	struct fault f;
	uint32_t uid;

	for (uid = from; uid <= to; uid++)
		prints[uid - from] = (struct fingerprint){ .uidvalidity = 7,
			.uid = uid,
			.epoch = 2,
			.has_received = uid % 2,
			.received = -5,
			.size = UINT64_MAX,
			.id = UINT64_MAX - uid,
			.has_hash = uid % 3 == 0,
			.hash = { (unsigned char)uid } };
	assert_int_equal(checkpoint_write(store, &row, 1, &f), 0);
}

/* The last ones, and ever fewer of those before, however they came. */
static void
check(struct checkpoint_store *store, uint32_t last)
{
	struct fingerprint *prints, print;
	struct fault f = { .text = "" };
	uint32_t uid, bit;
	size_t n, i = 0;

	prints = checkpoint_prints(store, "a", "INBOX", &n, &f);
	assert_string_equal(f.text, "");
	for (uid = 1; uid <= last; uid++) {
		bit = uid & -uid;
		if (last - uid >= LIMIT_FINGERPRINTS * bit)
			continue;
		assert_true(i < n);
		assert_int_equal(prints[i].uid, uid);
		assert_int_equal(prints[i].seq, uid);
		assert_true(prints[i].uidvalidity == 7 &&
		    prints[i].epoch == 2 && prints[i].size == UINT64_MAX &&
		    prints[i].id == UINT64_MAX - uid);
		assert_int_equal(prints[i].has_received, uid % 2);
		assert_int_equal(prints[i].received, uid % 2 ? -5 : 0);
		assert_int_equal(prints[i].has_hash, uid % 3 == 0);
		assert_int_equal(
		    prints[i].hash[0], uid % 3 ? 0 : (unsigned char)uid);
		i++;
	}
	assert_int_equal(i, n);
	assert_int_equal(
	    checkpoint_last_print(store, "a", "INBOX", &print, &f), 1);
	assert_int_equal(print.seq, last);
	assert_int_equal(print.uid, prints[n - 1].uid);
	free(prints);
}

static void
test_thinned(void **state)
{
	struct checkpoint_store *store = store_open(CHECKPOINT_WRITE);
	struct checkpoint_row row = { .account = "a", .mailbox = "INBOX" };
	struct fingerprint *prints;
	struct fault f;
	size_t n;
	uint32_t at, to;

	(void)state;
	assert_null(checkpoint_prints(store, "a", "INBOX", &n, &f));
	assert_int_equal(f.kind, FAULT_NONE);
	for (at = 1; at < MANY; at = to + 1) {
		to = at + at * 7919 % (at % 5 == 0 ? 700 : 3);
		if (to > MANY)
			to = MANY;
		write_prints(store, at, to);
		check(store, to);
	}
	/* Out and in again, as they were. */
	prints = checkpoint_prints(store, "a", "INBOX", &n, &f);
	assert_true(n < 200);
	row.prints = prints;
	row.nprints = n;
	row.replaces = 1;
	assert_int_equal(checkpoint_write(store, &row, 1, &f), 0);
	free(prints);
	check(store, MANY);
	checkpoint_close(store);
	/* A reader sees what is there, and a reset forgets it. */
	store = checkpoint_open("state", CHECKPOINT_READ, &f);
	check(store, MANY);
	checkpoint_close(store);
	store = store_open(CHECKPOINT_WRITE);
	assert_int_equal(checkpoint_reset(store, "a", "INBOX", &f), 0);
	assert_null(checkpoint_prints(store, "a", "INBOX", &n, &f));
	assert_int_equal(f.kind, FAULT_NONE);
	checkpoint_close(store);
}

static void
test_resets(void **state)
{
	struct checkpoint_store *store = store_open(CHECKPOINT_WRITE);
	struct reset r = { .epoch = 3,
		.at = 99,
		.cause = RESET_UIDNEXT,
		.policy = "match",
		.old_uidvalidity = 7,
		.uidvalidity = 7,
		.old_uid = 500,
		.uid = 99,
		.uidnext = 101,
		.exists = 100,
		.matched = 60,
		.passed = 39,
		.published = 1,
		.ceiling = 499,
		.horizon = 100,
		.skip = (char[]){ "1:99" },
		.plain = (char[]){ "100" } };
	struct checkpoint_row row = {
		.account = "a", .mailbox = "INBOX", .reset = &r
	};
	struct reset q = { .epoch = 0 };
	struct fault f;

	(void)state;
	assert_int_equal(
	    checkpoint_last_reset(store, "a", "INBOX", 0, &q, &f), 0);
	assert_int_equal(checkpoint_write(store, &row, 1, &f), 0);
	assert_int_equal(
	    checkpoint_last_reset(store, "a", "INBOX", 8, &q, &f), 0);
	assert_int_equal(
	    checkpoint_last_reset(store, "a", "INBOX", 7, &q, &f), 1);
	assert_string_equal(q.skip, "1:99");
	assert_string_equal(q.plain, "100");
	r.skip = q.skip;
	r.plain = q.plain;
	assert_memory_equal(&q, &r, sizeof(q));
	reset_clear(&q);
	/* How ids are made outlives the marks. */
	assert_int_equal(checkpoint_reset(store, "a", "INBOX", &f), 0);
	assert_int_equal(
	    checkpoint_last_reset(store, "a", "INBOX", 0, &q, &f), 1);
	assert_true(q.told && q.horizon == 0 && q.ceiling == 499);
	assert_string_equal(q.skip, "");
	reset_clear(&q);
	checkpoint_close(store);
	/* A number that changed by itself would lose mail. */
	store_sql("UPDATE reset SET horizon = 400");
	assert_null(checkpoint_open("state", CHECKPOINT_WRITE, &f));
	assert_int_equal(f.kind, FAULT_DATA);
}

/* 500 down to 100, then 150 down to 120. */
static void
test_spans(void **state)
{
	struct checkpoint_store *store = store_open(CHECKPOINT_WRITE);
	struct reset resets[] = { { .epoch = 1, .uid = 99, .ceiling = 499 },
		{ .epoch = 4, .uid = 119, .ceiling = 499 },
		{ .epoch = 5, .uidvalidity = 8 } };
	struct checkpoint_row row = { .account = "a", .mailbox = "INBOX" };
	struct reset_span *spans;
	struct fault f;
	size_t i, n;

	(void)state;
	for (i = 0; i < 3; i++) {
		if (i < 2)
			resets[i].uidvalidity = 7;
		memcpy(resets[i].policy, "match", 6);
		resets[i].skip = resets[i].plain = (char[]){ "" };
		row.reset = &resets[i];
		assert_int_equal(checkpoint_write(store, &row, 1, &f), 0);
	}
	spans = checkpoint_spans(store, "a", "INBOX", 7, &n, &f);
	assert_int_equal(n, 2);
	assert_int_equal(reset_epoch(spans, n, 99), 0);
	assert_int_equal(reset_epoch(spans, n, 100), 1);
	assert_int_equal(reset_epoch(spans, n, 119), 1);
	assert_int_equal(reset_epoch(spans, n, 120), 4);
	assert_int_equal(reset_epoch(spans, n, 499), 4);
	assert_int_equal(reset_epoch(spans, n, 500), 0);
	free(spans);
	assert_null(checkpoint_spans(store, "a", "INBOX", 8, &n, &f));
	assert_int_equal(f.kind, FAULT_NONE);
	checkpoint_close(store);
}

/* Stores that were made by older versions: from before fingerprints, and from
 * before their sums. */
static void
test_old_store(void **state)
{
	struct checkpoint_store *store = store_open(CHECKPOINT_WRITE);
	struct reset q = { .policy = "all", .epoch = 5, .uidvalidity = 7 };
	struct checkpoint_row row = {
		.account = "a", .mailbox = "INBOX", .epoch = 5, .reset = &q
	};
	struct fault f;
	uint64_t epoch;
	size_t n;

	(void)state;
	write_prints(store, 1, 3);
	q.skip = q.plain = (char[]){ "1:3" };
	assert_int_equal(checkpoint_write(store, &row, 1, &f), 0);
	checkpoint_close(store);
	store_sql("ALTER TABLE epoch DROP COLUMN sum;"
		  "ALTER TABLE status DROP COLUMN sum;"
		  "ALTER TABLE fingerprint DROP COLUMN sum;"
		  "PRAGMA user_version = 1");
	store = checkpoint_open("state", CHECKPOINT_READ, &f);
	assert_null(checkpoint_prints(store, "a", "INBOX", &n, &f));
	assert_int_equal(f.kind, FAULT_NONE);
	assert_int_equal(
	    checkpoint_last_reset(store, "a", "INBOX", 0, &q, &f), 0);
	checkpoint_close(store);
	store = store_open(CHECKPOINT_WRITE);
	check(store, 3);
	assert_int_equal(checkpoint_epoch(store, "a", "INBOX", &epoch, &f), 0);
	assert_int_equal(epoch, 5);
	assert_int_equal(
	    checkpoint_last_reset(store, "a", "INBOX", 0, &q, &f), 1);
	assert_string_equal(q.plain, "1:3");
	reset_clear(&q);
	checkpoint_close(store);
	store_sql(
	    "DROP TABLE fingerprint; DROP TABLE reset; DROP TABLE epoch;"
	    "ALTER TABLE status DROP COLUMN sum; PRAGMA user_version = 1");
	store = store_open(CHECKPOINT_WRITE);
	assert_null(checkpoint_prints(store, "a", "INBOX", &n, &f));
	assert_int_equal(f.kind, FAULT_NONE);
	write_prints(store, 1, 3);
	check(store, 3);
	checkpoint_close(store);
	checkpoint_close(store_open(CHECKPOINT_WRITE));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_thinned, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(
		    test_resets, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(
		    test_spans, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(
		    test_old_store, scratch_setup, scratch_teardown),
	};

	return (cmocka_run_group_tests_name("prints", tests, NULL, NULL));
}
