/* redis_durable.h - what a server has is stored when enough replicas have it,
 * or the disks (WAIT, and WAITAOF of Redis 7.2).  Both count what this
 * connection has written, so one question serves all that was written before.
 */
#ifndef REDIS_DURABLE_H
#define REDIS_DURABLE_H

#include <stddef.h>
#include <sys/queue.h>

struct fault;
struct redis;
struct redis_op;

STAILQ_HEAD(redis_ops, redis_op);

struct redis_durable {
	struct redis_ops written; /* at least once: replied to, and waiting */
	size_t nwritten;
	size_t covered; /* so many of them the question is about */
	void (*done)(struct redis *);
};

/* Does the server know the question?  Then ${done}; else the connection is
 * given up, and the reason told.  At once where config asks for nothing. */
void redis_durable_probe(struct redis *, void (*done)(struct redis *));

/* Call ${done} once all that was written is where config wants it; at once if
 * it asks for nothing.  As long as too few confirm it that is told, and asked
 * again.  Not called if the connection is lost.  One question at a time. */
void redis_durable_wait(struct redis *, void (*done)(struct redis *));

/* At least once: ${op} is written; settle it when that is durable. */
void redis_durable_written(struct redis *, struct redis_op *op);

/* Hand back what is written and not confirmed. */
void redis_durable_drop(struct redis *, const struct fault *why);

#endif
