/* exec_private.h - shared by exec.c (events in), exec_life.c (the program, its
 * answers and its end) and exec_aside.c (events that end it). */
#ifndef EXEC_PRIVATE_H
#define EXEC_PRIVATE_H

#include <sys/queue.h>

#include "bridge/fault.h"
#include "sinks/backoff.h"
#include "sinks/exec/exec_config.h"
#include "sinks/exec/exec_program.h"
#include "sinks/health.h"
#include "sinks/sink.h"

struct exec_op {
	TAILQ_ENTRY(exec_op) next;
	struct event *ev;
	void *ticket;
	uint64_t number; /* in the order of coming */
	int aside;	 /* it was: nothing else goes beside it */
	unsigned starts; /* that ended at it, which they had alone */
};

TAILQ_HEAD(exec_ops, exec_op);

enum exec_phase { EXEC_RESTING, EXEC_RUNNING, EXEC_ENDING };

struct exec {
	struct sink sink; /* first */
	struct exec_config config;
	struct exec_program *program; /* unless RESTING */
	enum exec_phase phase;
	struct exec_ops ops; /* written to it, in order */
	size_t nops, bytes;
	uint64_t number;       /* of the last event taken */
	struct exec_ops aside; /* it ended at them; in order */
	size_t naside;
	int asking;		/* ... room for another event instead */
	int turn;		/* ... which every other start is for */
	int witnessed;		/* ... and since then another was answered */
	size_t answered, taken; /* by this run of the program */
	int settled;		/* this run has lived for a while */
	size_t careful;		/* after trouble: so many one at a time */
	int paused;		/* it said retry; until the timer fires */
	int hungry;		/* submit() said full: ready() is due */
	uv_timer_t timer;	/* a rest, or the time until it has settled; the
				 * steps of a close */
	uv_timer_t deadline;	/* of the next answer */
	int close_step;
	int nclosing;
	struct backoff backoff;
	struct health health;
	void (*closed)(void *);
	void *closed_arg;
};

/* exec.c: ready(), if it is due. */
void exec_offer(struct exec *);

/* exec.c: the answer to the first event; RETRY to all. */
void exec_settle_first(
    struct exec *, enum sink_verdict verdict, const struct fault *why);
void exec_give_back(struct exec *, const struct fault *why);

/* exec.c: write it to the program.  0, or -1 if memory is out: the sink pauses.
 */
int exec_give(struct exec *, struct exec_op *);

/* exec_aside.c: the program ended, ${how}, while it had one event only.  It is
 * put aside, for the next start, or refused. */
void exec_aside_put(struct exec *, const struct fault *how);

/* exec_aside.c: the program runs and has nothing: hand it what it is to have
 * next, or offer room. */
void exec_aside_next(struct exec *);

/* exec.c: the last step of a close. */
void exec_end(struct exec *);

/* exec_life.c: the timer, started with 0 at the open and at the close. */
void exec_life_timer(uv_timer_t *);

/* exec_life.c: the time for the next answer begins now, if one is owed. */
void exec_life_watch(struct exec *);

#endif
