/* checkpoint_private.h - what the files of the checkpoint module share:
 * checkpoint.c opens, checkpoint_read.c reads, checkpoint_write.c writes. */
#ifndef CHECKPOINT_PRIVATE_H
#define CHECKPOINT_PRIVATE_H

#include "bridge/store/checkpoint.h"
#include "bridge/store/checkpoint_schema.h"

struct state;

struct checkpoint_store {
	struct state *state;
	sqlite3 *db;
	sqlite3 *reader; /* beside a write under way; or NULL */
	int64_t written; /* number of the last row that was written */
	int version;	 /* of the schema, as it was found */
	int unsafe;	 /* a mailbox's first row is only in the log yet */
};

/* The connection for what must not wait, opened when it is first needed; NULL
 * with ${f}. */
sqlite3 *checkpoint_reader(struct checkpoint_store *, struct fault *f);

/* ${sql}, whose ?1 and ?2 are the mailbox; NULL as SQLite says.  And run such a
 * statement to its end, once, or NULL: 0 or -1. */
sqlite3_stmt *checkpoint_prepare(
    sqlite3 *, const char *sql, const char *account, const char *mailbox);
int checkpoint_finish(sqlite3_stmt *);

/* checkpoint_prints.c, checkpoint_below.c and checkpoint_resets.c, in a
 * transaction: write what ${row} has of it; forget a mailbox.  0, or -1 as
 * SQLite says. */
int checkpoint_prints_write(sqlite3 *, const struct checkpoint_row *row);
int checkpoint_prints_forget(
    sqlite3 *, const char *account, const char *mailbox);
int checkpoint_below_write(sqlite3 *, const struct checkpoint_row *row);
int checkpoint_below_forget(
    sqlite3 *, const char *account, const char *mailbox);
int checkpoint_resets_write(sqlite3 *, const struct checkpoint_row *row);
int checkpoint_resets_forget(
    struct checkpoint_store *, const char *account, const char *mailbox);

/* checkpoint_epoch.c, in a transaction: raise a mailbox's epoch to ${epoch}, or
 * by one (0).  0, or -1 as SQLite says. */
int checkpoint_epoch_raise(
    sqlite3 *, const char *account, const char *mailbox, uint64_t epoch);

#endif
