#include "bridge/publish/budget.h"

void
budget_init(struct budget *b, size_t max)
{
	*b = (struct budget){ .max = max };
	b->last = &b->first;
}

static int
fits(const struct budget *b, size_t size)
{
	return (
	    b->used == 0 || (b->used <= b->max && size <= b->max - b->used));
}

int
budget_spare(struct budget *b, size_t size, struct budget_spare *s)
{
	if (b->first != NULL || b->used + b->spared > b->max ||
	    size > b->max - b->used - b->spared)
		return (0);
	s->size = size;
	s->kept = 1;
	s->next = b->spares;
	b->spares = s;
	b->spared += size;
	return (1);
}

void
budget_unspare(struct budget *b, struct budget_spare *s)
{
	struct budget_spare **at;

	if (!s->kept)
		return;
	for (at = &b->spares; *at != s; at = &(*at)->next)
		;
	*at = s->next;
	s->kept = 0;
	b->spared -= s->size;
}

/* More is used: what is spared must make room. */
static void
reclaim(struct budget *b)
{
	struct budget_spare *s;

	while ((s = b->spares) != NULL && b->used + b->spared > b->max) {
		budget_unspare(b, s);
		s->drop(s->arg);
	}
}

int
budget_take(struct budget *b, size_t size, struct budget_waiter *w)
{
	if (b->first == NULL && fits(b, size)) {
		b->used += size;
		reclaim(b);
		return (1);
	}
	w->size = size;
	w->next = NULL;
	w->waiting = 1;
	*b->last = w;
	b->last = &w->next;
	return (0);
}

void
budget_force(struct budget *b, size_t size)
{
	b->used += size;
	reclaim(b);
}

static void
grant(struct budget *b)
{
	struct budget_waiter *w;

	while ((w = b->first) != NULL && fits(b, w->size)) {
		if ((b->first = w->next) == NULL)
			b->last = &b->first;
		w->waiting = 0;
		b->used += w->size;
		w->granted(w->arg);
		reclaim(b);
	}
}

void
budget_give(struct budget *b, size_t size)
{
	b->used -= size;
	grant(b);
}

void
budget_cancel(struct budget *b, struct budget_waiter *w)
{
	struct budget_waiter **at;

	if (!w->waiting)
		return;
	w->waiting = 0;
	for (at = &b->first; *at != w; at = &(*at)->next)
		;
	if ((*at = w->next) == NULL)
		b->last = at;
	grant(b);
}

int
budget_full(const struct budget *b)
{
	/* A quarter is left for what was asked for already. */
	return (b->first != NULL || b->used > b->max - b->max / 4);
}
