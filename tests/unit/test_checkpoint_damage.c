/* A store that is cut short, changed, emptied, replaced or gone: it is refused
 * with the reason, or it holds all that was committed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "checkpoint_store.h"
#include "scratch.h"

/* A store with enough rows for several pages of a tree; closed. */
static void
make_store(void)
{
	struct checkpoint_store *store = store_open(CHECKPOINT_WRITE);
	char mailbox[32];
	uint32_t i;

	for (i = 1; i <= 60; i++) {
		(void)snprintf(mailbox, sizeof(mailbox), "box %u", i);
		store_put(store, "support", mailbox, i, i * 1000);
	}
	checkpoint_close(store);
}

/* Open what is there now: it must be refused as damaged, or hold all rows as
 * they were.  1 if it was refused. */
static int
refused_or_whole(enum checkpoint_mode mode, const char *what, size_t where)
{
	struct checkpoint_store *store;
	struct fault f = { 0 };
	char mailbox[32];
	uint32_t i;

	if ((store = checkpoint_open(STORE_DIR, mode, &f)) == NULL) {
		if (f.kind != FAULT_DATA && f.kind != FAULT_RETRY)
			fail_msg("%s at %zu: %s", what, where, f.text);
		return (1);
	}
	for (i = 1; i <= 60; i++) {
		(void)snprintf(mailbox, sizeof(mailbox), "box %u", i);
		store_expect(store, "support", mailbox, i, i * 1000);
	}
	checkpoint_close(store);
	return (0);
}

static void
put_back(const char *data, size_t len)
{
	unlink(STORE_DB "-wal");
	unlink(STORE_DB "-shm");
	unlink(STORE_DB "-journal");
	scratch_write(STORE_DB, data, len, 0600);
}

static void
test_truncated(void **state)
{
	size_t len, at;
	char *data;

	(void)state;
	make_store();
	data = scratch_read(STORE_DB, &len);
	assert_in_range(len, 12288, 1 << 20);
	for (at = 0; at < len; at += at < 1024 ? 64 : 512) {
		put_back(data, at);
		/* The last page may be that of an empty table. */
		if (!refused_or_whole(CHECKPOINT_WRITE, "truncated", at) &&
		    at <= len - 4096)
			fail_msg("truncated at %zu: taken for whole", at);
	}
	put_back(data, len - 1);
	refused_or_whole(CHECKPOINT_WRITE, "truncated", len - 1);
	put_back(data, len);
	assert_false(refused_or_whole(CHECKPOINT_WRITE, "restored", len));
	free(data);
}

static void
test_zeroed_pages(void **state)
{
	size_t len, at;
	char *data, *copy;

	(void)state;
	make_store();
	data = scratch_read(STORE_DB, &len);
	copy = malloc(len);
	for (at = 0; at < len; at += 512) {
		memcpy(copy, data, len);
		memset(copy + at, 0, 512);
		put_back(copy, len);
		refused_or_whole(CHECKPOINT_WRITE, "zeroed", at);
	}
	free(copy);
	free(data);
}

static void
test_missing(void **state)
{
	(void)state;
	make_store();
	unlink(STORE_DB);
	store_refused(
	    CHECKPOINT_WRITE, FAULT_DATA, "is missing, and there was one");
	store_refused(CHECKPOINT_READ, FAULT_DATA, "reset --all");
	/* The log alone tells too. */
	unlink(STORE_DIR "/initialized");
	scratch_text(STORE_DB "-wal", "x");
	store_refused(CHECKPOINT_WRITE, FAULT_DATA, "is missing");
	unlink(STORE_DB "-wal");
	scratch_text(STORE_DB, "");
	store_refused(CHECKPOINT_WRITE, FAULT_DATA, "is empty");
	scratch_text(STORE_DB,
	    "not a database, and longer than its header is, for "
	    "sure, even if that has a hundred bytes and more");
	store_refused(CHECKPOINT_WRITE, FAULT_DATA, "file is not a database");
}

static void
test_foreign(void **state)
{
	(void)state;
	make_store();
	store_sql("PRAGMA user_version = 3");
	store_refused(CHECKPOINT_WRITE, FAULT_DATA, "newer mailbridge");
	store_sql("PRAGMA user_version = 0");
	store_refused(CHECKPOINT_WRITE, FAULT_DATA, "unknown version 0");
	store_sql(
	    "PRAGMA user_version = 2; UPDATE checkpoint SET uid = uid + 1 "
	    "WHERE mailbox = 'box 9'");
	store_refused(CHECKPOINT_READ, FAULT_DATA, "sum");
	store_sql(
	    "UPDATE checkpoint SET uid = uid - 1 WHERE mailbox = 'box 9'");
	checkpoint_close(store_open(CHECKPOINT_READ));
	store_sql("PRAGMA application_id = 1");
	store_refused(CHECKPOINT_WRITE, FAULT_DATA, "not a checkpoint store");
	store_sql("PRAGMA application_id = 1835168359; DROP TABLE checkpoint");
	store_refused(CHECKPOINT_WRITE, FAULT_DATA, "no such table");
}

static void
test_discard(void **state)
{
	struct checkpoint_store *store;
	struct fault f;

	(void)state;
	make_store();
	scratch_text(STORE_DB, "damaged");
	store_refused(CHECKPOINT_WRITE, FAULT_DATA, "not a database");
	assert_int_equal(checkpoint_discard(STORE_DIR, &f), 0);
	store_refused(CHECKPOINT_READ, FAULT_NONE, "");
	store = store_open(CHECKPOINT_WRITE);
	store_expect(store, "support", "box 1", 0, 0);
	assert_int_equal(checkpoint_discard(STORE_DIR, &f), -1);
	assert_int_equal(f.kind, FAULT_CONFIG);
	checkpoint_close(store);
}

/* A copy of checkpoint.db without its log: older UIDs are fine, a mailbox that
 * is unknown would start at "now". */
static void
test_copy_without_log(void **state)
{
	struct checkpoint_store *store = store_open(CHECKPOINT_WRITE);
	struct checkpoint *rows;
	struct fault f = { 0 };
	size_t len, n;
	char *data;

	(void)state;
	store_put(store, "a", "INBOX", 1, 1);
	store_put(store, "a", "INBOX", 1, 2);
	store_put(store, "a", "INBOX", 2, 1);
	data = scratch_read(STORE_DB, &len);
	checkpoint_close(store);
	put_back(data, len);
	free(data);
	store = store_open(CHECKPOINT_WRITE);
	rows = checkpoint_load(store, "a", "INBOX", &n, &f);
	assert_int_equal(n, 2);
	assert_int_equal(rows[0].uidvalidity, 2);
	free(rows);
	checkpoint_close(store);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_truncated),
		TEST(test_zeroed_pages),
		TEST(test_missing),
		TEST(test_foreign),
		TEST(test_discard),
		TEST(test_copy_without_log),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
