#include <stddef.h>

#include "bridge/fault.h"
#include "bridge/store/checkpoint_private.h"

static int
execute(sqlite3 *db, const char *sql)
{
	return (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : -1);
}

static void
bind_checkpoint(
    sqlite3_stmt *stmt, const struct checkpoint_row *row, int64_t written)
{
	const struct checkpoint *c = &row->checkpoint;

	sqlite3_bind_text(stmt, 1, row->account, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, row->mailbox, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 3, (sqlite3_int64)c->uidvalidity);
	sqlite3_bind_int64(stmt, 4, c->uid);
	sqlite3_bind_int64(stmt, 5, c->since_below);
	sqlite3_bind_text(stmt, 6, c->since, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 7, c->committed_at);
	sqlite3_bind_int64(stmt, 8, written);
	sqlite3_bind_int64(stmt, 9,
	    checkpoint_schema_sum(row->account, row->mailbox, c, written));
}

static void
bind_status(sqlite3_stmt *stmt, const struct checkpoint_row *row)
{
	const struct checkpoint_status *s = &row->status;

	sqlite3_bind_text(stmt, 1, row->account, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, row->mailbox, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 3, s->state, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 4, (sqlite3_int64)s->uidvalidity);
	sqlite3_bind_int64(stmt, 5, s->uid);
	sqlite3_bind_int64(stmt, 6, (sqlite3_int64)s->lag);
	sqlite3_bind_int64(stmt, 7, s->last_success);
	sqlite3_bind_int64(stmt, 8, s->last_error_at);
	sqlite3_bind_text(stmt, 9, s->last_error, -1, SQLITE_STATIC);
}

/* Run ${stmt} to its end and make it ready for other values. */
static int
run(sqlite3_stmt *stmt)
{
	int rc;

	rc = sqlite3_step(stmt);
	sqlite3_reset(stmt);
	return (rc == SQLITE_DONE ? 0 : -1);
}

struct statements {
	sqlite3_stmt *update;
	sqlite3_stmt *insert;
	sqlite3_stmt *status;
};

static int
prepare_all(sqlite3 *db, struct statements *st)
{
	static const char update[] =
	    "UPDATE checkpoint SET uid = ?4, since_below = ?5, since = ?6,"
	    " committed_at = ?7, written = ?8, sum = ?9"
	    " WHERE account = ?1 AND mailbox = ?2 AND uidvalidity = ?3";
	static const char insert[] =
	    "INSERT INTO checkpoint (" CHECKPOINT_SCHEMA_COLUMNS ")"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
	static const char status[] =
	    "INSERT OR REPLACE INTO status (" CHECKPOINT_STATUS ", sum)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
	    " rowsum(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9))";

	if (sqlite3_prepare_v2(db, update, -1, &st->update, NULL) ||
	    sqlite3_prepare_v2(db, insert, -1, &st->insert, NULL) ||
	    sqlite3_prepare_v2(db, status, -1, &st->status, NULL))
		return (-1);
	return (0);
}

static int
write_rows(struct checkpoint_store *store, struct statements *st,
    const struct checkpoint_row *rows, size_t n)
{
	int64_t written = store->written;
	size_t i;

	for (i = 0; i < n; i++) {
		written++;
		if (rows[i].has_checkpoint) {
			bind_checkpoint(st->update, &rows[i], written);
			if (run(st->update) == -1)
				return (-1);
		}
		if (rows[i].has_checkpoint && sqlite3_changes(store->db) == 0) {
			bind_checkpoint(st->insert, &rows[i], written);
			if (run(st->insert) == -1)
				return (-1);
			store->unsafe = 1;
		}
		if (rows[i].epoch != 0 &&
		    checkpoint_epoch_raise(store->db, rows[i].account,
			rows[i].mailbox, rows[i].epoch) == -1)
			return (-1);
		if (checkpoint_prints_write(store->db, &rows[i]) == -1 ||
		    checkpoint_below_write(store->db, &rows[i]) == -1 ||
		    checkpoint_resets_write(store->db, &rows[i]) == -1)
			return (-1);
		if (rows[i].has_status) {
			bind_status(st->status, &rows[i]);
			if (run(st->status) == -1)
				return (-1);
		}
	}
	return (0);
}

/* Move the write-ahead log into the main file when that lacks the first row of
 * a mailbox.  If the log is then lost (a backup of checkpoint.db alone), the
 * mailbox is at an older UID and mail comes twice, but it never is a new one
 * that starts at "now".  A failure is tried again with the next write. */
static void
settle(struct checkpoint_store *store)
{
	int in_log = 0, moved = 0;

	if (!store->unsafe)
		return;
	if (sqlite3_wal_checkpoint_v2(store->db, "main",
		SQLITE_CHECKPOINT_PASSIVE, &in_log, &moved) == SQLITE_OK &&
	    in_log == moved)
		store->unsafe = 0;
}

int
checkpoint_write(struct checkpoint_store *store,
    const struct checkpoint_row *rows, size_t n, struct fault *f)
{
	struct statements st = { 0 };
	int rc;

	rc = execute(store->db, "BEGIN IMMEDIATE");
	if (rc == 0)
		rc = prepare_all(store->db, &st);
	if (rc == 0)
		rc = write_rows(store, &st, rows, n);
	/* No statement may be open when the transaction ends. */
	if (rc == -1)
		checkpoint_schema_fault(store->db, "write", f);
	sqlite3_finalize(st.update);
	sqlite3_finalize(st.insert);
	sqlite3_finalize(st.status);
	if (rc == 0 && (rc = execute(store->db, "COMMIT")) == -1)
		checkpoint_schema_fault(store->db, "commit", f);
	if (rc == -1) {
		if (!sqlite3_get_autocommit(store->db))
			execute(store->db, "ROLLBACK");
		return (-1);
	}
	store->written += (int64_t)n;
	settle(store);
	return (0);
}

static int
delete_from(struct checkpoint_store *store, const char *sql,
    const char *account, const char *mailbox)
{
	sqlite3_stmt *stmt;
	int rc;

	if (sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return (-1);
	sqlite3_bind_text(stmt, 1, account, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, mailbox, -1, SQLITE_STATIC);
	rc = run(stmt);
	sqlite3_finalize(stmt);
	return (rc);
}

int
checkpoint_reset(struct checkpoint_store *store, const char *account,
    const char *mailbox, struct fault *f)
{
	if (execute(store->db, "BEGIN IMMEDIATE") == 0 &&
	    delete_from(store,
		"DELETE FROM checkpoint WHERE account = ?1 AND mailbox = ?2",
		account, mailbox) == 0 &&
	    delete_from(store,
		"DELETE FROM status WHERE account = ?1 AND mailbox = ?2",
		account, mailbox) == 0 &&
	    checkpoint_prints_forget(store->db, account, mailbox) == 0 &&
	    checkpoint_below_forget(store->db, account, mailbox) == 0 &&
	    checkpoint_resets_forget(store, account, mailbox) == 0 &&
	    checkpoint_epoch_raise(store->db, account, mailbox, 0) == 0 &&
	    execute(store->db, "COMMIT") == 0)
		return (0);
	checkpoint_schema_fault(store->db, "reset", f);
	if (!sqlite3_get_autocommit(store->db))
		execute(store->db, "ROLLBACK");
	return (-1);
}
