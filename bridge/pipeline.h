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

#include "bridge/budget.h"
#include "bridge/envelope/event.h"
#include "bridge/ops/metrics.h"

struct config_sink;
struct config_source;
struct fault;
struct message;
struct pipeline;
struct pipeline_lane;
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
	size_t inflight_bytes;
	const char *state; /* directory, for the dead letter and the blobs */
	unsigned workers;  /* conversions at once */
	int no_letters;	   /* a refusal is an outcome, told and logged */
	/* The sink came up or went down, there is room again after
	 * pipeline_hold() said hold, or the last message in flight is gone:
	 * whoever waits may look again. */
	void (*changed)(void *arg);
	/* The sink's far side is gone for good (FAULT_ENDED). */
	void (*ended)(void *arg, const struct fault *why);
	void *arg;
};

/* Open the sink and begin.  NULL with ${f}. */
struct pipeline *pipeline_new(const struct pipeline_config *, struct fault *f);

/* Close the sink, answering nothing more; ${closed} is called from the loop
 * when the pipeline is freed.  Lanes must have been closed. */
void pipeline_close(struct pipeline *, void (*closed)(void *arg), void *arg);

/* The octets in flight; see budget.h and pipeline_charge(). */
struct budget *pipeline_budget(struct pipeline *);

/* What a message of ${size} octets takes of the budget, with the event that is
 * made of it. */
size_t pipeline_charge(size_t size);

/* Is it better not to fetch now: the sink is down, or the budget is full?  If
 * so, config.changed tells when to ask again. */
int pipeline_hold(struct pipeline *);

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

/* Messages that reached their end. */
uint64_t pipeline_ended(const struct pipeline *);

/* Messages in flight; and why the sink is down ("" if it is up). */
size_t pipeline_count(const struct pipeline *);
const char *pipeline_trouble(const struct pipeline *);

/* Has the sink said that it reaches the far side, and not that it lost it? */
int pipeline_reachable(const struct pipeline *);

/* The way of one mailbox's messages.  ${outcome} is called once for each
 * message that has reached its end.  NULL if memory is out. */
struct pipeline_lane *pipeline_lane_new(struct pipeline *, const char *name,
    void (*outcome)(
	void *arg, uint64_t uidvalidity, uint32_t uid, enum pipeline_outcome),
    void *arg);

/* No outcome is told any more; what is in flight goes on. */
void pipeline_lane_close(struct pipeline_lane *);

/* Take ${m} (always), for which ${charge} of the budget is taken; both are
 * given back at its end.  0, or -1 if memory is out: then both are given back
 * now. */
int pipeline_submit(struct pipeline_lane *, struct message *m, size_t charge);

#endif
