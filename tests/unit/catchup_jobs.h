/* catchup_jobs.h - what a test of the catch-up expects it to do next. */
#ifndef CATCHUP_JOBS_H
#define CATCHUP_JOBS_H

#include "bridge/watch/catchup.h"

static const struct catchup_end complete = { .ok = 1, .answered = 1 };
static const struct catchup_end refused = { .ok = 0 };

static inline struct catchup_next
next_job(struct catchup *c, uint64_t now)
{
	struct catchup_next next;

	catchup_next(c, 1, 1, 0, now, &next);
	return (next);
}

/* The next job is a SEARCH for ${criteria}; it lists lo..hi. */
static inline void
search(struct catchup *c, const char *criteria, uint32_t lo, uint32_t hi,
    const struct catchup_end *end)
{
	struct catchup_next next = next_job(c, 0);

	assert_int_equal(next.job, CATCHUP_SEARCH);
	assert_string_equal(next.text, criteria);
	if (lo != 0)
		catchup_found(c, lo, hi);
	catchup_searched(c, end, 0);
}

/* The next job is a FETCH of ${set}; lo..hi come and are stored. */
static inline struct catchup_next
fetch(struct catchup *c, const char *set, uint32_t lo, uint32_t hi,
    const struct catchup_end *end)
{
	struct catchup_next next = next_job(c, 0);

	assert_int_equal(next.job, CATCHUP_FETCH);
	assert_string_equal(next.text, set);
	for (; lo != 0 && lo <= hi; lo++) {
		assert_true(catchup_received(c, lo, 100));
		catchup_done(c, lo);
	}
	catchup_fetched(c, end, 0);
	return (next);
}

#endif
