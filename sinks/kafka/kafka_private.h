/* kafka_private.h - shared by kafka.c (events in, answers out), kafka_event.c
 * (what librdkafka tells) and kafka_life.c (the life of the producer). */
#ifndef KAFKA_PRIVATE_H
#define KAFKA_PRIVATE_H

#include <sys/queue.h>

#include "bridge/fault.h"
#include "sinks/backoff.h"
#include "sinks/health.h"
#include "sinks/kafka/kafka_config.h"
#include "sinks/kafka/kafka_error.h"
#include "sinks/kafka/kafka_once.h"
#include "sinks/kafka/kafka_producer.h"
#include "sinks/sink.h"

/* Taken and not answered.  Less than librdkafka's own queue, so that its limits
 * are never met, but enough to fill batches for many partitions. */
#define KAFKA_WINDOW_EVENTS 10000
#define KAFKA_WINDOW_BYTES ((size_t)256 * 1024 * 1024)

/* An event that librdkafka has, or that waits for its late answer. */
struct kafka_op {
	TAILQ_ENTRY(kafka_op) next;
	struct event *ev;
	void *ticket;
	int alone; /* no other was under way with it, so an error is its own */
	rd_kafka_resp_err_t error; /* of its report, while in a transaction */
};

TAILQ_HEAD(kafka_ops, kafka_op);

enum kafka_phase {
	KAFKA_LIVE,    /* the producer takes messages */
	KAFKA_DRAIN,   /* it is to end; what brokers have may still be stored */
	KAFKA_PURGE,   /* ... and now everything is called back */
	KAFKA_DESTROY, /* a worker destroys it */
	KAFKA_PAUSE,   /* there is none; wait before the next */
	KAFKA_MAKE,    /* a worker makes the next */
	KAFKA_REST,    /* another process has won: there will be no next */
	KAFKA_GONE     /* closed */
};

struct kafka {
	struct sink sink; /* first */
	struct kafka_config config;
	enum kafka_phase phase;
	struct kafka_producer *producer;
	struct kafka_producer *making; /* the worker's */
	struct fault make_fault;
	unsigned long remade; /* producers thrown away after fatal errors */
	struct kafka_once once;
	int resting; /* rest instead of making another */

	struct kafka_ops ops; /* librdkafka has their bytes */
	size_t nops, bytes;
	unsigned careful;      /* so many more are sent one at a time */
	struct kafka_op *late; /* too large: to be refused from the loop */
	rd_kafka_resp_err_t late_error;

	int wake_fd;
	uv_poll_t poll;
	uv_timer_t phase_timer; /* the bound of this phase */
	uv_timer_t pause_timer; /* after trouble: nothing is taken until then */
	uv_timer_t probe_timer; /* when to ask for the topic again */
	uv_timer_t late_timer;	/* the next turn of the loop */
	unsigned nhandles;
	uv_work_t work; /* KAFKA_DESTROY, KAFKA_MAKE */
	uv_work_t probe;
	int probing; /* the worker has the producer */
	rd_kafka_resp_err_t probe_error;
	int paused;
	int serving;	  /* inside an event of the producer: it may not end */
	int hungry;	  /* submit() said full: ready() is due */
	int away;	  /* down because no broker can be reached */
	char detail[256]; /* the last that librdkafka said of a connection */
	struct backoff backoff, probe_backoff;
	struct health health;
	void (*closed)(void *);
	void *closed_arg;
};

/* kafka.c: trouble was found; tell it, and pause if that may help. */
void kafka_trouble(struct kafka *, enum kafka_trouble, struct fault *);

/* kafka.c: the answer to ${op}, which is freed. */
void kafka_settle(struct kafka *, struct kafka_op *op, enum sink_verdict,
    const struct fault *why);

/* kafka.c: ready(), if it is due. */
void kafka_offer(struct kafka *);

/* kafka.c: answer everything that is held; librdkafka has none of it any more.
 */
void kafka_give_back(struct kafka *, const struct fault *why);

/* kafka_event.c: the producer has events; the callback of wake_fd. */
void kafka_event_wake(uv_poll_t *, int status, int events);

/* kafka_event.c: has the producer come to its end?  Then ${f} says why. */
int kafka_event_fatal(struct kafka *, struct fault *f);

/* kafka_event.c: a broker refused ${op}, or what was sent with it, for what it
 * holds; ${f} says so. */
void kafka_event_suspect(struct kafka *, struct kafka_op *op,
    rd_kafka_resp_err_t err, struct fault *f);

/* kafka_life.c from here on.  Start with the producer just made by open(): its
 * handles on the loop. */
void kafka_life_start(struct kafka *, uv_poll_cb on_wake);

/* The producer had a fatal error, said in ${why}, or the sink is closed: let it
 * end, and unless closed make another. */
void kafka_life_end(struct kafka *, const struct fault *why);

/* Let it end and make no other. */
void kafka_life_rest(struct kafka *, const struct fault *why);

/* The worker has left the producer: something may have waited for that. */
void kafka_life_worked(struct kafka *);

/* After the events of a turn: perhaps the last that was waited for. */
void kafka_life_answered(struct kafka *);

/* Something was lost: ask for the topic until it is there again. */
void kafka_life_probe(struct kafka *);

#endif
