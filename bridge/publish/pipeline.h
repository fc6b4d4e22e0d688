/* pipeline.h - messages in flight to one sink: from the mailbox to the outcome.
 *
 * Messages are converted on the loop's workers, handed to the sink in the UID
 * order of their mailbox, handed in again when the sink says so, and written to
 * the dead letter when the sink refuses them for good.  All functions and
 * callbacks are on the loop's thread. */
#ifndef PIPELINE_H
#define PIPELINE_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "bridge/envelope/event.h"
#include "bridge/ops/metrics.h"

struct attempts;
struct blob_ids;
struct config_sink;
struct config_source;
struct fault;
struct flight;
struct message;
struct pipeline;
struct pipeline_lane;
struct sink_mark;
struct sink_ops;

enum pipeline_outcome {
	PIPELINE_STORED, /* the sink has it, durably */
	PIPELINE_LETTER, /* the dead letter has it, durably */
	PIPELINE_REFUSED /* the sink refused it, and no letter was wanted */
};

struct pipeline_config {
	uv_loop_t *loop;
	const struct config_source *source;
	const struct config_sink *sink;
	const struct sink_ops *ops; /* of the sink's type */
	struct envelope_options envelope;
	const char *state; /* directory, for the dead letter and the blobs */
	unsigned workers;  /* conversions at once */
	struct attempts *attempts; /* or NULL; outlives the pipeline */
	/* The sink came up or went down: whoever waits may look again. */
	void (*changed)(void *arg);
	/* Let a sink that can do so store marks with the events.  Then those
	 * that it has are told once, and the end of them. */
	int keep_marks;
	void (*stored_mark)(
	    void *arg, const struct pipeline *, const struct sink_mark *);
	void (*marks_loaded)(void *arg, const struct pipeline *);
	/* The sink's far side is gone for good (FAULT_ENDED). */
	void (*ended)(void *arg, const struct fault *why);
	void *arg;
};

/* Open the sink and begin.  NULL with ${f}. */
struct pipeline *pipeline_new(const struct pipeline_config *, struct fault *f);

/* Close the sink, answering nothing more; ${closed} is called from the loop
 * when the pipeline is freed.  Lanes must have been closed. */
void pipeline_close(struct pipeline *, void (*closed)(void *arg), void *arg);

/* What this sink refuses is published to ${dead}, before the other is closed,
 * and counts as done when it is stored there; what ${dead} refuses too, and
 * without this call everything, goes to files below the state directory.  0, or
 * -1 if memory is out. */
int pipeline_set_dead_letter(struct pipeline *, struct pipeline *dead);

/* Let the sink read its secrets anew, and try now what rests.  0, or -1 with
 * ${f}: it goes on with those that it has. */
int pipeline_reload(struct pipeline *, struct fault *f);

/* The sink's name, and is it up? */
const char *pipeline_name(const struct pipeline *);
int pipeline_up(const struct pipeline *);

/* Would the same message become the same event for both? */
int pipeline_alike(const struct pipeline *, const struct pipeline *);

/* What the sink has said so far, and what it holds. */
struct pipeline_counts {
	uint64_t stored;
	uint64_t retried; /* answers that said: once more */
	uint64_t refused;
	uint64_t lettered;
	uint64_t downs;			  /* how often the far side was lost */
	struct metrics_histogram latency; /* from submit to STORED */
};

const struct pipeline_counts *pipeline_counts(const struct pipeline *);

/* For how long, in milliseconds, the sink has owed its oldest answer; 0 if it
 * owes none. */
uint64_t pipeline_oldest_ms(const struct pipeline *);

/* Add the ids of the blobs that events in flight refer to. */
void pipeline_blobs(const struct pipeline *, struct blob_ids *);

/* Messages that reached their end. */
uint64_t pipeline_ended(const struct pipeline *);

/* Octets of the messages in flight. */
uint64_t pipeline_octets(const struct pipeline *);

/* Messages in flight; and why the sink is down ("" if it is up). */
size_t pipeline_count(const struct pipeline *);
const char *pipeline_trouble(const struct pipeline *);

/* What a person is to know: why the sink is down, with the name of the mail
 * that it has asked for again most often, or only that mail and why; "" if all
 * is well.  Valid until the next call. */
const char *pipeline_error(struct pipeline *);

/* Has the sink said that it reaches the far side, and not that it lost it? */
int pipeline_reachable(const struct pipeline *);

/* The way of one mailbox's messages.  ${outcome} is called once for each
 * message that has reached its end; without ${letters} a refusal is one.  NULL
 * if memory is out. */
struct pipeline_lane *pipeline_lane_new(struct pipeline *, const char *name,
    int letters,
    void (*outcome)(void *arg, void *ticket, enum pipeline_outcome), void *arg);

/* No outcome is told any more; what is in flight goes on. */
void pipeline_lane_close(struct pipeline_lane *);

/* Take ${m}, which must live until its outcome.  ${like}, if not NULL, is what
 * this call returned for the same message, just before, on a lane of a pipeline
 * that is alike: it is not converted again.  NULL if memory is out. */
struct flight *pipeline_submit(struct pipeline_lane *, struct message *m,
    void *ticket, struct flight *like);

#endif
