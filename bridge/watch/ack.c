#include <stdlib.h>
#include <string.h>

#include "bridge/watch/ack.h"

struct ack_window {
	struct ack_entry *entries; /* from head on, ascending by UID */
	size_t head, n, cap, max;
	size_t unfinished;
	uint32_t mark;
};

struct ack_window *
ack_new(uint32_t uid, size_t max)
{
	struct ack_window *w;

	if ((w = calloc(1, sizeof(*w))) != NULL) {
		w->mark = uid;
		w->max = max;
	}
	return (w);
}

void
ack_free(struct ack_window *w)
{
	if (w == NULL)
		return;
	free(w->entries);
	free(w);
}

/* The index (from head) of the first entry not below ${uid}. */
static size_t
lower(const struct ack_window *w, uint32_t uid)
{
	const struct ack_entry *e;
	size_t lo = 0, hi = w->n, mid;

	if (w->n == 0)
		return (0);
	e = w->entries + w->head;
	/* New mail comes at the end. */
	if (e[w->n - 1].uid < uid)
		return (w->n);
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (e[mid].uid < uid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (lo);
}

static int
make_room(struct ack_window *w)
{
	struct ack_entry *entries;
	size_t cap;

	if (w->head + w->n < w->cap)
		return (0);
	if (w->head > 0) {
		memmove(w->entries, w->entries + w->head,
		    w->n * sizeof(*w->entries));
		w->head = 0;
		return (0);
	}
	cap = w->cap == 0 ? 4 : w->cap * 2;
	entries = realloc(w->entries, cap * sizeof(*entries));
	if (entries == NULL)
		return (-1);
	w->entries = entries;
	w->cap = cap;
	return (0);
}

struct ack_entry *
ack_find(struct ack_window *w, uint32_t uid)
{
	size_t i;

	i = lower(w, uid);
	if (i == w->n || w->entries[w->head + i].uid != uid)
		return (NULL);
	return (&w->entries[w->head + i]);
}

struct ack_entry *
ack_open(struct ack_window *w, uint32_t uid)
{
	struct ack_entry *e;
	size_t i;

	if ((e = ack_find(w, uid)) != NULL)
		return (e);
	if (uid <= w->mark || w->n >= w->max || make_room(w) == -1)
		return (NULL);
	i = lower(w, uid);
	e = &w->entries[w->head + i];
	memmove(e + 1, e, (w->n - i) * sizeof(*e));
	*e = (struct ack_entry){ .uid = uid, .state = ACK_OPEN };
	w->n++;
	w->unfinished++;
	return (e);
}

enum ack_state
ack_state(struct ack_window *w, uint32_t uid)
{
	struct ack_entry *e;

	if (uid <= w->mark)
		return (ACK_DONE);
	e = ack_find(w, uid);
	return (e != NULL ? e->state : ACK_UNKNOWN);
}

void
ack_done(struct ack_window *w, uint32_t uid)
{
	struct ack_entry *e;

	if ((e = ack_find(w, uid)) == NULL || e->state == ACK_DONE)
		return;
	e->state = ACK_DONE;
	w->unfinished--;
	while (w->n > 0 && w->entries[w->head].state == ACK_DONE) {
		w->mark = w->entries[w->head].uid;
		w->head++;
		w->n--;
	}
	if (w->n == 0) {
		/* An idle mailbox holds no window. */
		free(w->entries);
		w->entries = NULL;
		w->head = w->cap = 0;
	}
}

uint32_t
ack_mark(const struct ack_window *w)
{
	return (w->mark);
}

static int
in_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x < y ? -1 : x > y);
}

uint32_t
ack_mark_if(const struct ack_window *w, const uint32_t *uids, size_t n)
{
	const struct ack_entry *e = w->entries;
	uint32_t mark = w->mark, *sorted;
	size_t i, j = 0;

	if (n == 0 || w->n == 0)
		return (mark);
	/* Without memory: less is always right. */
	if ((sorted = calloc(n, sizeof(*sorted))) == NULL)
		return (mark);
	memcpy(sorted, uids, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), in_order);
	for (i = 0, e += w->head; i < w->n; i++) {
		while (j < n && sorted[j] < e[i].uid)
			j++;
		if (e[i].state != ACK_DONE && (j == n || sorted[j] != e[i].uid))
			break;
		mark = e[i].uid;
	}
	free(sorted);
	return (mark);
}

struct ack_entry *
ack_entries(struct ack_window *w, size_t *n)
{
	*n = w->n;
	return (w->entries == NULL ? NULL : w->entries + w->head);
}

size_t
ack_unfinished(const struct ack_window *w)
{
	return (w->unfinished);
}

size_t
ack_room(const struct ack_window *w)
{
	return (w->max - w->n);
}
