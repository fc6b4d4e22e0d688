#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/envelope/arena.h"

#define ARENA_CHUNK (16U * 1024)

struct arena_chunk {
	struct arena_chunk *next;
	size_t used;
	size_t cap;
	alignas(max_align_t) char data[];
};

void
arena_init(struct arena *a, size_t max)
{
	*a = (struct arena){ .max = max };
}

static struct arena_chunk *
arena_grow(struct arena *a, size_t len)
{
	struct arena_chunk *c;
	size_t cap = len > ARENA_CHUNK ? len : ARENA_CHUNK;

	if (len > a->max || a->used > a->max - len ||
	    (c = malloc(sizeof(*c) + cap)) == NULL) {
		a->failed = 1;
		return (NULL);
	}
	c->used = 0;
	c->cap = cap;
	c->next = a->chunk;
	a->chunk = c;
	return (c);
}

void *
arena_alloc(struct arena *a, size_t len)
{
	struct arena_chunk *c = a->chunk;
	size_t align = alignof(max_align_t);
	void *p;

	if (len > a->max) {
		a->failed = 1;
		return (NULL);
	}
	len = (len + align - 1) / align * align;
	if ((c == NULL || c->cap - c->used < len) &&
	    (c = arena_grow(a, len)) == NULL)
		return (NULL);
	p = c->data + c->used;
	c->used += len;
	a->used += len;
	memset(p, 0, len);
	return (p);
}

struct span
arena_copy(struct arena *a, struct span s)
{
	char *p;

	if ((p = arena_alloc(a, s.len + 1)) == NULL)
		return ((struct span){ NULL, 0 });
	if (s.len != 0)
		memcpy(p, s.data, s.len);
	return ((struct span){ p, s.len });
}

void
arena_free(struct arena *a)
{
	struct arena_chunk *c;

	while ((c = a->chunk) != NULL) {
		a->chunk = c->next;
		free(c);
	}
	arena_init(a, a->max);
}
