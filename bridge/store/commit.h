/* commit.h - marks and statuses on their way to the checkpoint store.
 *
 * All mailboxes that moved are written in one transaction, on a worker, one
 * transaction at a time.  A mailbox says only that it moved; what is written is
 * asked for when the transaction is put together. */
#ifndef COMMIT_H
#define COMMIT_H

#include <stdint.h>
#include <uv.h>

#include "bridge/ops/metrics.h"

struct checkpoint_row;
struct checkpoint_store;
struct committer;
struct fault;

/* One mailbox's place; embedded in its owner, zeroed before the first use.  It
 * must live until the committer is idle for good or closed. */
struct commit_slot {
	/* Fill in the row as it is now (zeroed before). */
	void (*fill)(void *arg, struct checkpoint_row *row);
	/* Durable is what fill() told after the mark number ${mark}, and with
	 * it all marks before. */
	void (*committed)(void *arg, uint64_t mark);
	void *arg;
	struct commit_slot *next;
	int queued;	 /* waits for a transaction */
	int writing;	 /* in the transaction under way */
	int again;	 /* moved since that was put together */
	uint64_t marks;	 /* counted by committer_mark() */
	uint64_t filled; /* of them, those before the last fill() */
};

/* Without a store (NULL) nothing is kept and every mark counts as durable.
 * ${changed} is called when the store fails (see committer_trouble()) and when
 * it works again.  NULL if memory is out. */
struct committer *committer_new(uv_loop_t *, struct checkpoint_store *,
    void (*changed)(void *arg), void *arg);

/* Write this slot: soon (a mark moved; its number, from 1 on, is returned), or
 * within a second (a status). */
uint64_t committer_mark(struct committer *, struct commit_slot *);
void committer_note(struct committer *, struct commit_slot *);

/* Do not wait for more. */
void committer_flush(struct committer *);

/* Is nothing waiting and nothing under way? */
int committer_idle(const struct committer *);

/* How it went so far. */
struct committer_counts {
	struct metrics_histogram latency; /* of transactions that stand */
	uint64_t failures;
};

const struct committer_counts *committer_counts(const struct committer *);

/* Why the store cannot be written now, or "". */
const char *committer_trouble(const struct committer *);

/* Free it, ${closed} from the loop; what waits is not written any more. */
void committer_close(struct committer *, void (*closed)(void *arg), void *arg);

#endif
