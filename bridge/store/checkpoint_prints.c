/* The fingerprints of published mails, in the store of their marks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/fault.h"
#include "bridge/limits.h"
#include "bridge/store/checkpoint_private.h"
#include "bridge/watch/fingerprint.h"

#define COLUMNS "seq, uidvalidity, uid, epoch, received, size, message_id, hash"

sqlite3_stmt *
checkpoint_prepare(
    sqlite3 *db, const char *sql, const char *account, const char *mailbox)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return (NULL);
	sqlite3_bind_text(stmt, 1, account, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, mailbox, -1, SQLITE_STATIC);
	return (stmt);
}

int
checkpoint_finish(sqlite3_stmt *stmt)
{
	int rc = stmt != NULL ? sqlite3_step(stmt) : SQLITE_ERROR;

	sqlite3_finalize(stmt);
	return (rc == SQLITE_DONE ? 0 : -1);
}

int
checkpoint_prints_forget(sqlite3 *db, const char *account, const char *mailbox)
{
	return (checkpoint_finish(checkpoint_prepare(db,
	    "DELETE FROM fingerprint WHERE account = ?1 AND mailbox = ?2",
	    account, mailbox)));
}

static int
insert(sqlite3_stmt *stmt, int64_t seq, const struct fingerprint *p)
{
	int rc;

	sqlite3_bind_int64(stmt, 3, seq);
	sqlite3_bind_int64(stmt, 4, (sqlite3_int64)p->uidvalidity);
	sqlite3_bind_int64(stmt, 5, p->uid);
	sqlite3_bind_int64(stmt, 6, (sqlite3_int64)p->epoch);
	if (p->has_received)
		sqlite3_bind_int64(stmt, 7, p->received);
	else
		sqlite3_bind_null(stmt, 7);
	sqlite3_bind_int64(stmt, 8, (sqlite3_int64)p->size);
	sqlite3_bind_int64(stmt, 9, (sqlite3_int64)p->id);
	if (p->has_hash)
		sqlite3_bind_blob(
		    stmt, 10, p->hash, FINGERPRINT_HASH, SQLITE_STATIC);
	else
		sqlite3_bind_null(stmt, 10);
	rc = sqlite3_step(stmt);
	sqlite3_reset(stmt);
	return (rc == SQLITE_DONE ? 0 : -1);
}

static sqlite3_stmt *
prepare_insert(sqlite3 *db, const struct checkpoint_row *row)
{
	return (checkpoint_prepare(db,
	    "INSERT INTO fingerprint (" CHECKPOINT_PRINTS ", sum)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
	    " rowsum(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10))",
	    row->account, row->mailbox));
}

/* As they come, with their numbers. */
static int
replace(sqlite3 *db, const struct checkpoint_row *row)
{
	sqlite3_stmt *stmt;
	size_t i;
	int rc = 0;

	if (checkpoint_prints_forget(db, row->account, row->mailbox) == -1 ||
	    (stmt = prepare_insert(db, row)) == NULL)
		return (-1);
	for (i = 0; i < row->nprints && rc == 0; i++)
		rc = insert(stmt, row->prints[i].seq, &row->prints[i]);
	sqlite3_finalize(stmt);
	return (rc);
}

int
checkpoint_prints_write(sqlite3 *db, const struct checkpoint_row *row)
{
	sqlite3_stmt *stmt;
	int64_t first, last;
	size_t i;
	int rc = 0;

	if (row->replaces)
		return (replace(db, row));
	if (row->nprints == 0)
		return (0);
	stmt = checkpoint_prepare(db,
	    "SELECT coalesce(max(seq), 0) FROM fingerprint"
	    " WHERE account = ?1 AND mailbox = ?2",
	    row->account, row->mailbox);
	if (stmt == NULL || sqlite3_step(stmt) != SQLITE_ROW) {
		sqlite3_finalize(stmt);
		return (-1);
	}
	first = sqlite3_column_int64(stmt, 0) + 1;
	sqlite3_finalize(stmt);
	last = first + (int64_t)row->nprints - 1;
	if ((stmt = prepare_insert(db, row)) == NULL)
		return (-1);
	for (i = 0; i < row->nprints && rc == 0; i++) {
		if (fingerprint_is_kept(first + (int64_t)i, last))
			rc = insert(stmt, first + (int64_t)i, &row->prints[i]);
	}
	sqlite3_finalize(stmt);
	if (rc == -1)
		return (-1);
	stmt = checkpoint_prepare(db,
	    "DELETE FROM fingerprint WHERE account = ?1 AND mailbox = ?2"
	    " AND seq <= ?3 - ?4 AND ?3 - seq >= ?4 * (seq & -seq)",
	    row->account, row->mailbox);
	if (stmt != NULL) {
		sqlite3_bind_int64(stmt, 3, last);
		sqlite3_bind_int64(stmt, 4, LIMIT_FINGERPRINTS);
	}
	return (checkpoint_finish(stmt));
}

static void
read_print(sqlite3_stmt *stmt, struct fingerprint *p)
{
	*p = (struct fingerprint){ .seq = sqlite3_column_int64(stmt, 0),
		.uidvalidity = (uint64_t)sqlite3_column_int64(stmt, 1),
		.uid = (uint32_t)sqlite3_column_int64(stmt, 2),
		.epoch = (uint64_t)sqlite3_column_int64(stmt, 3),
		.has_received = sqlite3_column_type(stmt, 4) != SQLITE_NULL,
		.received = sqlite3_column_int64(stmt, 4),
		.size = (uint64_t)sqlite3_column_int64(stmt, 5),
		.id = (uint64_t)sqlite3_column_int64(stmt, 6),
		.has_hash = sqlite3_column_bytes(stmt, 7) == FINGERPRINT_HASH };
	if (p->has_hash)
		memcpy(p->hash, sqlite3_column_blob(stmt, 7), FINGERPRINT_HASH);
}

#define SELECT                                                    \
	"SELECT " COLUMNS ", sum = rowsum(" CHECKPOINT_PRINTS ")" \
	" FROM fingerprint WHERE account = ?1 AND mailbox = ?2"   \
	" ORDER BY seq"

int
checkpoint_last_print(struct checkpoint_store *store, const char *account,
    const char *mailbox, struct fingerprint *p, struct fault *f)
{
	sqlite3_stmt *stmt;
	int rc = SQLITE_ERROR, found = -1;
	sqlite3 *db;

	if ((db = checkpoint_reader(store, f)) == NULL)
		return (-1);
	if (!checkpoint_is_current(store))
		return (0);
	stmt = checkpoint_prepare(db, SELECT " DESC LIMIT 1", account, mailbox);
	if (stmt != NULL && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		read_print(stmt, p);
		found = sqlite3_column_int(stmt, 8) == 1 ? 1 : -1;
	} else if (rc == SQLITE_DONE)
		found = 0;
	if (found == -1 && rc == SQLITE_ROW)
		checkpoint_schema_damaged(db, f);
	else if (found == -1)
		checkpoint_schema_fault(db, "read", f);
	sqlite3_finalize(stmt);
	return (found);
}

struct fingerprint *
checkpoint_prints(struct checkpoint_store *store, const char *account,
    const char *mailbox, size_t *n, struct fault *f)
{
	struct fingerprint *prints = NULL, *more;
	sqlite3_stmt *stmt = NULL;
	int rc = SQLITE_DONE, sound = 1;
	size_t max = 0;
	sqlite3 *db;

	*n = 0;
	f->kind = FAULT_NONE;
	if ((db = checkpoint_reader(store, f)) == NULL)
		return (NULL);
	if (!checkpoint_is_current(store))
		return (NULL);
	stmt = checkpoint_prepare(db, SELECT, account, mailbox);
	while (stmt != NULL && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (*n == max) {
			max = max * 2 + LIMIT_FINGERPRINTS;
			more = reallocarray(prints, max, sizeof(*more));
			if (more == NULL)
				break;
			prints = more;
		}
		read_print(stmt, &prints[(*n)++]);
		if ((sound = sqlite3_column_int(stmt, 8)) != 1)
			break;
	}
	if (stmt == NULL || rc != SQLITE_DONE) {
		if (!sound)
			checkpoint_schema_damaged(db, f);
		else if (rc == SQLITE_ROW)
			fault_set(f, FAULT_RETRY, "%s", strerror(ENOMEM));
		else
			checkpoint_schema_fault(db, "read", f);
		free(prints);
		prints = NULL;
		*n = 0;
	}
	sqlite3_finalize(stmt);
	return (prints);
}
