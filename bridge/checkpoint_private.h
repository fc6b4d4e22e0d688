/* checkpoint_private.h - what the files of the checkpoint module share:
 * checkpoint.c opens, checkpoint_read.c reads, checkpoint_write.c writes. */
#ifndef CHECKPOINT_PRIVATE_H
#define CHECKPOINT_PRIVATE_H

#include "bridge/checkpoint.h"
#include "bridge/checkpoint_schema.h"

struct state;

struct checkpoint_store {
	struct state *state;
	sqlite3 *db;
	int64_t written; /* number of the last transaction */
	int unsafe;	 /* a mailbox's first row is only in the log yet */
};

/* checkpoint_epoch.c: the table, where it is missing; and, in a transaction,
 * raise a mailbox's epoch to ${epoch}, or by one (0).  0, or -1 as SQLite says.
 */
int checkpoint_epoch_create(sqlite3 *);
int checkpoint_epoch_raise(
    sqlite3 *, const char *account, const char *mailbox, uint64_t epoch);

#endif
