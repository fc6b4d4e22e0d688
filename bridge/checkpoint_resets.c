/* What became of mailboxes that were numbered anew, in the store of their
 * marks: one row for each UIDVALIDITY. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/checkpoint_private.h"
#include "bridge/fault.h"
#include "bridge/reset.h"

#define COLUMNS                                                              \
	"uidvalidity, epoch, at, rewound, policy, old_uidvalidity, old_uid," \
	" uid, uidnext, present, matched, passed, published, uncertain,"     \
	" ceiling, told, horizon, skip, plain,"                              \
	" sum = rowsum(" CHECKPOINT_RESETS ")"

/* Of all of them, as checkpoint_resets_write() binds them. */
#define VALUES                                                           \
	"?1, ?2, ?3, ?7, ?8, ?9, ?4, ?10, ?11, ?12, ?13, ?14, ?15, ?16," \
	" ?17, ?18, ?19, ?20, ?21, ?5, ?6"

/* The numbers of a row, in the order of their columns. */
#define NUMBERS 15

static void
numbers(const struct reset *r, int64_t n[NUMBERS])
{
	const int64_t all[NUMBERS] = { (int64_t)r->epoch, r->at, r->rewound,
		(int64_t)r->old_uidvalidity, r->old_uid, r->uid, r->uidnext,
		(int64_t)r->exists, (int64_t)r->matched, (int64_t)r->passed,
		(int64_t)r->published, (int64_t)r->uncertain, r->ceiling,
		r->told, r->horizon };

	memcpy(n, all, sizeof(all));
}

int
checkpoint_resets_write(sqlite3 *db, const struct checkpoint_row *row)
{
	const struct reset *r = row->reset;
	sqlite3_stmt *stmt = NULL;
	int64_t n[NUMBERS];
	int i, rc = -1;

	if (r == NULL)
		return (0);
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

static const char *
text(sqlite3_stmt *stmt, int column)
{
	const unsigned char *s = sqlite3_column_text(stmt, column);

	return (s != NULL ? (const char *)s : "");
}

static int
read_reset(sqlite3_stmt *stmt, struct reset *r)
{
	struct reset row = { .uidvalidity =
				 (uint64_t)sqlite3_column_int64(stmt, 0),
		.epoch = (uint64_t)sqlite3_column_int64(stmt, 1),
		.at = sqlite3_column_int64(stmt, 2),
		.rewound = sqlite3_column_int(stmt, 3),
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

int
checkpoint_resets_forget(
    struct checkpoint_store *store, const char *account, const char *mailbox)
{
	struct checkpoint_row row = { .account = account, .mailbox = mailbox };
	struct reset r;
	struct fault f;
	int rc;

	/* How ids are made stays, or they would be those of other mails. */
	rc = checkpoint_last_reset(store, account, mailbox, 0, &r, &f);
	if (rc != 1)
		return (rc);
	r.told = 1;
	r.horizon = 0;
	r.skip[0] = r.plain[0] = '\0';
	row.reset = &r;
	rc = checkpoint_resets_write(store->db, &row);
	reset_clear(&r);
	return (rc);
}
