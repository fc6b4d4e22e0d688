/* route.h - where the messages of some accounts go: to one sink, or to several
 * (fan-out).
 *
 * Accounts with the same list of sinks share a route and its budget, so that a
 * dead sink starves only those that need it.  A message goes to all sinks of
 * its route at once, converted once where they take the same; it has its
 * outcome when each of them has told its own.  A sink that is behind may be so
 * by as much as the budget holds; then the others wait for it too.  All calls
 * are on the loop's thread. */
#ifndef ROUTE_H
#define ROUTE_H

#include <stddef.h>
#include <stdint.h>

#include "bridge/publish/budget.h"
#include "bridge/publish/pipeline.h"

struct message;
struct route;
struct route_lane;
struct sink_mark;

struct route_config {
	struct pipeline *const *pipelines; /* n of them; copied */
	size_t n;
	size_t inflight_bytes;
	int letters; /* what a sink refuses goes to the dead letter; else that
		      * is the outcome */
	/* There is room again after route_hold() said hold, or the last message
	 * in flight is gone. */
	void (*changed)(void *arg);
	void *arg;
};

/* NULL if memory is out. */
struct route *route_new(const struct route_config *);

/* Free it with what is still in flight; its pipelines must be closed. */
void route_free(struct route *);

/* The octets in flight; see budget.h and route_charge(). */
struct budget *route_budget(struct route *);

/* Give octets of it back; who was held looks again. */
void route_give(struct route *, size_t charge);

/* What a message of ${size} octets takes of the budget, with the events that
 * are made of it. */
size_t route_charge(const struct route *, size_t size);

/* Is it better not to fetch now: all sinks are down and have something to be
 * tried with, or the budget is full?  If so, the changed() of the route or of a
 * pipeline tells when to ask again. */
int route_hold(struct route *);

/* The sink that the others wait for, and in *n how many messages they have that
 * it has not; NULL if none is behind. */
const char *route_slowest(const struct route *, size_t *n);

/* To be called every few seconds: where the budget stays full, the log names
 * the sink that is behind. */
void route_look(struct route *);

/* The way of one mailbox's messages.  ${outcome} is called once for each
 * message that has reached its end at all sinks; it is freed after the call.
 * NULL if memory is out. */
struct route_lane *route_lane_new(struct route *, const char *name,
    void (*outcome)(void *arg, const struct message *m, enum pipeline_outcome),
    void *arg);

/* For sinks that store marks: ${fill} tells where the mailbox stands (see
 * pipeline_marks.h); where it goes to several, their common mark.  0, or -1 if
 * memory is out. */
int route_lane_marks(struct route_lane *,
    void (*fill)(
	void *arg, const uint32_t *uids, size_t n, struct sink_mark *mark),
    void *arg);

/* The sink of this pipeline has what this mark of its says.  0, or -1. */
int route_lane_has(
    struct route_lane *, const struct pipeline *, const struct sink_mark *has);

/* Does the pipeline belong to it?  Are marks of any of them to come yet? */
int route_has(const struct route *, const struct pipeline *);
int route_loading(const struct route *);

/* No outcome is told any more; what is in flight goes on. */
void route_lane_close(struct route_lane *);

/* Take ${m} (always), for which ${charge} of the budget is taken; both are
 * given back at its end.  0, or -1 if memory is out: then it may have come to
 * some of the sinks, and has no outcome. */
int route_submit(struct route_lane *, struct message *m, size_t charge);

#endif
