#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "checkpoint_store.h"

struct checkpoint_store *
store_open(enum checkpoint_mode mode)
{
	struct checkpoint_store *store;
	struct fault f = { 0 };

	store = checkpoint_open(STORE_DIR, mode, &f);
	assert_string_equal(f.text, "");
	assert_non_null(store);
	return (store);
}

void
store_refused(enum checkpoint_mode mode, enum fault_kind kind, const char *text)
{
	struct fault f = { 0 };

	assert_null(checkpoint_open(STORE_DIR, mode, &f));
	assert_int_equal(f.kind, kind);
	if (strstr(f.text, text) == NULL)
		fail_msg("%s: has no \"%s\"", f.text, text);
}

void
store_sql(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(STORE_DB, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

void
store_put(struct checkpoint_store *store, const char *account,
    const char *mailbox, uint64_t uidvalidity, uint32_t uid)
{
	struct checkpoint_row row = { .account = account,
		.mailbox = mailbox,
		.has_checkpoint = 1,
		.checkpoint = { .uidvalidity = uidvalidity,
		    .uid = uid,
		    .since_below = 9,
		    .since = "05-Jan-2026",
		    .committed_at = 1700000000 },
		.has_status = 1,
		.status = { .state = "idle",
		    .uidvalidity = uidvalidity,
		    .uid = uid,
		    .lag = 3,
		    .last_success = 1700000001,
		    .last_error_at = 1700000002,
		    .last_error = "no route" } };
	struct fault f = { 0 };

	assert_int_equal(checkpoint_write(store, &row, 1, &f), 0);
}

void
store_expect(struct checkpoint_store *store, const char *account,
    const char *mailbox, uint64_t uidvalidity, uint32_t uid)
{
	struct checkpoint *rows;
	struct fault f = { 0 };
	size_t n;

	rows = checkpoint_load(store, account, mailbox, &n, &f);
	assert_int_equal(f.kind, FAULT_NONE);
	if (uidvalidity == 0) {
		assert_null(rows);
		assert_int_equal(n, 0);
		return;
	}
	assert_non_null(rows);
	assert_int_equal(rows[0].uidvalidity, uidvalidity);
	assert_int_equal(rows[0].uid, uid);
	assert_int_equal(rows[0].since_below, 9);
	assert_string_equal(rows[0].since, "05-Jan-2026");
	assert_int_equal(rows[0].committed_at, 1700000000);
	free(rows);
}
