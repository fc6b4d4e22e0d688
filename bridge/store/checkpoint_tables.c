/* The tables of the checkpoint store, and how an older store gets them. */
#include <stdio.h>

#include "bridge/fault.h"
#include "bridge/store/checkpoint_schema.h"

static const char head[] = "PRAGMA application_id = 1835168359;"
			   "PRAGMA user_version = 2;";

static const char checkpoints[] =
    "CREATE TABLE checkpoint ("
    "  account TEXT NOT NULL,"
    "  mailbox TEXT NOT NULL,"
    "  uidvalidity INTEGER NOT NULL,"
    "  uid INTEGER NOT NULL,"
    "  since_below INTEGER NOT NULL,"
    "  since TEXT NOT NULL,"
    "  committed_at INTEGER NOT NULL,"
    "  written INTEGER NOT NULL,"
    "  sum INTEGER NOT NULL,"
    "  PRIMARY KEY (account, mailbox, uidvalidity)"
    ") STRICT, WITHOUT ROWID;";

/* Beside the marks; the first stores had not all of them, and no sums. */
static const struct beside {
	const char *name;
	const char *columns;
	const char *create;
} besides[] = {
	{ "status", CHECKPOINT_STATUS,
	    "CREATE TABLE status ("
	    "  account TEXT NOT NULL,"
	    "  mailbox TEXT NOT NULL,"
	    "  state TEXT NOT NULL,"
	    "  uidvalidity INTEGER NOT NULL,"
	    "  uid INTEGER NOT NULL,"
	    "  lag INTEGER NOT NULL,"
	    "  last_success INTEGER NOT NULL,"
	    "  last_error_at INTEGER NOT NULL,"
	    "  last_error TEXT NOT NULL,"
	    "  sum INTEGER NOT NULL,"
	    "  PRIMARY KEY (account, mailbox)"
	    ") STRICT, WITHOUT ROWID" },
	{ "epoch", CHECKPOINT_EPOCH,
	    "CREATE TABLE epoch ("
	    "  account TEXT NOT NULL,"
	    "  mailbox TEXT NOT NULL,"
	    "  epoch INTEGER NOT NULL,"
	    "  sum INTEGER NOT NULL,"
	    "  PRIMARY KEY (account, mailbox)"
	    ") STRICT, WITHOUT ROWID" },
	{ "fingerprint", CHECKPOINT_PRINTS,
	    "CREATE TABLE fingerprint ("
	    "  account TEXT NOT NULL,"
	    "  mailbox TEXT NOT NULL,"
	    "  seq INTEGER NOT NULL,"
	    "  uidvalidity INTEGER NOT NULL,"
	    "  uid INTEGER NOT NULL,"
	    "  epoch INTEGER NOT NULL,"
	    "  received INTEGER,"
	    "  size INTEGER NOT NULL,"
	    "  message_id INTEGER NOT NULL,"
	    "  hash BLOB,"
	    "  sum INTEGER NOT NULL,"
	    "  PRIMARY KEY (account, mailbox, seq)"
	    ") STRICT, WITHOUT ROWID" },
	{ "below", CHECKPOINT_BELOW,
	    "CREATE TABLE below ("
	    "  account TEXT NOT NULL,"
	    "  mailbox TEXT NOT NULL,"
	    "  uidvalidity INTEGER NOT NULL,"
	    "  uid INTEGER NOT NULL,"
	    "  uids TEXT NOT NULL,"
	    "  sum INTEGER NOT NULL,"
	    "  PRIMARY KEY (account, mailbox)"
	    ") STRICT, WITHOUT ROWID" },
	{ "reset", CHECKPOINT_RESETS,
	    "CREATE TABLE reset ("
	    "  account TEXT NOT NULL,"
	    "  mailbox TEXT NOT NULL,"
	    "  uidvalidity INTEGER NOT NULL,"
	    "  epoch INTEGER NOT NULL,"
	    "  at INTEGER NOT NULL,"
	    "  rewound INTEGER NOT NULL,"
	    "  policy TEXT NOT NULL,"
	    "  old_uidvalidity INTEGER NOT NULL,"
	    "  old_uid INTEGER NOT NULL,"
	    "  uid INTEGER NOT NULL,"
	    "  uidnext INTEGER NOT NULL,"
	    "  present INTEGER NOT NULL,"
	    "  matched INTEGER NOT NULL,"
	    "  passed INTEGER NOT NULL,"
	    "  published INTEGER NOT NULL,"
	    "  uncertain INTEGER NOT NULL,"
	    "  ceiling INTEGER NOT NULL,"
	    "  told INTEGER NOT NULL,"
	    "  horizon INTEGER NOT NULL,"
	    "  skip TEXT NOT NULL,"
	    "  plain TEXT NOT NULL,"
	    "  sum INTEGER NOT NULL,"
	    "  PRIMARY KEY (account, mailbox, uidvalidity, epoch)"
	    ") STRICT, WITHOUT ROWID" },
};

#define BESIDES (sizeof(besides) / sizeof(besides[0]))

_Static_assert(
    CHECKPOINT_SCHEMA_ID == 1835168359 && CHECKPOINT_SCHEMA_VERSION == 2,
    "the head says so in decimal");

static int
execute(sqlite3 *db, const char *sql)
{
	return (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : -1);
}

int
checkpoint_schema_create(sqlite3 *db, struct fault *f)
{
	size_t i;
	int rc;

	rc = execute(db, "PRAGMA synchronous = EXTRA; BEGIN;");
	if (rc == 0)
		rc = execute(db, head);
	if (rc == 0)
		rc = execute(db, checkpoints);
	for (i = 0; i < BESIDES && rc == 0; i++)
		rc = execute(db, besides[i].create);
	if (rc == 0)
		rc = execute(db, "COMMIT");
	return (rc == 0 ? 0 : checkpoint_schema_fault(db, "create", f));
}

/* One whose sum is another than that of its values is damaged. */
static int
check_beside(sqlite3 *db, const struct beside *table, struct fault *f)
{
	sqlite3_stmt *stmt = NULL;
	char sql[600];
	int rc;

	(void)snprintf(sql, sizeof(sql),
	    "SELECT 1 FROM %s WHERE sum IS NOT rowsum(%s) LIMIT 1", table->name,
	    table->columns);
	rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		checkpoint_schema_damaged(db, f);
	else if (rc != SQLITE_DONE)
		checkpoint_schema_fault(db, "read", f);
	sqlite3_finalize(stmt);
	return (rc == SQLITE_DONE ? 0 : -1);
}

int
checkpoint_tables_verify(sqlite3 *db, struct fault *f)
{
	size_t i;

	for (i = 0; i < BESIDES; i++) {
		if (check_beside(db, &besides[i], f) == -1)
			return (-1);
	}
	return (0);
}

static int
has(sqlite3 *db, const char *name)
{
	sqlite3_stmt *stmt = NULL;
	int found;

	found = sqlite3_prepare_v2(db,
		    "SELECT 1 FROM sqlite_master WHERE name = ?1", -1, &stmt,
		    NULL) == SQLITE_OK &&
	    sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW;
	sqlite3_finalize(stmt);
	return (found);
}

/* Take what an older store has of a table. */
static int
upgrade_beside(sqlite3 *db, const struct beside *table)
{
	char sql[2000];

	if (!has(db, table->name))
		return (execute(db, table->create));
	(void)snprintf(sql, sizeof(sql),
	    "ALTER TABLE %s RENAME TO before; %s;"
	    "INSERT INTO %s SELECT %s, rowsum(%s) FROM before;"
	    "DROP TABLE before",
	    table->name, table->create, table->name, table->columns,
	    table->columns);
	return (execute(db, sql));
}

int
checkpoint_schema_upgrade(sqlite3 *db, struct fault *f)
{
	size_t i;
	int rc;

	rc = execute(db, "BEGIN IMMEDIATE");
	for (i = 0; i < BESIDES && rc == 0; i++)
		rc = upgrade_beside(db, &besides[i]);
	if (rc == 0)
		rc = execute(db, head);
	if (rc == 0)
		rc = execute(db, "COMMIT");
	if (rc == 0)
		return (0);
	checkpoint_schema_fault(db, "upgrade", f);
	(void)execute(db, "ROLLBACK");
	return (-1);
}
