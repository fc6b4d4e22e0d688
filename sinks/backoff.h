/* backoff.h - how long to wait before the next try: a delay that doubles from
 * 100 ms to 30 s, with jitter, so that many clients of one far side do not
 * come back together. */
#ifndef BACKOFF_H
#define BACKOFF_H

#include <stdint.h>

#define BACKOFF_MAX_MS 30000

struct backoff {
	unsigned tries; /* since the last success; start with 0 */
};

/* The next delay in milliseconds: between half of it and all of it. */
uint64_t backoff_next(struct backoff *);

/* The delay for what only a person can mend: between 15 and 30 s. */
uint64_t backoff_slow(struct backoff *);

/* It worked: start over. */
void backoff_reset(struct backoff *);

#endif
