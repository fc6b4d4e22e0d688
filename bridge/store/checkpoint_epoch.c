#include <stddef.h>

#include "bridge/fault.h"
#include "bridge/store/checkpoint_private.h"

int
checkpoint_epoch_raise(
    sqlite3 *db, const char *account, const char *mailbox, uint64_t epoch)
{
	sqlite3_stmt *stmt = NULL;
	int rc = -1;

	if (sqlite3_prepare_v2(db,
		"WITH raised AS (SELECT CASE ?3 WHEN 0 THEN"
		" coalesce(max(epoch), 0) + 1"
		" ELSE max(coalesce(max(epoch), 0), ?3) END AS epoch"
		" FROM epoch WHERE account = ?1 AND mailbox = ?2)"
		" INSERT OR REPLACE INTO epoch"
		" SELECT ?1, ?2, epoch, rowsum(?1, ?2, epoch) FROM raised",
		-1, &stmt, NULL) == SQLITE_OK) {
		sqlite3_bind_text(stmt, 1, account, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 2, mailbox, -1, SQLITE_STATIC);
		sqlite3_bind_int64(stmt, 3, (sqlite3_int64)epoch);
		rc = sqlite3_step(stmt) == SQLITE_DONE ? 0 : -1;
	}
	sqlite3_finalize(stmt);
	return (rc);
}

int
checkpoint_epoch(struct checkpoint_store *store, const char *account,
    const char *mailbox, uint64_t *epoch, struct fault *f)
{
	sqlite3_stmt *stmt = NULL;
	int step = SQLITE_ERROR;

	*epoch = 0;
	if (!checkpoint_is_current(store))
		return (0);
	if (sqlite3_prepare_v2(store->db,
		"SELECT epoch, sum = rowsum(" CHECKPOINT_EPOCH ") FROM epoch"
		" WHERE account = ?1 AND mailbox = ?2",
		-1, &stmt, NULL) == SQLITE_OK) {
		sqlite3_bind_text(stmt, 1, account, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 2, mailbox, -1, SQLITE_STATIC);
		step = sqlite3_step(stmt);
		if (step == SQLITE_ROW)
			*epoch = (uint64_t)sqlite3_column_int64(stmt, 0);
	}
	if (step == SQLITE_ROW && sqlite3_column_int(stmt, 1) != 1)
		step = checkpoint_schema_damaged(store->db, f);
	else if (step != SQLITE_ROW && step != SQLITE_DONE)
		checkpoint_schema_fault(store->db, "read", f);
	sqlite3_finalize(stmt);
	return (step == SQLITE_ROW || step == SQLITE_DONE ? 0 : -1);
}

int
checkpoint_each_epoch(struct checkpoint_store *store,
    void (*each)(
	void *arg, const char *account, const char *mailbox, uint64_t epoch),
    void *arg, struct fault *f)
{
	const char *account, *mailbox;
	sqlite3_stmt *stmt = NULL;
	int rc = SQLITE_ERROR;

	if (!checkpoint_is_current(store))
		return (0);
	if (sqlite3_prepare_v2(store->db,
		"SELECT account, mailbox, epoch FROM epoch"
		" ORDER BY account, mailbox",
		-1, &stmt, NULL) == SQLITE_OK) {
		while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
			account = (const char *)sqlite3_column_text(stmt, 0);
			mailbox = (const char *)sqlite3_column_text(stmt, 1);
			if (account == NULL || mailbox == NULL)
				break; /* out of memory */
			each(arg, account, mailbox,
			    (uint64_t)sqlite3_column_int64(stmt, 2));
		}
	}
	if (rc != SQLITE_DONE)
		checkpoint_schema_fault(store->db, "read", f);
	sqlite3_finalize(stmt);
	return (rc == SQLITE_DONE ? 0 : -1);
}
