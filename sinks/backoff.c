#include <sys/random.h>

#include "sinks/backoff.h"

#define BACKOFF_FIRST_MS 100

static uint64_t
jitter(uint64_t ms)
{
	uint32_t r;

	/* Without randomness early in boot the delay is merely not spread. */
	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != sizeof(r))
		r = UINT32_MAX / 2;
	return (ms / 2 + (ms - ms / 2) * r / UINT32_MAX);
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
