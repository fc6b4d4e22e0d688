#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bridge/fault.h"
#include "bridge/store/checkpoint.h"
#include "bridge/store/checkpoint_schema.h"

#define WAY_OUT                                                             \
	"restore it from a backup, or begin again as \"start:\" says with " \
	"mailbridge checkpoint reset --all"

static int
damaged(sqlite3 *db, const char *why, struct fault *f)
{
	return (fault_set(f, FAULT_DATA, "%s: %s: " WAY_OUT,
	    sqlite3_db_filename(db, "main"), why));
}

int
checkpoint_schema_fault(sqlite3 *db, const char *what, struct fault *f)
{
	char why[200];

	(void)snprintf(why, sizeof(why), "%s: %s", what, sqlite3_errmsg(db));
	switch (sqlite3_errcode(db)) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
	case SQLITE_ERROR: /* a table or a column is not there */
		return (damaged(db, why, f));
	default:
		return (fault_set(f, FAULT_RETRY, "%s: %s",
		    sqlite3_db_filename(db, "main"), why));
	}
}

static int
read_number(sqlite3 *db, const char *sql, int64_t *number, struct fault *f)
{
	sqlite3_stmt *stmt = NULL;
	int rc = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW) {
		*number = sqlite3_column_int64(stmt, 0);
		rc = 0;
	} else
		checkpoint_schema_fault(db, sql, f);
	sqlite3_finalize(stmt);
	return (rc);
}

static int
check_kind(sqlite3 *db, int64_t *found, struct fault *f)
{
	int64_t id, version;
	char why[96];

	if (read_number(db, "PRAGMA application_id", &id, f) == -1 ||
	    read_number(db, "PRAGMA user_version", &version, f) == -1)
		return (-1);
	*found = version;
	if (id != CHECKPOINT_SCHEMA_ID)
		return (damaged(db, "is not a checkpoint store", f));
	if (version > CHECKPOINT_SCHEMA_VERSION)
		return (fault_set(f, FAULT_DATA,
		    "%s: was written by a newer mailbridge (version %" PRId64
		    " of the store, this one knows %d): use the newer one",
		    sqlite3_db_filename(db, "main"), version,
		    CHECKPOINT_SCHEMA_VERSION));
	if (version < 1) {
		(void)snprintf(why, sizeof(why),
		    "has the unknown version %" PRId64, version);
		return (damaged(db, why, f));
	}
	return (0);
}

static int
check_pages(sqlite3 *db, struct fault *f)
{
	sqlite3_stmt *stmt = NULL;
	const char *text = NULL;
	char why[200];
	int rc = -1;

	if (sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &stmt, NULL) ==
		SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(stmt, 0);
	if (text == NULL)
		checkpoint_schema_fault(db, "quick_check", f);
	else if (strcmp(text, "ok") != 0) {
		(void)snprintf(why, sizeof(why), "is damaged (%s)", text);
		damaged(db, why, f);
	} else
		rc = 0;
	sqlite3_finalize(stmt);
	return (rc);
}

static int
check_rows(sqlite3 *db, int64_t *written, struct fault *f)
{
	sqlite3_stmt *stmt = NULL;
	struct checkpoint c;
	int rc;

	*written = 0;
	rc = sqlite3_prepare_v2(db,
	    "SELECT " CHECKPOINT_SCHEMA_COLUMNS " FROM checkpoint", -1, &stmt,
	    NULL);
	if (rc != SQLITE_OK)
		goto fail;
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (checkpoint_schema_row(stmt, &c) == -1) {
			sqlite3_finalize(stmt);
			return (checkpoint_schema_damaged(db, f));
		}
		if (sqlite3_column_int64(stmt, 7) > *written)
			*written = sqlite3_column_int64(stmt, 7);
	}
	if (rc != SQLITE_DONE)
		goto fail;
	sqlite3_finalize(stmt);
	return (0);

fail:
	checkpoint_schema_fault(db, "read", f);
	sqlite3_finalize(stmt);
	return (-1);
}

int
checkpoint_schema_verify(
    sqlite3 *db, int *version, int64_t *written, struct fault *f)
{
	int64_t found;

	if (check_kind(db, &found, f) == -1 || check_pages(db, f) == -1 ||
	    check_rows(db, written, f) == -1)
		return (-1);
	*version = (int)found;
	if (found < CHECKPOINT_SCHEMA_VERSION)
		return (0);
	return (checkpoint_tables_verify(db, f));
}

/* FNV-1a: a different byte anywhere gives a different sum. */
static uint64_t
mix(uint64_t sum, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (; len > 0; len--)
		sum = (sum ^ *p++) * UINT64_C(0x100000001b3);
	return (sum);
}

int64_t
checkpoint_schema_mix(int64_t sum, const void *data, size_t len)
{
	return ((int64_t)mix((uint64_t)sum, data, len));
}

int
checkpoint_schema_damaged(sqlite3 *db, struct fault *f)
{
	return (damaged(db, "is damaged (a row's sum does not match it)", f));
}

static uint64_t
mix_number(uint64_t sum, uint64_t n)
{
	unsigned char bytes[8];
	int i;

	/* The same on every machine. */
	for (i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(n >> (8 * i));
	return (mix(sum, bytes, sizeof(bytes)));
}

int64_t
checkpoint_schema_sum(const char *account, const char *mailbox,
    const struct checkpoint *c, int64_t written)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	/* The NULs keep the strings apart. */
	sum = mix(sum, account, strlen(account) + 1);
	sum = mix(sum, mailbox, strlen(mailbox) + 1);
	sum = mix_number(sum, c->uidvalidity);
	sum = mix_number(sum, c->uid);
	sum = mix_number(sum, c->since_below);
	sum = mix(sum, c->since, strlen(c->since) + 1);
	sum = mix_number(sum, (uint64_t)c->committed_at);
	sum = mix_number(sum, (uint64_t)written);
	return ((int64_t)sum);
}

int
checkpoint_schema_row(sqlite3_stmt *stmt, struct checkpoint *c)
{
	const char *account, *mailbox, *since;
	int64_t sum;

	account = (const char *)sqlite3_column_text(stmt, 0);
	mailbox = (const char *)sqlite3_column_text(stmt, 1);
	since = (const char *)sqlite3_column_text(stmt, 5);
	if (account == NULL || mailbox == NULL || since == NULL ||
	    strlen(since) >= sizeof(c->since))
		return (-1);
	*c = (struct checkpoint){
		.uidvalidity = (uint64_t)sqlite3_column_int64(stmt, 2),
		.uid = (uint32_t)sqlite3_column_int64(stmt, 3),
		.since_below = (uint32_t)sqlite3_column_int64(stmt, 4),
		.committed_at = sqlite3_column_int64(stmt, 6),
	};
	(void)snprintf(c->since, sizeof(c->since), "%s", since);
	/* A value that does not fit 32 bits is no value of ours. */
	if (sqlite3_column_int64(stmt, 3) != (int64_t)c->uid ||
	    sqlite3_column_int64(stmt, 4) != (int64_t)c->since_below)
		return (-1);
	sum = checkpoint_schema_sum(
	    account, mailbox, c, sqlite3_column_int64(stmt, 7));
	return (sum == sqlite3_column_int64(stmt, 8) ? 0 : -1);
}
