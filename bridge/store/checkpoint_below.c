/* Which UIDs below a mark are no news, in the store of the marks.  A mailbox
 * where that are all has no row. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/fault.h"
#include "bridge/store/checkpoint_private.h"

int
checkpoint_below_forget(sqlite3 *db, const char *account, const char *mailbox)
{
	return (checkpoint_finish(checkpoint_prepare(db,
	    "DELETE FROM below WHERE account = ?1 AND mailbox = ?2", account,
	    mailbox)));
}

int
checkpoint_below_write(sqlite3 *db, const struct checkpoint_row *row)
{
	const struct checkpoint *c = &row->checkpoint;
	sqlite3_stmt *stmt;

	if (!row->has_checkpoint)
		return (0);
	if (row->below == NULL || row->below[0] == '\0')
		return (
		    checkpoint_below_forget(db, row->account, row->mailbox));
	stmt = checkpoint_prepare(db,
	    "INSERT OR REPLACE INTO below (" CHECKPOINT_BELOW ", sum)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, rowsum(?1, ?2, ?3, ?4, ?5))",
	    row->account, row->mailbox);
	if (stmt != NULL) {
		sqlite3_bind_int64(stmt, 3, (sqlite3_int64)c->uidvalidity);
		sqlite3_bind_int64(stmt, 4, c->uid);
		sqlite3_bind_text(stmt, 5, row->below, -1, SQLITE_STATIC);
	}
	return (checkpoint_finish(stmt));
}

int
checkpoint_below(struct checkpoint_store *store, const char *account,
    const char *mailbox, const struct checkpoint *at, char **below,
    struct fault *f)
{
	sqlite3_stmt *stmt;
	const char *text;
	sqlite3 *db;
	int step, rc = -1;

	*below = NULL;
	if ((db = checkpoint_reader(store, f)) == NULL)
		return (-1);
	if (!checkpoint_is_current(store))
		return (0);
	stmt = checkpoint_prepare(db,
	    "SELECT uids, sum = rowsum(" CHECKPOINT_BELOW ") FROM below"
	    " WHERE account = ?1 AND mailbox = ?2"
	    " AND uidvalidity = ?3 AND uid = ?4",
	    account, mailbox);
	if (stmt == NULL)
		return (checkpoint_schema_fault(db, "read", f));
	sqlite3_bind_int64(stmt, 3, (sqlite3_int64)at->uidvalidity);
	sqlite3_bind_int64(stmt, 4, at->uid);
	step = sqlite3_step(stmt);
	text = step == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0)
				  : "";
	if ((step != SQLITE_ROW && step != SQLITE_DONE) || text == NULL)
		checkpoint_schema_fault(db, "read", f);
	else if (step == SQLITE_ROW && sqlite3_column_int(stmt, 1) != 1)
		checkpoint_schema_damaged(db, f);
	else if (step == SQLITE_ROW && (*below = strdup(text)) == NULL)
		fault_set(f, FAULT_RETRY, "%s", strerror(ENOMEM));
	else
		rc = 0;
	sqlite3_finalize(stmt);
	return (rc);
}
