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

#endif
