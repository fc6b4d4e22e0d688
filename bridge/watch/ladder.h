/* ladder.h - how long to wait before the next try.  Pure: the randomness is
 * handed in. */
#ifndef LADDER_H
#define LADDER_H

#include <stdint.h>

struct config_retry;

struct ladder {
	const struct config_retry *retry; /* borrowed */
	unsigned failures;		  /* since the last success */
};

#define LADDER_GIVE_UP UINT64_MAX

/* Milliseconds until the next try after one more failure: first_seconds, then
 * the steps, the last one repeating; a quarter more or less by ${random}.
 * ${slow}: the credentials were refused, so that a quick repeat could lock the
 * account: not below 30 s, unless every step is.  LADDER_GIVE_UP after
 * retry.attempts failures, where that is not 0. */
uint64_t ladder_next(struct ladder *, int slow, uint32_t random);

/* A success: start from the first step again. */
void ladder_reset(struct ladder *);

#endif
