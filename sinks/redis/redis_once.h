/* redis_once.h - exactly once: events, marks and who stored them, by one script
 * call a batch, one after the other.
 *
 * Beside the stream is a hash, "<stream>:checkpoint": a field "account/mailbox"
 * with the mark of each mailbox, and "/owner" with the process at work and the
 * number of its last batch (mark_record.h).  The script stores a batch, its
 * marks and the owner's next record, if the owner's record is the very one that
 * this process wrote last.  So a batch that is sent twice is stored once, and a
 * process that has lost the ownership stores nothing.
 *
 * Whoever starts takes the ownership, and then reads the marks.  After each
 * connect it is taken again, unless another process did so meanwhile:
 * then this one rests until it is started again.  What the record says then is
 * also what became of a batch without an answer.  All from the loop. */
#ifndef REDIS_ONCE_H
#define REDIS_ONCE_H

#include <stddef.h>

#include "sinks/mark_record.h"

struct fault;
struct redis;

enum redis_once_step {
	ONCE_AWAY,  /* not connected, or not yet the owner */
	ONCE_OPEN,  /* a batch may be sent */
	ONCE_STORE, /* one was sent */
	ONCE_SETTLE /* it is being answered */
};

struct redis_once {
	int on; /* by config and host; else nothing here is used */
	enum redis_once_step step;
	struct mark_owner owner; /* we; batch: the last one stored */
	struct mark_owner found; /* the same, as Redis had it at the connect */
	char *record;		 /* the owner's as Redis has it */
	char *next;		 /* ... as it is once the batch is stored */
	char *displaced;	 /* the one before ours; NULL before that */
	size_t nbatch;		 /* events in redis.batch, sent or unknown */
	int lost;		 /* another process is the owner */
	int told;		 /* the host has the marks */
};

/* Before the link is made: are marks wanted? */
void redis_once_init(struct redis *);

/* May an event be taken? */
int redis_once_room(const struct redis *);

/* Connected: become the owner. */
void redis_once_up(struct redis *);

/* redis_batch.c: send the next batch, if none is under way. */
void redis_once_feed(struct redis *);

/* redis_batch.c: the batch is stored; before it is settled. */
void redis_once_stored(struct redis *);

/* The outcome of the batch: answer its events. */
void redis_once_settle(
    struct redis *, enum sink_verdict, const struct fault *why);

void redis_once_free(struct redis *);

#endif
