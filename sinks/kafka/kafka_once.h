/* kafka_once.h - exactly once: events, marks and who stored them, in
 * transactions, one after the other.
 *
 * A transaction gathers events for a moment (or until it is large), then takes
 * the marks of their mailboxes and the record of its owner, and is committed;
 * meanwhile submit() says full.  Its events are answered when that has an
 * outcome.  The calls that wait for brokers run on a worker.
 *
 * An outcome that was not told (the producer came to its end in between) is
 * found in the checkpoint topic, after init_transactions, which ends what was
 * open: the owner's record has the number of the last batch.
 *
 * Another process under the same transactional_id fences this one.  Then the
 * record tells whether it is really at work, and this one rests until it is
 * started again; or whether only a transaction took too long, and this one goes
 * on.  All from the loop. */
#ifndef KAFKA_ONCE_H
#define KAFKA_ONCE_H

#include <jansson.h>
#include <librdkafka/rdkafka.h>
#include <uv.h>

#include "bridge/fault.h"
#include "sinks/mark_record.h"

struct kafka;
struct kafka_op;

enum kafka_once_step {
	ONCE_START,  /* becoming the owner, reading the marks */
	ONCE_OPEN,   /* a transaction takes events */
	ONCE_COMMIT, /* it is being committed */
	ONCE_ABORT   /* or aborted */
};

/* What librdkafka said of a call. */
struct kafka_once_error {
	rd_kafka_resp_err_t code; /* no error: it worked */
	int retriable, abort, fatal;
	char text[256];
};

struct kafka_once {
	int on; /* by config and host; else nothing here is used */
	enum kafka_once_step step;
	struct mark_owner owner; /* we; batch: the last one committed */
	uv_work_t work;
	uv_timer_t timer; /* the end of the batch; the next try to start */
	int busy;	  /* the worker has the producer */
	int cancel;	  /* atomic: it is to come to its end */
	int inited;	  /* this producer has the transactional id */
	int fenced;	  /* the last one had lost it */
	int claimed;	  /* the topic says that we are the owner */
	int lost;	  /* ... to another process, which .. */
	char winner[160]; /* is this one */
	int unknown;	  /* was the last batch committed? */
	int told;	  /* the host has the marks */
	int failed;	  /* a report was bad: abort */
	int ending;	  /* the batch ends when the late event is answered */
	int done;	  /* the worker's commit or abort succeeded */
	struct kafka_once_error error;
	struct fault fault; /* of the start, beyond error */
	json_t *records;
};

/* Before the producer is made: are transactions wanted? */
void kafka_once_init(struct kafka *);

/* A new producer is there. */
void kafka_once_start(struct kafka *);

/* Give the next step to the worker. */
void kafka_once_do(struct kafka *, enum kafka_once_step);

/* May an event be sent?  And: is the start over? */
int kafka_once_room(const struct kafka *);
int kafka_once_ready(const struct kafka *);

/* An event was sent; nothing more comes for now; the late event is answered. */
void kafka_once_sent(struct kafka *);
void kafka_once_flush(struct kafka *);
void kafka_once_late(struct kafka *);

/* A delivery report, of ${op} or (NULL) of a mark. */
void kafka_once_reported(
    struct kafka *, struct kafka_op *op, rd_kafka_resp_err_t err);

/* The producer is at its end, for what librdkafka calls ${fatal}. */
void kafka_once_ended(struct kafka *, rd_kafka_resp_err_t fatal);

/* The sink is closed: end the batch.  Is something still under way? */
int kafka_once_finish(struct kafka *);

#endif
