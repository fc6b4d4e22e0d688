/* redis_private.h - shared by redis.c (events in), redis_answer.c (what comes
 * back), and redis_once.c and redis_batch.c (delivery: exactly_once). */
#ifndef REDIS_PRIVATE_H
#define REDIS_PRIVATE_H

#include <sys/queue.h>

#include "bridge/fault.h"
#include "sinks/backoff.h"
#include "sinks/health.h"
#include "sinks/redis/redis_config.h"
#include "sinks/redis/redis_durable.h"
#include "sinks/redis/redis_link.h"
#include "sinks/redis/redis_once.h"
#include "sinks/sink.h"

struct redisAsyncContext;

struct redis_op {
	STAILQ_ENTRY(redis_op) next; /* in waiting, batch or written */
	struct redis *redis;
	struct event *ev;
	void *ticket;
};

struct redis {
	struct sink sink; /* first */
	struct redis_config config;
	struct redis_link *link;
	int ready; /* connected, and what was to be asked first is answered */
	struct redis_durable durable;
	struct redis_once once;
	struct redis_ops waiting; /* taken, not yet given to hiredis */
	struct redis_ops batch;	  /* of once: sent, its outcome not known */
	size_t unanswered, bytes;
	size_t fed;	   /* bytes in hiredis' hands, at most */
	uint64_t progress; /* when the last reply came */
	int probing;	   /* after trouble: one event at a time */
	size_t careful;	   /* one of a batch was too large: so many alone */
	int paused;	   /* ... and none until the timer fires */
	int broken;	   /* the connection is to be given up */
	int hungry;	   /* submit() said full: ready() is due */
	uv_timer_t timer;  /* the pause; the end of a close */
	uv_timer_t watch;  /* the deadline of replies */
	int nclosing;	   /* handles and the link, still to be closed */
	struct backoff backoff;
	struct health health;
	void (*closed)(void *);
	void *closed_arg;
};

/* redis.c: ready(), if it is due. */
void redis_offer(struct redis *);

/* redis.c: the answer to ${op}, which is freed. */
void redis_settle(
    struct redis_op *op, enum sink_verdict, const struct fault *why);

/* redis.c: give hiredis what it has room for. */
void redis_feed(struct redis *);

/* redis.c: memory is out, perhaps with half a command in hiredis' buffer: give
 * the connection up, from the loop. */
void redis_give_up(struct redis *);

/* redis.c: replies are due from now on; the connection is given up if none
 * comes for long. */
void redis_watch(struct redis *);

/* redis.c: a pause is over, or the time of a close is. */
void redis_resume(uv_timer_t *);

/* redis.c: end it; what is not answered will be. */
void redis_finish(struct redis *);

/* redis_answer.c: it stores well.  And: after each reply, perhaps the last one
 * that was waited for. */
void redis_stored(struct redis *);
void redis_answered(struct redis *);

/* redis_answer.c: give the connection up for what an error reply to ${what}
 * says, and go where it says; ${f} tells. */
void redis_leave(
    struct redis *, const char *text, const char *what, struct fault *f);

/* redis_answer.c: the reply to the command of a struct redis_op. */
void redis_answer(struct redisAsyncContext *, void *reply, void *op);

/* redis_answer.c: the reply to the batch of a struct redis. */
void redis_answer_batch(struct redisAsyncContext *, void *reply, void *redis);

/* redis_answer.c: what becomes of the connection. */
extern const struct redis_link_events redis_answer_events;

#endif
