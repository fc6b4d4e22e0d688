/* arena.h - memory for the many small things of one message, given back at
 * once. */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

#include "bridge/envelope/span.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunk;
	size_t used; /* over all chunks */
	size_t max;
	int failed; /* an allocation was refused: over max or out of memory */
};

/* Start an empty arena of at most ${max} bytes.  No allocation. */
void arena_init(struct arena *, size_t max);

/* ${len} bytes of zeros, aligned for anything; they live until arena_free().
 * NULL if refused. */
void *arena_alloc(struct arena *, size_t len);

/* A NUL-ended copy, or an empty span with data NULL if refused. */
struct span arena_copy(struct arena *, struct span);

/* Give all back; the arena is empty again. */
void arena_free(struct arena *);

#endif
