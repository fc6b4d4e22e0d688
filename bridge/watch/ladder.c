#include "bridge/config/config.h"
#include "bridge/watch/ladder.h"

#define SLOW_SECONDS 30

uint64_t
ladder_next(struct ladder *l, int slow, uint32_t random)
{
	const struct config_retry *retry = l->retry;
	uint64_t ms, spread;
	unsigned step;

	l->failures++;
	if (retry->attempts != 0 && l->failures > retry->attempts)
		return (LADDER_GIVE_UP);
	if (l->failures == 1 && !slow)
		return ((uint64_t)retry->first_seconds * 1000);
	step = l->failures >= 2 ? l->failures - 2 : 0;
	if (step >= retry->nthen)
		step = retry->nthen - 1;
	while (
	    slow && retry->then[step] < SLOW_SECONDS && step + 1 < retry->nthen)
		step++;
	ms = (uint64_t)retry->then[step] * 1000;
	spread = ms / 2;
	return (ms - spread / 2 + (spread * random >> 32));
}

void
ladder_reset(struct ladder *l)
{
	l->failures = 0;
}
