/* pipeline_private.h - what pipeline.c (order and answers) and convert.c (the
 * work done on workers) share. */
#ifndef PIPELINE_PRIVATE_H
#define PIPELINE_PRIVATE_H

#include "bridge/fault.h"
#include "bridge/publish/attempts.h"
#include "bridge/publish/pipeline.h"

struct sink;

enum flight_state {
	FLIGHT_CONVERTING, /* waits for a worker or is on one */
	FLIGHT_READY,	   /* event made, to be submitted */
	FLIGHT_SUBMITTED,  /* the sink will answer */
	FLIGHT_REFUSED	   /* on its way to the dead letter */
};

/* One message between its FETCH and its outcome. */
struct flight {
	struct pipeline_lane *lane;
	struct flight *prev, *next; /* in the lane, by UID */
	struct flight *work_next;   /* in a queue of work */
	enum flight_state state;
	uint64_t submitted_at;	 /* uv_hrtime() */
	struct message *message; /* borrowed */
	void *ticket;
	struct flight *follower; /* that shares the event */
	struct event *event;
	unsigned tries;	     /* that the sink answered with RETRY */
	char *reason;	     /* ... the last time, from LIMIT_SINK_TRIES on; of
			      * the sink that refused it */
	const char *refuser; /* a letter: that sink; NULL: a message */
	struct fault fault;  /* why the work failed */
};

struct pipeline_lane {
	struct pipeline *pipeline;
	char *name; /* for log lines */
	int letters;
	void (*outcome)(void *, void *, enum pipeline_outcome);
	void *arg;
	struct flight *first, *last;
	struct flight *unsent;	    /* the first not yet submitted, or NULL */
	struct pipeline_lane *next; /* in the pipeline's queue */
	struct pipeline_lane *all_next, **all_at; /* among all lanes */
	struct pipeline_marks *marks;		  /* or NULL */
	int queued;
	int closed;
};

struct flight_queue {
	struct flight *first, **last;
};

struct pipeline {
	struct pipeline_config config;
	struct sink *sink;
	struct pipeline_counts counts;
	int state_fd;
	size_t count;
	uint64_t octets; /* of the messages in flight */
	uint64_t ended;

	struct pipeline_lane *all;
	struct pipeline_lane *lanes,
	    **lanes_last; /* with something to submit */
	int full;	  /* until the sink is ready */
	int up;
	int was_up; /* the sink has said so */
	int marks_loaded;
	char trouble[FAULT_TEXT_MAX];
	struct fault error; /* of pipeline_error() */

	struct flight_queue to_convert;
	struct flight_queue to_letter;
	unsigned working;
	size_t followers; /* flights that others convert */

	struct pipeline *dead;	       /* takes the letters; or NULL */
	struct pipeline_lane *letters; /* to it */

	struct attempts_turn turn; /* to convert */
	int judging;		   /* who is given up: no work is given out */

	uv_timer_t retry; /* until it fires nothing is submitted */
	int resting;
	int work_resting; /* nor is work given to workers */
	uint64_t rest_ms;
	int sending;
	int closing;
	int sink_closed;
	void (*closed)(void *);
	void *closed_arg;
};

/* Put a flight into its lane, in UID order as far as the others are not with
 * the sink yet; take it out. */
void pipeline_lane_insert(struct pipeline_lane *, struct flight *);
void pipeline_lane_remove(struct pipeline_lane *, struct flight *);

/* The first flight from ${f} on that the sink does not have, or NULL. */
struct flight *pipeline_lane_unsent(struct flight *f);

/* Queue the lane if its next message is ready; take the first one out. */
void pipeline_lane_queue(struct pipeline_lane *);
struct pipeline_lane *pipeline_lane_dequeue(struct pipeline *);

/* A flight of a lane; its way begins; its end, whatever it was. */
struct flight *pipeline_flight_new(
    struct pipeline_lane *, struct message *, void *ticket);
void pipeline_flight_begin(struct flight *);
void pipeline_flight_end(struct flight *, enum pipeline_outcome);
void pipeline_flight_free(struct flight *);

/* Hand over what is ready, lane by lane, each in its order. */
void pipeline_pump(struct pipeline *);

/* The sink refused ${f}, and says why in f->reason (pipeline_letter.c). */
void pipeline_letter_begin(struct flight *f);

/* No sink will get the event of ${f}, which is in no queue, nor those of its
 * followers: to the dead letters. */
void pipeline_give_up(struct flight *f, const char *reason);

/* Free the lane; or only if it is closed and its last message has gone. */
void pipeline_lane_free(struct pipeline_lane *);
void pipeline_lane_release(struct pipeline_lane *);

void flight_queue_put(struct flight_queue *, struct flight *);
struct flight *flight_queue_take(struct flight_queue *);

/* No work yet. */
void convert_init(struct pipeline *);

/* Give waiting work to the workers, as far as they are free. */
void convert_dispatch(struct pipeline *);

/* Told by convert.c on the loop: the event is made; the dead letter is written;
 * either failed (f->fault), to be tried again later. */
void pipeline_converted(struct flight *);
void pipeline_lettered(struct flight *);
void pipeline_work_failed(struct flight *);
void pipeline_work_done(struct pipeline *);

#endif
