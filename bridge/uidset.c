#include <stdlib.h>
#include <string.h>

#include "bridge/uidset.h"

void
uidset_init(struct uidset *s, size_t max)
{
	*s = (struct uidset){ .max = max };
}

/* The first range that ends at or after ${uid}. */
static size_t
find(const struct uidset *s, uint32_t uid)
{
	size_t lo = 0, hi = s->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (s->ranges[mid].hi < uid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (lo);
}

/* Room for one range more, at the price of the highest one. */
static int
make_room(struct uidset *s, size_t at)
{
	struct uidset_range *memory;
	size_t cap;

	if (s->n < s->cap)
		return (0);
	if (s->ranges != s->memory) {
		/* What was popped has left room in front. */
		s->cap += (size_t)(s->ranges - s->memory);
		memmove(s->memory, s->ranges, s->n * sizeof(*s->ranges));
		s->ranges = s->memory;
		return (0);
	}
	if (s->cap < s->max) {
		cap = s->cap == 0 ? 8 : s->cap * 2;
		if (cap > s->max)
			cap = s->max;
		memory = realloc(s->memory, cap * sizeof(*memory));
		if (memory != NULL) {
			s->memory = s->ranges = memory;
			s->cap = cap;
			return (0);
		}
	}
	if (at < s->n)
		s->n--;
	return (-1);
}

int
uidset_add(struct uidset *s, uint32_t lo, uint32_t hi)
{
	size_t at, end;
	int result;

	/* Touching ranges become one: look from one UID before. */
	at = find(s, lo > 1 ? lo - 1 : lo);
	for (end = at;
	     end < s->n && (hi == UINT32_MAX || s->ranges[end].lo <= hi + 1);
	     end++) {
		if (s->ranges[end].lo < lo)
			lo = s->ranges[end].lo;
		if (s->ranges[end].hi > hi)
			hi = s->ranges[end].hi;
	}
	result = 0;
	if (end == at) {
		result = make_room(s, at);
		if (s->n == s->cap)
			return (-1);
		memmove(&s->ranges[at + 1], &s->ranges[at],
		    (s->n - at) * sizeof(*s->ranges));
		s->n++;
	} else {
		memmove(&s->ranges[at + 1], &s->ranges[end],
		    (s->n - end) * sizeof(*s->ranges));
		s->n -= end - at - 1;
	}
	s->ranges[at] = (struct uidset_range){ lo, hi };
	return (result);
}

int
uidset_pop(struct uidset *s, uint32_t *uid)
{
	if (s->n == 0)
		return (0);
	*uid = s->ranges[0].lo;
	if (s->ranges[0].lo < s->ranges[0].hi) {
		s->ranges[0].lo++;
		return (1);
	}
	s->ranges++;
	s->cap--;
	if (--s->n == 0)
		uidset_clear(s);
	return (1);
}

uint32_t
uidset_end(const struct uidset *s, uint32_t uid)
{
	size_t at = find(s, uid);

	return (at < s->n && s->ranges[at].lo <= uid ? s->ranges[at].hi : 0);
}

int
uidset_has(const struct uidset *s, uint32_t uid)
{
	return (uidset_end(s, uid) != 0);
}

void
uidset_cut(struct uidset *s, uint32_t uid)
{
	while (s->n > 0 && s->ranges[0].hi <= uid) {
		s->ranges++;
		s->cap--;
		s->n--;
	}
	if (s->n == 0)
		uidset_clear(s);
	else if (s->ranges[0].lo <= uid)
		s->ranges[0].lo = uid + 1;
}

uint64_t
uidset_count(const struct uidset *s)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < s->n; i++)
		n += (uint64_t)s->ranges[i].hi - s->ranges[i].lo + 1;
	return (n);
}

int
uidset_empty(const struct uidset *s)
{
	return (s->n == 0);
}

void
uidset_clear(struct uidset *s)
{
	free(s->memory);
	uidset_init(s, s->max);
}
