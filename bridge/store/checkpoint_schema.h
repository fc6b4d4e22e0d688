/* checkpoint_schema.h - the tables of the checkpoint store, and whether a file
 * is one that can be trusted.  For checkpoint.c. */
#ifndef CHECKPOINT_SCHEMA_H
#define CHECKPOINT_SCHEMA_H

#include <sqlite3.h>
#include <stdint.h>

struct checkpoint;
struct fault;

/* "mbrg"; file(1) and a careless sqlite3 shell can tell the store by it. */
#define CHECKPOINT_SCHEMA_ID 0x6d627267
#define CHECKPOINT_SCHEMA_VERSION 2

/* Set ${f} by the last error of ${db} and return -1.  Damage is FAULT_DATA with
 * the way out in the text, the rest FAULT_RETRY. */
int checkpoint_schema_fault(sqlite3 *db, const char *what, struct fault *f);

/* Put the tables into the empty ${db}. */
int checkpoint_schema_create(sqlite3 *db, struct fault *f);

/* Is ${db} a sound store of a version we know?  Every page and every row is
 * looked at.  0 and the version and the highest transaction number, or -1 with
 * FAULT_DATA. */
int checkpoint_schema_verify(
    sqlite3 *db, int *version, int64_t *written, struct fault *f);

/* The part of it that is about what stands beside the marks. */
int checkpoint_tables_verify(sqlite3 *db, struct fault *f);

/* What the column "sum" holds for these values.  SQLite does not notice a
 * changed byte in a row, and a UID that grew by itself means lost mail. */
int64_t checkpoint_schema_sum(const char *account, const char *mailbox,
    const struct checkpoint *, int64_t written);

/* Go on with a sum: from 0, over ${len} octets. */
int64_t checkpoint_schema_mix(int64_t sum, const void *data, size_t len);

/* ${f}: a row's sum does not match it; returns -1. */
int checkpoint_schema_damaged(sqlite3 *db, struct fault *f);

/* Give SQL the function rowsum() of ${db}'s rows.  0, or -1 if memory is out.
 */
int checkpoint_sum_open(sqlite3 *db);

/* Bring a store of version 1 to this one; one of this version stays as it is.
 * 0, or -1 with ${f}: nothing is changed. */
int checkpoint_schema_upgrade(sqlite3 *db, struct fault *f);

/* The columns of each table that has its sum by rowsum(). */
#define CHECKPOINT_EPOCH "account, mailbox, epoch"
#define CHECKPOINT_PRINTS                                                 \
	"account, mailbox, seq, uidvalidity, uid, epoch, received, size," \
	" message_id, hash"
#define CHECKPOINT_RESETS                                                    \
	"account, mailbox, uidvalidity, epoch, at, rewound, policy,"         \
	" old_uidvalidity, old_uid, uid, uidnext, present, matched, passed," \
	" published, uncertain, ceiling, told, horizon, skip, plain"
#define CHECKPOINT_BELOW "account, mailbox, uidvalidity, uid, uids"
#define CHECKPOINT_STATUS                                               \
	"account, mailbox, state, uidvalidity, uid, lag, last_success," \
	" last_error_at, last_error"

/* The columns that checkpoint_schema_row() reads, in order. */
#define CHECKPOINT_SCHEMA_COLUMNS                                  \
	"account, mailbox, uidvalidity, uid, since_below, since, " \
	"committed_at, written, sum"

/* Read the current row of ${stmt} into ${c}; -1 if its sum is wrong. */
int checkpoint_schema_row(sqlite3_stmt *stmt, struct checkpoint *c);

#endif
