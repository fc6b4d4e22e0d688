#include <stdlib.h>
#include <string.h>

#include "bridge/watch/catchup_private.h"

/* A server that refuses so often to tell sizes is not asked for them. */
#define UNSIZED_MAX 2

/* Put a UID into the FETCH being made: 1, or 0 if it does not fit any more. */
static int
put_uid(struct catchup *c, struct asked *asked, uint32_t *run, uint32_t uid)
{
	struct buf *b = &c->text;

	if (asked->n > 0 && asked->uids[asked->n - 1] + 1 == uid) {
		asked->uids[asked->n++] = uid;
		return (1);
	}
	/* "lo:hi,lo:hi,...": room for the end of this run and for one more. */
	if (b->len + 48 > b->max)
		return (0);
	if (asked->n > 0 && *run != asked->uids[asked->n - 1])
		buf_printf(b, ":%u", asked->uids[asked->n - 1]);
	buf_printf(b, "%s%u", asked->n > 0 ? "," : "", uid);
	*run = uid;
	asked->uids[asked->n++] = uid;
	return (1);
}

static void
end_set(struct catchup *c, struct asked *asked, uint32_t run)
{
	if (asked->n > 0 && run != asked->uids[asked->n - 1])
		buf_printf(&c->text, ":%u", asked->uids[asked->n - 1]);
}

/* Are sizes asked for first? */
static int
wants_sizes(const struct catchup *c)
{
	return (c->limit != 0 && c->unsized < UNSIZED_MAX);
}

/* The FETCH of the UIDs collected: 1; or 0 if there are none. */
static int
send(struct catchup *c, struct asked *asked, uint32_t run, enum fetch_form form,
    struct catchup_next *next)
{
	if (asked->n == 0) {
		free(asked);
		return (0);
	}
	end_set(c, asked, run);
	asked->sizes = form == FETCH_SIZES;
	c->asked[c->nasked++] = asked;
	next->job = CATCHUP_FETCH;
	next->text = c->text.data;
	next->form = form;
	return (1);
}

static struct asked *
new_set(struct catchup *c)
{
	struct asked *asked;

	asked = malloc(sizeof(*asked) + c->batch * sizeof(asked->uids[0]));
	if (asked != NULL)
		asked->n = 0;
	buf_clear(&c->text);
	return (asked);
}

static uint64_t
octets_of(const struct catchup *c, const struct ack_entry *e)
{
	return (e->size != 0 ? e->size : c->mean + 1);
}

/* Take up what is listed and not asked for yet, or a single message: one that
 * was asked for in vain, or one that is too large.  That one, or NULL. */
static struct ack_entry *
collect_open(struct catchup *c, struct asked *asked, uint32_t *run,
    uint64_t *octets, uint64_t now)
{
	struct ack_entry *e;
	size_t i = 0;
	int alone;

	while (asked->n < c->batch && *octets < CATCHUP_FETCH_OCTETS &&
	    (e = catchup_each(c, &i)) != NULL) {
		alone = e->tries > 0 || e->part || e->rest;
		if (!catchup_is_due(e, now) || e->withheld ||
		    (alone && asked->n > 0))
			continue;
		if ((wants_sizes(c) && !e->sized) ||
		    !put_uid(c, asked, run, e->uid))
			break;
		e->state = ACK_ASKED;
		*octets += octets_of(c, e);
		if (alone)
			return (e);
	}
	return (NULL);
}

/* Pass the mark over the next ones, as far as they are to be skipped: 1; or 0.
 * The highest of a range stands for all of it. */
static int
pass_over(struct catchup *c)
{
	uint32_t lo = c->pending.ranges[0].lo, hi;

	if (c->skip == NULL || (hi = uidset_end(c->skip, lo)) == 0)
		return (0);
	if (hi > c->pending.ranges[0].hi)
		hi = c->pending.ranges[0].hi;
	(void)ack_open(c->window, hi);
	uidset_cut(&c->pending, hi);
	ack_done(c->window, hi);
	catchup_remember(c, lo, hi);
	return (1);
}

/* Take up what was never asked for. */
static void
collect_pending(struct catchup *c, struct asked *asked, uint32_t *run,
    enum ack_state state, uint64_t *octets)
{
	struct ack_entry *e;
	uint32_t uid;

	while (asked->n < c->batch && *octets < CATCHUP_FETCH_OCTETS &&
	    ack_room(c->window) > 0 && !uidset_empty(&c->pending)) {
		if (c->pending.ranges[0].lo <= ack_mark(c->window)) {
			/* It showed up late, and the mark has passed it since.
			 */
			uidset_cut(&c->pending, ack_mark(c->window));
			catchup_sweep(c);
			continue;
		}
		if (pass_over(c))
			continue;
		(void)uidset_pop(&c->pending, &uid);
		if ((e = ack_open(c->window, uid)) == NULL) {
			c->dirty = 1; /* memory is out: listed again */
			return;
		}
		e->listed = 1;
		if (!put_uid(c, asked, run, uid))
			return; /* it is open, for the next FETCH */
		e->state = state;
		if (state == ACK_ASKED)
			*octets += octets_of(c, e);
	}
}

int
catchup_sizes_begin(struct catchup *c, uint64_t now, struct catchup_next *next)
{
	uint64_t octets = 0;
	struct ack_entry *e = NULL;
	struct asked *asked;
	uint32_t run = 0;
	size_t i = 0;

	if (!wants_sizes(c) || (asked = new_set(c)) == NULL)
		return (0);
	while (asked->n < c->batch && (e = catchup_each(c, &i)) != NULL) {
		if (!catchup_is_due(e, now) || e->withheld)
			continue;
		/* What is known is fetched first. */
		if (e->sized || !put_uid(c, asked, &run, e->uid))
			break;
	}
	if (e == NULL)
		collect_pending(c, asked, &run, ACK_OPEN, &octets);
	return (send(c, asked, run, FETCH_SIZES, next));
}

int
catchup_fetch_begin(struct catchup *c, uint64_t now, struct catchup_next *next)
{
	struct ack_entry *alone;
	struct asked *asked;
	uint64_t octets = 0;
	uint32_t run = 0;

	if ((asked = new_set(c)) == NULL)
		return (0);
	alone = collect_open(c, asked, &run, &octets, now);
	if (alone == NULL && !wants_sizes(c))
		collect_pending(c, asked, &run, ACK_ASKED, &octets);
	return (send(c, asked, run,
	    alone != NULL ? catchup_form(alone) : FETCH_WHOLE, next));
}

/* The sizes came, or not. */
static void
sized(struct catchup *c, const struct asked *asked, int ok)
{
	struct ack_entry *e;
	size_t i;

	c->unsized = ok ? 0 : c->unsized + 1;
	for (i = 0; ok && i < asked->n; i++) {
		if ((e = catchup_find(c, asked->uids[i])) != NULL)
			e->sized = 1;
	}
}

/* Is there one in ${asked} that came? */
static int
any_came(struct catchup *c, const struct asked *asked)
{
	struct ack_entry *e;
	size_t i;

	for (i = 0; i < asked->n; i++) {
		e = catchup_find(c, asked->uids[i]);
		if (e == NULL || e->state != ACK_ASKED)
			return (1);
	}
	return (0);
}

void
catchup_fetched(struct catchup *c, const struct catchup_end *end, uint64_t now)
{
	struct asked *asked;
	struct ack_entry *e;
	size_t i;
	int forgive;

	if (c->nasked == 0)
		return;
	asked = c->asked[0];
	c->nasked--;
	memmove(&c->asked[0], &c->asked[1], c->nasked * sizeof(c->asked[0]));
	if (end->limit != 0 && end->limit < c->batch)
		c->batch = end->limit;
	if (asked->sizes)
		sized(c, asked, end->ok);
	forgive = end->limit != 0 && any_came(c, asked);
	for (i = 0; !asked->sizes && i < asked->n; i++) {
		e = catchup_find(c, asked->uids[i]);
		if (e == NULL || e->state != ACK_ASKED)
			continue;
		if (forgive) {
			e->state = ACK_OPEN;
			continue;
		}
		/* Expunged, or withheld: only a SEARCH can tell.  A refusal is
		 * repeated for ever; only silence is given up. */
		catchup_missed(e, !end->ok, now);
		c->dirty = 1;
	}
	free(asked);
}

struct ack_entry *
catchup_due_next(struct catchup *c)
{
	struct ack_entry *e;
	size_t i;

	for (i = 0; c->nasked > 0 && i < c->asked[0]->n; i++) {
		e = catchup_find(c, c->asked[0]->uids[i]);
		if (e != NULL && e->state == ACK_ASKED)
			return (e);
	}
	return (NULL);
}

void
catchup_oversized(struct catchup *c, uint32_t uid)
{
	struct ack_entry *e;

	e = uid != 0 ? catchup_find(c, uid) : catchup_due_next(c);
	if (e == NULL || e->state != ACK_ASKED)
		return;
	e->state = ACK_OPEN;
	if (e->part)
		catchup_header_only(e);
	e->part = 1;
}

void
catchup_size(struct catchup *c, uint32_t uid, uint64_t octets)
{
	struct ack_entry *e;

	if ((e = catchup_find(c, uid)) == NULL)
		return;
	e->size = octets;
	if (c->limit != 0 && octets > c->limit)
		e->part = 1;
}

uint64_t
catchup_rest(struct catchup *c, uint32_t uid, int more)
{
	struct ack_entry *e;

	if ((e = catchup_find(c, uid)) == NULL)
		return (0);
	e->rest = 1;
	if (more)
		e->tries = 0;
	return (e->size);
}

void
catchup_no_rest(struct catchup *c, uint32_t uid)
{
	struct ack_entry *e;

	if ((e = catchup_find(c, uid)) != NULL)
		e->rest = 0;
}

int
catchup_placeholder(struct catchup *c, uint32_t uid)
{
	struct ack_entry *e;

	if ((e = catchup_find(c, uid)) == NULL)
		return (0);
	e->placeholder = 1;
	return (catchup_is_last(e));
}

uint32_t
catchup_only(const struct catchup *c)
{
	return (
	    c->nasked > 0 && c->asked[0]->n == 1 ? c->asked[0]->uids[0] : 0);
}

int
catchup_received(struct catchup *c, uint32_t uid, uint64_t size)
{
	struct ack_entry *e;

	c->mean = c->mean - c->mean / 8 + size / 8;
	e = catchup_find(c, uid);
	if (e == NULL || (e->state != ACK_ASKED && e->state != ACK_OPEN))
		return (0);
	e->state = ACK_HELD;
	return (1);
}
