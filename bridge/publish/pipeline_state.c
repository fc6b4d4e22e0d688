/* What others may know of a pipeline: its sink, its counts. */
#include "bridge/config/config.h"
#include "bridge/message.h"
#include "bridge/publish/pipeline_private.h"

const char *
pipeline_name(const struct pipeline *p)
{
	return (p->config.sink->name);
}

int
pipeline_up(const struct pipeline *p)
{
	return (p->up);
}

int
pipeline_alike(const struct pipeline *p, const struct pipeline *q)
{
	const struct envelope_options *a = &p->config.envelope;
	const struct envelope_options *b = &q->config.envelope;

	return (a->format == b->format && a->attachments == b->attachments &&
	    a->raw == b->raw && a->cloudevents == b->cloudevents &&
	    a->max_event_bytes == b->max_event_bytes);
}

uint64_t
pipeline_octets(const struct pipeline *p)
{
	return (p->octets);
}

size_t
pipeline_count(const struct pipeline *p)
{
	return (p->count);
}

uint64_t
pipeline_ended(const struct pipeline *p)
{
	return (p->ended);
}

int
pipeline_reachable(const struct pipeline *p)
{
	return (p->up && p->was_up);
}

const char *
pipeline_trouble(const struct pipeline *p)
{
	return (p->trouble);
}

/* Of one mailbox the first one is it. */
static const struct flight *
most_tried(const struct pipeline *p)
{
	const struct pipeline_lane *lane;
	const struct flight *most = NULL;

	for (lane = p->all; lane != NULL; lane = lane->all_next) {
		if (lane->first == NULL || lane->first->reason == NULL ||
		    lane->first->state == FLIGHT_REFUSED)
			continue;
		if (most == NULL || lane->first->tries > most->tries)
			most = lane->first;
	}
	return (most);
}

const char *
pipeline_error(struct pipeline *p)
{
	const struct flight *f = most_tried(p);

	if (f == NULL)
		return (p->trouble);
	fault_set(&p->error, FAULT_RETRY,
	    "%s: UID %u was handed in %u times: %s", f->lane->name,
	    f->message->uid, f->tries,
	    p->trouble[0] != '\0' ? p->trouble : f->reason);
	return (p->error.text);
}

/* Sinks answer in about the order of coming: each mailbox's first one will
 * do. */
uint64_t
pipeline_oldest_ms(const struct pipeline *p)
{
	const struct pipeline_lane *lane;
	uint64_t oldest = UINT64_MAX, now = uv_hrtime();

	for (lane = p->all; lane != NULL; lane = lane->all_next) {
		if (lane->first != NULL &&
		    lane->first->state == FLIGHT_SUBMITTED &&
		    lane->first->submitted_at < oldest)
			oldest = lane->first->submitted_at;
	}
	return (oldest != UINT64_MAX ? (now - oldest) / 1000000 : 0);
}

const struct pipeline_counts *
pipeline_counts(const struct pipeline *p)
{
	return (&p->counts);
}
