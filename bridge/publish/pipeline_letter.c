/* What a sink refuses for good: to the dead-letter sink, or to a file. */
#include <stdlib.h>
#include <string.h>

#include "bridge/config/config.h"
#include "bridge/message.h"
#include "bridge/ops/log.h"
#include "bridge/publish/pipeline_private.h"

/* Below the state directory. */
static void
keep_in_file(struct flight *f)
{
	struct pipeline *p = f->lane->pipeline;

	flight_queue_put(&p->to_letter, f);
	convert_dispatch(p);
}

void
pipeline_lettered(struct flight *f)
{
	log_write(LOG_WARN, "pipeline", f->lane->name,
	    "%s %u is in the dead letter: sink %s: %s",
	    f->message->reset != NULL ? "the event of a reset, UID" : "UID",
	    f->message->uid, f->lane->pipeline->config.sink->name,
	    f->reason != NULL ? f->reason : "");
	f->lane->pipeline->counts.lettered++;
	pipeline_flight_end(f, PIPELINE_LETTER);
}

/* The dead-letter sink has told of the letter about the flight ${ticket}. */
static void
on_letter(void *arg, void *ticket, enum pipeline_outcome outcome)
{
	struct flight *f = ticket;

	(void)arg;
	if (outcome == PIPELINE_STORED)
		pipeline_lettered(f);
	else
		keep_in_file(f);
}

void
pipeline_letter_begin(struct flight *f)
{
	struct pipeline *p = f->lane->pipeline;
	struct flight *letter;

	if (p->dead == NULL || p->dead->closing) {
		keep_in_file(f);
		return;
	}
	if ((letter = pipeline_flight_new(p->letters, f->message, f)) == NULL ||
	    (letter->reason = strdup(f->reason != NULL ? f->reason : "")) ==
		NULL) {
		free(letter);
		keep_in_file(f);
		return;
	}
	letter->refuser = p->config.sink->name;
	pipeline_flight_begin(letter);
	flight_queue_put(&p->dead->to_convert, letter);
	convert_dispatch(p->dead);
}

void
pipeline_give_up(struct flight *f, const char *reason)
{
	struct flight *next;
	struct pipeline_lane *lane;
	int follows = 0;

	for (; f != NULL; f = next, follows = 1) {
		next = f->follower;
		f->follower = NULL;
		lane = f->lane;
		lane->pipeline->followers -= (size_t)follows;
		f->state = FLIGHT_REFUSED;
		free(f->reason);
		f->reason = strdup(reason);
		/* Nobody behind it waits any more. */
		lane->unsent = pipeline_lane_unsent(lane->first);
		pipeline_lane_queue(lane);
		pipeline_letter_begin(f);
	}
}

int
pipeline_set_dead_letter(struct pipeline *p, struct pipeline *dead)
{
	p->letters = pipeline_lane_new(dead, "dead letter", 0, on_letter, p);
	if (p->letters == NULL)
		return (-1);
	p->dead = dead;
	return (0);
}
