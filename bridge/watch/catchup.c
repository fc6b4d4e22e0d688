#include <stdlib.h>
#include <string.h>

#include "bridge/store/checkpoint.h"
#include "bridge/watch/catchup_private.h"

/* The first FETCH, when nothing is known of the sizes. */
#define FETCH_FIRST 16

struct catchup *
catchup_new(const struct checkpoint *from)
{
	struct catchup *c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (NULL);
	uidset_init(&c->pending, LIMIT_SEARCH_RANGES);
	buf_init(&c->text, LIMIT_IMAP_COMMAND - LIMIT_IMAP_ITEMS);
	memcpy(c->since, from->since, sizeof(c->since));
	c->since_below = from->since_below;
	c->last = UINT32_MAX;
	c->dirty = 1;
	c->mean = CATCHUP_FETCH_OCTETS / FETCH_FIRST;
	c->batch = LIMIT_FETCH_UIDS;
	c->floor = from->uid;
	uidset_init(&c->known, LIMIT_SWEEP_RANGES);
	if ((c->window = ack_new(from->uid, LIMIT_ACK_WINDOW)) == NULL) {
		free(c);
		return (NULL);
	}
	return (c);
}

static void
forget_asked(struct catchup *c)
{
	while (c->nasked > 0)
		free(c->asked[--c->nasked]);
}

void
catchup_free(struct catchup *c)
{
	if (c == NULL)
		return;
	forget_asked(c);
	uidset_clear(&c->pending);
	uidset_clear(&c->known);
	buf_free(&c->text);
	ack_free(c->window);
	ack_free(c->late);
	free(c);
}

void
catchup_until(struct catchup *c, uint32_t last)
{
	c->last = last;
}

struct ack_entry *
catchup_find(struct catchup *c, uint32_t uid)
{
	struct ack_entry *e;

	if ((e = ack_find(c->window, uid)) == NULL && c->late != NULL)
		e = ack_find(c->late, uid);
	return (e);
}

struct ack_entry *
catchup_each(struct catchup *c, size_t *i)
{
	struct ack_entry *e, *late = NULL;
	size_t n, nlate = 0;

	if (c->late != NULL)
		late = ack_entries(c->late, &nlate);
	if (*i < nlate)
		return (&late[(*i)++]);
	e = ack_entries(c->window, &n);
	return (*i - nlate < n ? &e[(*i)++ - nlate] : NULL);
}

int
catchup_is_due(const struct ack_entry *e, uint64_t now)
{
	return (e->state == ACK_OPEN && e->listed && e->not_before <= now);
}

void
catchup_skip(struct catchup *c, const struct uidset *skip)
{
	c->skip = skip;
}

void
catchup_finish(struct catchup *c, uint32_t uid, int gone)
{
	if (catchup_find(c, uid) == NULL)
		return;
	if (gone)
		c->expunged++;
	else
		catchup_remember(c, uid, uid);
	ack_done(c->window, uid);
	if (c->late == NULL)
		return;
	ack_done(c->late, uid);
	if (ack_unfinished(c->late) == 0) {
		ack_free(c->late);
		c->late = NULL;
	}
}

static int
choose_stub(struct catchup *c, struct catchup_next *next)
{
	struct ack_entry *e;
	size_t i = 0;

	while ((e = catchup_each(c, &i)) != NULL) {
		if (e->state == ACK_OPEN && e->listed && e->withheld) {
			e->state = ACK_HELD;
			next->job = CATCHUP_STUB;
			next->uid = e->uid;
			return (1);
		}
	}
	return (0);
}

/* Is there a message that would be asked for now, if it were not for a hold? */
static int
any_due(struct catchup *c, uint64_t now)
{
	struct ack_entry *e;
	size_t i = 0;

	while ((e = catchup_each(c, &i)) != NULL) {
		if (catchup_is_due(e, now))
			return (1);
	}
	return (0);
}

static int
work_left(struct catchup *c)
{
	return (!uidset_empty(&c->pending) || c->nasked > 0 || c->searching ||
	    c->dirty || c->below != 0);
}

void
catchup_next(struct catchup *c, int can_search, int can_fetch, int hold,
    uint64_t now, struct catchup_next *next)
{
	*next = (struct catchup_next){ .job = CATCHUP_WAIT };
	if (c->searching)
		return;
	if (c->last != UINT32_MAX && ack_mark(c->window) >= c->last &&
	    c->late == NULL) {
		c->dirty = 0;
		c->below = 0;
		c->search_at = 0;
		next->job = CATCHUP_NOTHING;
		return;
	}
	if (c->below != 0 || (c->dirty && uidset_empty(&c->pending))) {
		if (can_search)
			catchup_search_begin(c, next);
		return;
	}
	if (!hold) {
		if (choose_stub(c, next))
			return;
		if (can_fetch && c->nasked < LIMIT_FETCH_PIPELINE &&
		    (catchup_sizes_begin(c, now, next) ||
			catchup_fetch_begin(c, now, next)))
			return;
	}
	if (c->truncated && uidset_empty(&c->pending) && c->nasked == 0)
		c->dirty = 1;
	if (!work_left(c)) {
		if (!hold || !any_due(c, now))
			next->job = CATCHUP_NOTHING;
	} else if (c->dirty && can_search && uidset_empty(&c->pending)) {
		catchup_search_begin(c, next);
	}
}

void
catchup_limit(struct catchup *c, uint64_t octets)
{
	c->limit = octets;
}

void
catchup_hint(struct catchup *c)
{
	c->dirty = 1;
}

void
catchup_sweep(struct catchup *c)
{
	c->dirty = 1;
	c->sweep = 1;
}

void
catchup_done(struct catchup *c, uint32_t uid)
{
	catchup_finish(c, uid, 0);
}

void
catchup_disconnected(struct catchup *c, int blame, uint64_t now)
{
	struct ack_entry *e;
	size_t i = 0;

	if (blame && c->nasked > 0 && c->asked[0]->sizes)
		c->unsized++;
	else if (blame && (e = catchup_due_next(c)) != NULL)
		catchup_missed(e, 0, now);
	forget_asked(c);
	uidset_clear(&c->pending);
	c->searching = 0;
	c->below = 0;
	c->dirty = 1;
	while ((e = catchup_each(c, &i)) != NULL) {
		if (e->state == ACK_ASKED)
			e->state = ACK_OPEN;
	}
}

uint32_t
catchup_mark(const struct catchup *c)
{
	return (ack_mark(c->window));
}

uint32_t
catchup_mark_if(const struct catchup *c, const uint32_t *uids, size_t n)
{
	return (ack_mark_if(c->window, uids, n));
}

uint64_t
catchup_lag(const struct catchup *c)
{
	return (uidset_count(&c->pending) + ack_unfinished(c->window) +
	    (c->late != NULL ? ack_unfinished(c->late) : 0));
}

int
catchup_complete(const struct catchup *c)
{
	return (!c->dirty && !c->searching && !c->truncated && c->below == 0);
}

int
catchup_is_void(const struct catchup *c)
{
	return (c->search_at != 0);
}

uint64_t
catchup_expunged(const struct catchup *c)
{
	return (c->expunged);
}

uint64_t
catchup_wake(struct catchup *c)
{
	struct ack_entry *e;
	uint64_t wake = c->search_at != 0 ? c->search_at : UINT64_MAX;
	size_t i = 0;

	while ((e = catchup_each(c, &i)) != NULL) {
		if (e->state == ACK_OPEN && e->listed && e->not_before < wake)
			wake = e->not_before;
	}
	return (wake);
}
