/* pipeline_marks.h - for a sink that stores marks with the events: what it has
 * of each mailbox, and the mark that goes with a batch. */
#ifndef PIPELINE_MARKS_H
#define PIPELINE_MARKS_H

#include <stddef.h>
#include <stdint.h>

struct flight;
struct pipeline;
struct pipeline_lane;
struct sink_host;
struct sink_mark;

/* Give the lane's marks a home.  ${fill} tells where the mailbox stands (all
 * but above), as if those of ${uids} had their outcome; its strings live as
 * long as the lane.  Without effect where the sink stores no marks.  0, or -1
 * if memory is out. */
int pipeline_lane_marks(struct pipeline_lane *,
    void (*fill)(
	void *arg, const uint32_t *uids, size_t n, struct sink_mark *mark),
    void *arg);

/* The sink has the UIDs of ${has}->above, and the event of each reset up to
 * ${has}->epoch: they are not sent to it again.  0, or -1 if that is no list of
 * them, or memory is out. */
int pipeline_lane_has(struct pipeline_lane *, const struct sink_mark *has);

/* Does the pipeline's sink store marks; and are those that it has still to be
 * told by pipeline_config.marks_loaded? */
int pipeline_stores_marks(const struct pipeline *);
int pipeline_loading(const struct pipeline *);

/* For pipeline.c: the host's functions; a flight was stored; the sink has this
 * one already; the end of a lane. */
void pipeline_marks_host(struct sink_host *host);
void pipeline_marks_stored(struct flight *);
int pipeline_marks_has(const struct flight *);
void pipeline_marks_free(struct pipeline_lane *);

#endif
