/* checkpoint_schema.h - the tables of the checkpoint store, and whether a file
 * is one that can be trusted.  For checkpoint.c. */
#ifndef CHECKPOINT_SCHEMA_H
#define CHECKPOINT_SCHEMA_H

#include <sqlite3.h>
#include <stdint.h>

struct checkpoint;
struct fault;

/* Set ${f} by the last error of ${db} and return -1.  Damage is FAULT_DATA with
 * the way out in the text, the rest FAULT_RETRY. */
int checkpoint_schema_fault(sqlite3 *db, const char *what, struct fault *f);

/* Put the tables into the empty ${db}. */
int checkpoint_schema_create(sqlite3 *db, struct fault *f);

/* Is ${db} a sound store of a version we know?  Every page and every row is
 * looked at.  0 and the highest transaction number in *written, or -1 with
 * FAULT_DATA. */
int checkpoint_schema_verify(sqlite3 *db, int64_t *written, struct fault *f);

/* What the column "sum" holds for these values.  SQLite does not notice a
 * changed byte in a row, and a UID that grew by itself means lost mail. */
int64_t checkpoint_schema_sum(const char *account, const char *mailbox,
    const struct checkpoint *, int64_t written);

/* Go on with a sum: from 0, over ${len} octets. */
int64_t checkpoint_schema_mix(int64_t sum, const void *data, size_t len);

/* ${f}: a row's sum does not match it; returns -1. */
int checkpoint_schema_damaged(sqlite3 *db, struct fault *f);

/* Not in the first stores, so made where it is missing. */
#define CHECKPOINT_SCHEMA_EPOCH              \
	"CREATE TABLE IF NOT EXISTS epoch (" \
	"  account TEXT NOT NULL,"           \
	"  mailbox TEXT NOT NULL,"           \
	"  epoch INTEGER NOT NULL,"          \
	"  PRIMARY KEY (account, mailbox)"   \
	") STRICT, WITHOUT ROWID"

#define CHECKPOINT_SCHEMA_PRINTS                   \
	"CREATE TABLE IF NOT EXISTS fingerprint (" \
	"  account TEXT NOT NULL,"                 \
	"  mailbox TEXT NOT NULL,"                 \
	"  seq INTEGER NOT NULL,"                  \
	"  uidvalidity INTEGER NOT NULL,"          \
	"  uid INTEGER NOT NULL,"                  \
	"  epoch INTEGER NOT NULL,"                \
	"  received INTEGER,"                      \
	"  size INTEGER NOT NULL,"                 \
	"  message_id INTEGER NOT NULL,"           \
	"  hash BLOB,"                             \
	"  PRIMARY KEY (account, mailbox, seq)"    \
	") STRICT, WITHOUT ROWID"
#define CHECKPOINT_SCHEMA_RESETS                        \
	"CREATE TABLE IF NOT EXISTS reset ("            \
	"  account TEXT NOT NULL,"                      \
	"  mailbox TEXT NOT NULL,"                      \
	"  uidvalidity INTEGER NOT NULL,"               \
	"  epoch INTEGER NOT NULL,"                     \
	"  at INTEGER NOT NULL,"                        \
	"  rewound INTEGER NOT NULL,"                   \
	"  policy TEXT NOT NULL,"                       \
	"  old_uidvalidity INTEGER NOT NULL,"           \
	"  old_uid INTEGER NOT NULL,"                   \
	"  uid INTEGER NOT NULL,"                       \
	"  uidnext INTEGER NOT NULL,"                   \
	"  present INTEGER NOT NULL,"                   \
	"  matched INTEGER NOT NULL,"                   \
	"  passed INTEGER NOT NULL,"                    \
	"  published INTEGER NOT NULL,"                 \
	"  uncertain INTEGER NOT NULL,"                 \
	"  ceiling INTEGER NOT NULL,"                   \
	"  told INTEGER NOT NULL,"                      \
	"  horizon INTEGER NOT NULL,"                   \
	"  skip TEXT NOT NULL,"                         \
	"  plain TEXT NOT NULL,"                        \
	"  sum INTEGER NOT NULL,"                       \
	"  PRIMARY KEY (account, mailbox, uidvalidity)" \
	") STRICT, WITHOUT ROWID"
#define CHECKPOINT_SCHEMA_BELOW              \
	"CREATE TABLE IF NOT EXISTS below (" \
	"  account TEXT NOT NULL,"           \
	"  mailbox TEXT NOT NULL,"           \
	"  uidvalidity INTEGER NOT NULL,"    \
	"  uid INTEGER NOT NULL,"            \
	"  uids TEXT NOT NULL,"              \
	"  sum INTEGER NOT NULL,"            \
	"  PRIMARY KEY (account, mailbox)"   \
	") STRICT, WITHOUT ROWID"
#define CHECKPOINT_SCHEMA_LATER                              \
	CHECKPOINT_SCHEMA_EPOCH ";" CHECKPOINT_SCHEMA_PRINTS \
				";" CHECKPOINT_SCHEMA_BELOW  \
				";" CHECKPOINT_SCHEMA_RESETS ";"

/* The columns that checkpoint_schema_row() reads, in order. */
#define CHECKPOINT_SCHEMA_COLUMNS                                  \
	"account, mailbox, uidvalidity, uid, since_below, since, " \
	"committed_at, written, sum"

/* Read the current row of ${stmt} into ${c}; -1 if its sum is wrong. */
int checkpoint_schema_row(sqlite3_stmt *stmt, struct checkpoint *c);

#endif
