/* What others may know of a pipeline: its room, its sink, its counts. */
#include "bridge/pipeline_private.h"

size_t
pipeline_charge(size_t size)
{
	/* The raw message, its event (base64 inside JSON), and what they need
	 * around them. */
	return (size / 2 * 5 + 4096);
}

struct budget *
pipeline_budget(struct pipeline *p)
{
	return (&p->budget);
}

int
pipeline_hold(struct pipeline *p)
{
	if (p->up && !budget_full(&p->budget))
		return (0);
	p->held = 1;
	return (1);
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
