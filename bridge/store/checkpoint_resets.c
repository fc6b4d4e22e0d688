/* What became of mailboxes that were numbered anew, in the store of their
 * marks: one row for each UIDVALIDITY. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/fault.h"
#include "bridge/reset.h"
#include "bridge/store/checkpoint_private.h"

#define COLUMNS                                                              \
	"uidvalidity, epoch, at, rewound, policy, old_uidvalidity, old_uid," \
	" uid, uidnext, present, matched, passed, published, uncertain,"     \
	" ceiling, told, horizon, skip, plain,"                              \
	" sum = rowsum(" CHECKPOINT_RESETS ")"

/* Of all of them, as checkpoint_resets_write() binds them. */
#define VALUES                                                           \
	"?1, ?2, ?3, ?7, ?8, ?9, ?4, ?10, ?11, ?12, ?13, ?14, ?15, ?16," \
	" ?17, ?18, ?19, ?20, ?21, ?5, ?6"

/* reset_above() in SQL. */
#define ABOVE "CASE policy WHEN 'match' THEN uid ELSE 0 END"

/* The numbers of a row, in the order of their columns. */
#define NUMBERS 15

static void
numbers(const struct reset *r, int64_t n[NUMBERS])
{
	const int64_t all[NUMBERS] = { (int64_t)r->epoch, r->at, r->cause,
		(int64_t)r->old_uidvalidity, r->old_uid, r->uid, r->uidnext,
		(int64_t)r->exists, (int64_t)r->matched, (int64_t)r->passed,
		(int64_t)r->published, (int64_t)r->uncertain, r->ceiling,
		r->told, r->horizon };

	memcpy(n, all, sizeof(all));
}

/* Run ${sql} on the rows of a mailbox; 0, or -1. */
static int
run(sqlite3 *db, const char *sql, const char *account, const char *mailbox)
{
	sqlite3_stmt *stmt = NULL;
	int rc = SQLITE_ERROR;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK) {
		sqlite3_bind_text(stmt, 1, account, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 2, mailbox, -1, SQLITE_STATIC);
		rc = sqlite3_step(stmt);
	}
	sqlite3_finalize(stmt);
	return (rc == SQLITE_DONE ? 0 : -1);
}

static int
write_one(sqlite3 *db, const struct checkpoint_row *row, const struct reset *r)
{
	sqlite3_stmt *stmt = NULL;
	int64_t n[NUMBERS];
	int i, rc = -1;

	if (sqlite3_prepare_v2(db,
		"INSERT OR REPLACE INTO reset (" CHECKPOINT_RESETS ", sum)"
		" VALUES (" VALUES ", rowsum(" VALUES "))",
		-1, &stmt, NULL) == SQLITE_OK) {
		numbers(r, n);
		sqlite3_bind_text(stmt, 1, row->account, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 2, row->mailbox, -1, SQLITE_STATIC);
		sqlite3_bind_int64(stmt, 3, (sqlite3_int64)r->uidvalidity);
		sqlite3_bind_text(stmt, 4, r->policy, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 5, r->skip, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 6, r->plain, -1, SQLITE_STATIC);
		for (i = 0; i < NUMBERS; i++)
			sqlite3_bind_int64(stmt, 7 + i, n[i]);
		rc = sqlite3_step(stmt) == SQLITE_DONE ? 0 : -1;
	}
	sqlite3_finalize(stmt);
	return (rc);
}

int
checkpoint_resets_write(sqlite3 *db, const struct checkpoint_row *row)
{
	size_t i;

	if (row->reset != NULL && write_one(db, row, row->reset) == -1)
		return (-1);
	if (!row->replaces)
		return (0);
	if (run(db, "DELETE FROM reset WHERE account = ?1 AND mailbox = ?2",
		row->account, row->mailbox) == -1)
		return (-1);
	for (i = 0; i < row->nresets; i++) {
		if (write_one(db, row, &row->resets[i]) == -1)
			return (-1);
	}
	return (0);
}

static const char *
text(sqlite3_stmt *stmt, int column)
{
	const unsigned char *s = sqlite3_column_text(stmt, column);

	return (s != NULL ? (const char *)s : "");
}

static enum reset_cause
cause_of(int number)
{
	return (number == RESET_UIDNEXT || number == RESET_UID
		? (enum reset_cause)number
		: RESET_UIDVALIDITY);
}

static int
read_reset(sqlite3_stmt *stmt, struct reset *r)
{
	struct reset row = { .uidvalidity =
				 (uint64_t)sqlite3_column_int64(stmt, 0),
		.epoch = (uint64_t)sqlite3_column_int64(stmt, 1),
		.at = sqlite3_column_int64(stmt, 2),
		.cause = cause_of(sqlite3_column_int(stmt, 3)),
		.old_uidvalidity = (uint64_t)sqlite3_column_int64(stmt, 5),
		.old_uid = (uint32_t)sqlite3_column_int64(stmt, 6),
		.uid = (uint32_t)sqlite3_column_int64(stmt, 7),
		.uidnext = (uint32_t)sqlite3_column_int64(stmt, 8),
		.exists = (uint64_t)sqlite3_column_int64(stmt, 9),
		.matched = (uint64_t)sqlite3_column_int64(stmt, 10),
		.passed = (uint64_t)sqlite3_column_int64(stmt, 11),
		.published = (uint64_t)sqlite3_column_int64(stmt, 12),
		.uncertain = (uint64_t)sqlite3_column_int64(stmt, 13),
		.ceiling = (uint32_t)sqlite3_column_int64(stmt, 14),
		.told = sqlite3_column_int(stmt, 15),
		.horizon = (uint32_t)sqlite3_column_int64(stmt, 16) };

	(void)snprintf(row.policy, sizeof(row.policy), "%s", text(stmt, 4));
	row.skip = strdup(text(stmt, 17));
	row.plain = strdup(text(stmt, 18));
	*r = row;
	if (row.skip != NULL && row.plain != NULL)
		return (0);
	reset_clear(r);
	return (-1);
}

int
checkpoint_last_reset(struct checkpoint_store *store, const char *account,
    const char *mailbox, uint64_t uidvalidity, struct reset *reset,
    struct fault *f)
{
	sqlite3_stmt *stmt = NULL;
	int step = SQLITE_ERROR, rc;
	sqlite3 *db;

	if ((db = checkpoint_reader(store, f)) == NULL)
		return (-1);
	if (!checkpoint_is_current(store))
		return (0);
	if (sqlite3_prepare_v2(db,
		"SELECT " COLUMNS " FROM reset WHERE account = ?1 AND"
		" mailbox = ?2 AND (?3 = 0 OR uidvalidity = ?3)"
		" ORDER BY epoch DESC LIMIT 1",
		-1, &stmt, NULL) == SQLITE_OK) {
		sqlite3_bind_text(stmt, 1, account, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 2, mailbox, -1, SQLITE_STATIC);
		sqlite3_bind_int64(stmt, 3, (sqlite3_int64)uidvalidity);
		step = sqlite3_step(stmt);
	}
	rc = step == SQLITE_ROW ? 1 : 0;
	if (step == SQLITE_ROW && read_reset(stmt, reset) == -1)
		rc = fault_set(f, FAULT_RETRY, "%s", strerror(ENOMEM));
	else if (step == SQLITE_ROW && sqlite3_column_int(stmt, 19) != 1) {
		reset_clear(reset);
		rc = checkpoint_schema_damaged(db, f);
	} else if (step != SQLITE_ROW && step != SQLITE_DONE)
		rc = checkpoint_schema_fault(db, "read", f);
	sqlite3_finalize(stmt);
	return (rc);
}

int
checkpoint_each_reset(struct checkpoint_store *store,
    void (*each)(void *arg, const char *account, const char *mailbox,
	const struct reset *),
    void *arg, struct fault *f)
{
	sqlite3_stmt *stmt = NULL;
	int rc = SQLITE_ERROR;
	struct reset r;

	if (!checkpoint_is_current(store))
		return (0);
	if (sqlite3_prepare_v2(store->db,
		"SELECT " COLUMNS ", account, mailbox FROM reset"
		" ORDER BY account, mailbox, epoch",
		-1, &stmt, NULL) == SQLITE_OK) {
		while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
			if (read_reset(stmt, &r) == -1)
				break;
			each(arg, text(stmt, 20), text(stmt, 21), &r);
			reset_clear(&r);
		}
	}
	if (rc != SQLITE_DONE)
		checkpoint_schema_fault(store->db, "read", f);
	sqlite3_finalize(stmt);
	return (rc == SQLITE_DONE ? 0 : -1);
}

struct reset_span *
checkpoint_spans(struct checkpoint_store *store, const char *account,
    const char *mailbox, uint64_t uidvalidity, size_t *n, struct fault *f)
{
	struct reset_span *spans = NULL, *more;
	sqlite3_stmt *stmt = NULL;
	int step = SQLITE_ERROR;
	sqlite3 *db;

	*n = 0;
	f->kind = FAULT_NONE;
	if ((db = checkpoint_reader(store, f)) == NULL ||
	    !checkpoint_is_current(store))
		return (NULL);
	if (sqlite3_prepare_v2(db,
		"SELECT epoch, " ABOVE ", ceiling,"
		" sum = rowsum(" CHECKPOINT_RESETS ") FROM reset"
		" WHERE account = ?1 AND mailbox = ?2 AND uidvalidity = ?3"
		" AND ceiling > " ABOVE " ORDER BY epoch DESC",
		-1, &stmt, NULL) == SQLITE_OK) {
		sqlite3_bind_text(stmt, 1, account, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 2, mailbox, -1, SQLITE_STATIC);
		sqlite3_bind_int64(stmt, 3, (sqlite3_int64)uidvalidity);
	}
	while (stmt != NULL && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
		more = reallocarray(spans, *n + 1, sizeof(*more));
		if (more == NULL || sqlite3_column_int(stmt, 3) != 1)
			break;
		spans = more;
		spans[(*n)++] = (struct reset_span){
			.epoch = (uint64_t)sqlite3_column_int64(stmt, 0),
			.above = (uint32_t)sqlite3_column_int64(stmt, 1),
			.ceiling = (uint32_t)sqlite3_column_int64(stmt, 2),
		};
	}
	if (step == SQLITE_ROW)
		checkpoint_schema_damaged(db, f);
	else if (step != SQLITE_DONE)
		checkpoint_schema_fault(db, "read", f);
	sqlite3_finalize(stmt);
	if (step == SQLITE_DONE)
		return (spans);
	free(spans);
	return (NULL);
}

int
checkpoint_resets_forget(
    struct checkpoint_store *store, const char *account, const char *mailbox)
{
	/* How ids are made stays, or they would be those of other mails. */
	if (run(store->db,
		"UPDATE reset SET told = 1, horizon = 0, skip = '', plain = ''"
		" WHERE account = ?1 AND mailbox = ?2",
		account, mailbox) == -1)
		return (-1);
	return (run(store->db,
	    "UPDATE reset SET sum = rowsum(" CHECKPOINT_RESETS ")"
	    " WHERE account = ?1 AND mailbox = ?2",
	    account, mailbox));
}
