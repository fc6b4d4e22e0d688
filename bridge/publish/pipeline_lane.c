/* The order of one mailbox's messages, and the queue of those mailboxes that
 * have something for the sink. */
#include <stdlib.h>
#include <string.h>

#include "bridge/message.h"
#include "bridge/publish/pipeline_marks.h"
#include "bridge/publish/pipeline_private.h"
#include "bridge/store/blob_keeper.h"

void
pipeline_lane_insert(struct pipeline_lane *lane, struct flight *f)
{
	struct flight *after = lane->last;

	/* In UID order, as far as it is not submitted yet. */
	while (after != NULL && after->message->uid > f->message->uid &&
	    after->state != FLIGHT_SUBMITTED)
		after = after->prev;
	f->prev = after;
	f->next = after != NULL ? after->next : lane->first;
	if (f->next != NULL)
		f->next->prev = f;
	else
		lane->last = f;
	if (after != NULL)
		after->next = f;
	else
		lane->first = f;
}

/* The first one from ${f} on that the sink does not have. */
struct flight *
pipeline_lane_unsent(struct flight *f)
{
	while (f != NULL && f->state != FLIGHT_CONVERTING &&
	    f->state != FLIGHT_READY)
		f = f->next;
	return (f);
}

void
pipeline_lane_remove(struct pipeline_lane *lane, struct flight *f)
{
	if (lane->unsent == f)
		lane->unsent = pipeline_lane_unsent(f->next);
	if (f->prev != NULL)
		f->prev->next = f->next;
	else
		lane->first = f->next;
	if (f->next != NULL)
		f->next->prev = f->prev;
	else
		lane->last = f->prev;
}

void
pipeline_lane_queue(struct pipeline_lane *lane)
{
	struct pipeline *p = lane->pipeline;

	if (lane->queued || lane->unsent == NULL ||
	    lane->unsent->state != FLIGHT_READY)
		return;
	lane->queued = 1;
	lane->next = NULL;
	*p->lanes_last = lane;
	p->lanes_last = &lane->next;
}

struct pipeline_lane *
pipeline_lane_dequeue(struct pipeline *p)
{
	struct pipeline_lane *lane;

	if ((lane = p->lanes) == NULL)
		return (NULL);
	if ((p->lanes = lane->next) == NULL)
		p->lanes_last = &p->lanes;
	lane->queued = 0;
	return (lane);
}

struct pipeline_lane *
pipeline_lane_new(struct pipeline *p, const char *name, int letters,
    void (*outcome)(void *, void *, enum pipeline_outcome), void *arg)
{
	struct pipeline_lane *lane;

	if ((lane = calloc(1, sizeof(*lane))) == NULL ||
	    (lane->name = strdup(name)) == NULL) {
		free(lane);
		return (NULL);
	}
	lane->pipeline = p;
	lane->letters = letters;
	lane->outcome = outcome;
	lane->arg = arg;
	lane->all_next = p->all;
	lane->all_at = &p->all;
	if (p->all != NULL)
		p->all->all_at = &lane->all_next;
	p->all = lane;
	return (lane);
}

void
pipeline_lane_free(struct pipeline_lane *lane)
{
	*lane->all_at = lane->all_next;
	if (lane->all_next != NULL)
		lane->all_next->all_at = lane->all_at;
	free(lane->name);
	pipeline_marks_free(lane);
	free(lane);
}

/* Free a closed lane when the last of its messages has gone. */
void
pipeline_lane_release(struct pipeline_lane *lane)
{
	if (lane->closed && lane->first == NULL && !lane->queued)
		pipeline_lane_free(lane);
}

void
pipeline_lane_close(struct pipeline_lane *lane)
{
	if (lane == NULL)
		return;
	lane->closed = 1;
	pipeline_lane_release(lane);
}

void
pipeline_blobs(const struct pipeline *p, struct blob_ids *ids)
{
	const struct pipeline_lane *lane;
	const struct flight *f;
	size_t i;

	for (lane = p->all; lane != NULL; lane = lane->all_next)
		for (f = lane->first; f != NULL; f = f->next) {
			/* Else a worker is making the event. */
			if (f->state != FLIGHT_READY &&
			    f->state != FLIGHT_SUBMITTED)
				continue;
			for (i = 0; i < f->event->nblobs; i++)
				blob_ids_add(ids, f->event->blobs[i].id);
		}
}
