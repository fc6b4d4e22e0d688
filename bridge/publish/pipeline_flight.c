/* A message's flight: from its mailbox's lane to its end. */
#include <stdlib.h>

#include "bridge/message.h"
#include "bridge/publish/pipeline_private.h"

/* The end of a flight, whatever it was. */
void
pipeline_flight_free(struct flight *f)
{
	event_free(f->event);
	free(f->reason);
	free(f);
}

void
pipeline_flight_end(struct flight *f, enum pipeline_outcome outcome)
{
	struct pipeline_lane *lane = f->lane;
	struct pipeline *p = lane->pipeline;
	void *ticket = f->ticket;
	size_t octets = f->message->raw_len;

	pipeline_lane_remove(lane, f);
	pipeline_flight_free(f);
	p->count--;
	p->octets -= octets;
	p->ended++;
	if (!lane->closed)
		lane->outcome(lane->arg, ticket, outcome);
	else
		pipeline_lane_release(lane);
}

struct flight *
pipeline_flight_new(struct pipeline_lane *lane, struct message *m, void *ticket)
{
	struct flight *f;

	if ((f = calloc(1, sizeof(*f))) == NULL)
		return (NULL);
	f->lane = lane;
	f->message = m;
	f->ticket = ticket;
	f->state = FLIGHT_CONVERTING;
	return (f);
}

void
pipeline_flight_begin(struct flight *f)
{
	struct pipeline_lane *lane = f->lane;

	lane->pipeline->count++;
	lane->pipeline->octets += f->message->raw_len;
	pipeline_lane_insert(lane, f);
	if (lane->unsent == NULL ||
	    f->message->uid < lane->unsent->message->uid)
		lane->unsent = f;
}

struct flight *
pipeline_submit(struct pipeline_lane *lane, struct message *m, void *ticket,
    struct flight *like)
{
	struct pipeline *p = lane->pipeline;
	struct flight *f;

	if ((f = pipeline_flight_new(lane, m, ticket)) == NULL)
		return (NULL);
	pipeline_flight_begin(f);
	if (like != NULL) {
		f->follower = like->follower;
		like->follower = f;
		p->followers++;
	} else {
		flight_queue_put(&p->to_convert, f);
		convert_dispatch(p);
	}
	return (f);
}

void
pipeline_converted(struct flight *f)
{
	struct flight *g;

	if (f->refuser == NULL)
		fingerprint_take(&f->message->print, f->message,
		    f->event->blob_id, f->event->message_id);
	f->state = FLIGHT_READY;
	pipeline_lane_queue(f->lane);
	if (f->lane->pipeline->closing)
		return; /* so are the others, or gone */
	for (g = f->follower; g != NULL; g = g->follower) {
		g->event = event_share(f->event);
		g->state = FLIGHT_READY;
		g->lane->pipeline->followers--;
		pipeline_lane_queue(g->lane);
		pipeline_pump(g->lane->pipeline);
	}
	f->follower = NULL;
}
