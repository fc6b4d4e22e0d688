#include "bridge/watch/berths.h"

/* After the refusal of a connection: how long until those that were opened at
 * the same time have been accepted, or not. */
#define COUNT_MS 2000

/* How long to believe what was counted. */
#define BELIEVE_MS 3600000

void
berths_init(struct berths *b)
{
	*b = (struct berths){ .count_at = UINT64_MAX, .try_at = UINT64_MAX };
}

size_t
berths_own(const struct berths *b, size_t max, size_t n, int shared)
{
	if (b->allowed != 0 && (max == 0 || b->allowed < max))
		max = b->allowed;
	if (max == 0 || (!shared && n <= max))
		return (n);
	return (max - 1);
}

void
berths_refused(struct berths *b, uint64_t now)
{
	if (b->count_at == UINT64_MAX)
		b->count_at = now + COUNT_MS;
}

uint64_t
berths_at(const struct berths *b)
{
	return (b->count_at < b->try_at ? b->count_at : b->try_at);
}

enum berths_change
berths_look(
    struct berths *b, size_t in, size_t max, size_t n, int shared, uint64_t now)
{
	if (now >= b->count_at) {
		b->count_at = UINT64_MAX;
		/* None: others have them all, and we can only wait.  And with
		 * less than the shared one there is nothing to be done. */
		if (in == 0 || berths_own(b, max, n, shared) == 0)
			return (BERTHS_SAME);
		b->allowed = in;
		b->try_at = now + BELIEVE_MS;
		return (BERTHS_FEWER);
	}
	if (now < b->try_at)
		return (BERTHS_SAME);
	if (b->allowed < n) {
		b->allowed++;
		b->try_at = now + BELIEVE_MS;
	} else {
		b->allowed = 0;
		b->try_at = UINT64_MAX;
	}
	return (BERTHS_MORE);
}
