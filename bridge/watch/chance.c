#include <sys/random.h>

#include "bridge/watch/chance.h"

uint32_t
chance(void)
{
	uint32_t n;

	if (getrandom(&n, sizeof(n), GRND_NONBLOCK) != sizeof(n))
		return (UINT32_MAX / 2);
	return (n);
}

uint64_t
chance_part(uint64_t n)
{
	uint64_t c = chance();

	return ((n >> 32) * c + ((n & UINT32_MAX) * c >> 32));
}
