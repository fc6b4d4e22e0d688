#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/fault.h"
#include "bridge/store/checkpoint_private.h"

static sqlite3_stmt *
prepare(struct checkpoint_store *store, const char *sql, struct fault *f)
{
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) == SQLITE_OK)
		return (stmt);
	checkpoint_schema_fault(store->db, "read", f);
	return (NULL);
}

static void
bind_key(sqlite3_stmt *stmt, const char *account, const char *mailbox)
{
	sqlite3_bind_text(stmt, 1, account, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, mailbox, -1, SQLITE_STATIC);
}

struct checkpoint *
checkpoint_load(struct checkpoint_store *store, const char *account,
    const char *mailbox, size_t *n, struct fault *f)
{
	struct checkpoint *rows = NULL, *more;
	sqlite3_stmt *stmt;
	int rc;

	*n = 0;
	f->kind = FAULT_NONE;
	stmt = prepare(store,
	    "SELECT " CHECKPOINT_SCHEMA_COLUMNS " FROM checkpoint"
	    " WHERE account = ?1 AND mailbox = ?2"
	    " ORDER BY written DESC, committed_at DESC",
	    f);
	if (stmt == NULL)
		return (NULL);
	bind_key(stmt, account, mailbox);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		more = reallocarray(rows, *n + 1, sizeof(*rows));
		if (more == NULL) {
			fault_set(f, FAULT_RETRY, "%s", strerror(ENOMEM));
			goto fail;
		}
		rows = more;
		if (checkpoint_schema_row(stmt, &rows[*n]) == -1) {
			checkpoint_schema_damaged(store->db, f);
			goto fail;
		}
		++*n;
	}
	if (rc != SQLITE_DONE) {
		checkpoint_schema_fault(store->db, "read", f);
		goto fail;
	}
	sqlite3_finalize(stmt);
	return (rows);

fail:
	sqlite3_finalize(stmt);
	free(rows);
	*n = 0;
	return (NULL);
}

int
checkpoint_each(struct checkpoint_store *store,
    void (*each)(void *arg, const char *account, const char *mailbox,
	const struct checkpoint *),
    void *arg, struct fault *f)
{
	struct checkpoint c;
	sqlite3_stmt *stmt;
	int rc;

	stmt = prepare(store,
	    "SELECT " CHECKPOINT_SCHEMA_COLUMNS " FROM checkpoint"
	    " ORDER BY account, mailbox, written",
	    f);
	if (stmt == NULL)
		return (-1);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (checkpoint_schema_row(stmt, &c) == -1)
			break;
		each(arg, (const char *)sqlite3_column_text(stmt, 0),
		    (const char *)sqlite3_column_text(stmt, 1), &c);
	}
	if (rc == SQLITE_ROW)
		checkpoint_schema_damaged(store->db, f);
	else if (rc != SQLITE_DONE)
		checkpoint_schema_fault(store->db, "read", f);
	sqlite3_finalize(stmt);
	return (rc == SQLITE_DONE ? 0 : -1);
}

static void
copy_text(char *to, size_t size, sqlite3_stmt *stmt, int column)
{
	const char *text;

	text = (const char *)sqlite3_column_text(stmt, column);
	(void)snprintf(to, size, "%s", text != NULL ? text : "");
}

static void
read_status(sqlite3_stmt *stmt, struct checkpoint_status *s)
{
	*s = (struct checkpoint_status){
		.uidvalidity = (uint64_t)sqlite3_column_int64(stmt, 3),
		.uid = (uint32_t)sqlite3_column_int64(stmt, 4),
		.lag = (uint64_t)sqlite3_column_int64(stmt, 5),
		.last_success = sqlite3_column_int64(stmt, 6),
		.last_error_at = sqlite3_column_int64(stmt, 7),
	};
	copy_text(s->state, sizeof(s->state), stmt, 2);
	copy_text(s->last_error, sizeof(s->last_error), stmt, 8);
}

int
checkpoint_load_status(struct checkpoint_store *store, const char *account,
    const char *mailbox, struct checkpoint_status *s, struct fault *f)
{
	sqlite3_stmt *stmt;
	int rc;

	stmt = prepare(store,
	    "SELECT " CHECKPOINT_STATUS " FROM status"
	    " WHERE account = ?1 AND mailbox = ?2",
	    f);
	if (stmt == NULL)
		return (-1);
	bind_key(stmt, account, mailbox);
	if ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
		read_status(stmt, s);
	else if (rc != SQLITE_DONE)
		checkpoint_schema_fault(store->db, "read", f);
	sqlite3_finalize(stmt);
	return (rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : -1);
}

int
checkpoint_each_status(struct checkpoint_store *store,
    void (*each)(void *arg, const char *account, const char *mailbox,
	const struct checkpoint_status *),
    void *arg, struct fault *f)
{
	const char *account, *mailbox;
	struct checkpoint_status s;
	sqlite3_stmt *stmt;
	int rc;

	stmt = prepare(store,
	    "SELECT " CHECKPOINT_STATUS " FROM status"
	    " ORDER BY account, mailbox",
	    f);
	if (stmt == NULL)
		return (-1);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		read_status(stmt, &s);
		account = (const char *)sqlite3_column_text(stmt, 0);
		mailbox = (const char *)sqlite3_column_text(stmt, 1);
		if (account == NULL || mailbox == NULL)
			break; /* out of memory */
		each(arg, account, mailbox, &s);
	}
	if (rc != SQLITE_DONE)
		checkpoint_schema_fault(store->db, "read", f);
	sqlite3_finalize(stmt);
	return (rc == SQLITE_DONE ? 0 : -1);
}
