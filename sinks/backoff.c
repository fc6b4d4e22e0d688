#include "bridge/watch/chance.h"
#include "sinks/backoff.h"

#define BACKOFF_FIRST_MS 100

/* At least half of it. */
static uint64_t
jitter(uint64_t ms)
{
	return (ms / 2 + chance_part(ms - ms / 2 + 1));
}

uint64_t
backoff_next(struct backoff *b)
{
	uint64_t ms = BACKOFF_FIRST_MS;
	unsigned i;

	for (i = 0; i < b->tries && ms < BACKOFF_MAX_MS; i++)
		ms *= 2;
	b->tries++;
	return (jitter(ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS));
}

uint64_t
backoff_slow(struct backoff *b)
{
	b->tries++;
	return (jitter(BACKOFF_MAX_MS));
}

void
backoff_reset(struct backoff *b)
{
	b->tries = 0;
}
