#include <stdlib.h>
#include <string.h>

#include "bridge/ack.h"
#include "bridge/buf.h"
#include "bridge/catchup.h"
#include "bridge/checkpoint.h"
#include "bridge/limits.h"
#include "bridge/uidset.h"

/* Octets one FETCH should bring, so that a stop or a hold comes soon. */
#define FETCH_OCTETS (4U * 1024 * 1024)

/* The first FETCH, when nothing is known of the sizes. */
#define FETCH_FIRST 16

/* How long to wait after the n-th FETCH that did not bring a message.  Some
 * servers deliver half an hour later what they cannot deliver now. */
static const uint64_t again_ms[] = { 0, 0, 5000, 30000, 120000, 600000,
	1800000 };

#define WAITS (sizeof(again_ms) / sizeof(again_ms[0]))

struct asked {
	size_t n;
	uint32_t uids[];
};

struct catchup {
	struct ack_window *window;
	struct uidset pending; /* listed, not yet in the window */
	struct asked *asked[LIMIT_FETCH_PIPELINE]; /* oldest first */
	unsigned nasked;
	struct buf text;
	char since[16];
	uint32_t since_below;
	int dirty;     /* a SEARCH is due */
	int searching; /* a SEARCH is under way */
	int truncated; /* its answer did not fit: more is above */
	uint64_t mean; /* octets of a message, smoothed */
	uint64_t expunged;
};

struct catchup *
catchup_new(const struct checkpoint *from)
{
	struct catchup *c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (NULL);
	uidset_init(&c->pending, LIMIT_SEARCH_RANGES);
	buf_init(&c->text, LIMIT_IMAP_COMMAND);
	memcpy(c->since, from->since, sizeof(c->since));
	c->since_below = from->since_below;
	c->dirty = 1;
	c->mean = FETCH_OCTETS / FETCH_FIRST;
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
	buf_free(&c->text);
	ack_free(c->window);
	free(c);
}

/* All above the mark; below since_below only what came since the date. */
static void
choose_search(struct catchup *c, struct catchup_next *next)
{
	struct ack_entry *e;
	uint32_t from;
	size_t i, n;

	e = ack_entries(c->window, &n);
	for (i = 0; i < n; i++)
		e[i].listed = 0;
	uidset_clear(&c->pending);
	c->dirty = 0;
	c->truncated = 0;
	c->searching = 1;
	from = ack_mark(c->window) + 1;
	buf_clear(&c->text);
	if (from < c->since_below)
		buf_printf(&c->text, "OR (UID %u:%u SINCE %s) UID %u:*", from,
		    c->since_below - 1, c->since, c->since_below);
	else
		buf_printf(&c->text, "UID %u:*", from);
	next->job = CATCHUP_SEARCH;
	next->text = c->text.data;
}

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

static size_t
batch_size(const struct catchup *c)
{
	uint64_t n;

	n = FETCH_OCTETS / (c->mean + 1);
	return (n < 1 ? 1 : n > LIMIT_FETCH_UIDS ? LIMIT_FETCH_UIDS : n);
}

/* Take up what a past connection left open, or a single message that was asked
 * for in vain. */
static int
collect_open(struct catchup *c, struct asked *asked, uint32_t *run, size_t max,
    uint64_t now)
{
	struct ack_entry *e;
	size_t i, n;

	e = ack_entries(c->window, &n);
	for (i = 0; i < n && asked->n < max; i++) {
		if (e[i].state != ACK_OPEN || !e[i].listed ||
		    e[i].not_before > now)
			continue;
		if (e[i].tries > 0 && asked->n > 0)
			continue; /* asked for alone */
		if (!put_uid(c, asked, run, e[i].uid))
			break;
		e[i].state = ACK_ASKED;
		if (e[i].tries > 0)
			return ((int)e[i].tries);
	}
	return (0);
}

static void
collect_pending(
    struct catchup *c, struct asked *asked, uint32_t *run, size_t max)
{
	struct ack_entry *e;
	uint32_t uid;

	while (asked->n < max && ack_room(c->window) > 0 &&
	    !uidset_empty(&c->pending)) {
		uid = c->pending.ranges[0].lo;
		if (!put_uid(c, asked, run, uid))
			return;
		(void)uidset_pop(&c->pending, &uid);
		if ((e = ack_open(c->window, uid)) == NULL) {
			asked
			    ->n--; /* memory is out: the next SEARCH finds it */
			c->dirty = 1;
			return;
		}
		e->state = ACK_ASKED;
		e->listed = 1;
	}
}

static int
choose_fetch(struct catchup *c, uint64_t now, struct catchup_next *next)
{
	struct asked *asked;
	uint32_t run = 0;
	size_t max;
	int tries;

	if (c->nasked == LIMIT_FETCH_PIPELINE)
		return (0);
	max = batch_size(c);
	asked = malloc(sizeof(*asked) + max * sizeof(asked->uids[0]));
	if (asked == NULL)
		return (0);
	asked->n = 0;
	buf_clear(&c->text);
	tries = collect_open(c, asked, &run, max, now);
	if (tries == 0)
		collect_pending(c, asked, &run, max);
	if (asked->n == 0) {
		free(asked);
		return (0);
	}
	end_set(c, asked, run);
	c->asked[c->nasked++] = asked;
	next->job = CATCHUP_FETCH;
	next->text = c->text.data;
	next->plain = tries >= 2;
	return (1);
}

static int
choose_stub(struct catchup *c, struct catchup_next *next)
{
	struct ack_entry *e;
	size_t i, n;

	e = ack_entries(c->window, &n);
	for (i = 0; i < n; i++) {
		if (e[i].state == ACK_OPEN && e[i].listed && e[i].withheld) {
			e[i].state = ACK_HELD;
			next->job = CATCHUP_STUB;
			next->uid = e[i].uid;
			return (1);
		}
	}
	return (0);
}

static int
work_left(struct catchup *c)
{
	return (!uidset_empty(&c->pending) || c->nasked > 0 || c->searching ||
	    c->dirty);
}

void
catchup_next(struct catchup *c, int can_search, int can_fetch, int hold,
    uint64_t now, struct catchup_next *next)
{
	*next = (struct catchup_next){ .job = CATCHUP_WAIT };
	if (c->searching)
		return;
	if (c->dirty && uidset_empty(&c->pending)) {
		if (can_search)
			choose_search(c, next);
		return;
	}
	if (!hold) {
		if (choose_stub(c, next))
			return;
		if (can_fetch && choose_fetch(c, now, next))
			return;
	}
	if (c->truncated && uidset_empty(&c->pending) && c->nasked == 0)
		c->dirty = 1;
	if (!work_left(c))
		next->job = CATCHUP_NOTHING;
	else if (c->dirty && can_search && uidset_empty(&c->pending))
		choose_search(c, next);
}

void
catchup_hint(struct catchup *c)
{
	c->dirty = 1;
}

void
catchup_found(struct catchup *c, uint32_t lo, uint32_t hi)
{
	struct ack_entry *e;
	size_t i, n;

	if (!c->searching)
		return;
	/* "n:*" means the last message too, even if it is below n. */
	if (lo <= ack_mark(c->window))
		lo = ack_mark(c->window) + 1;
	e = ack_entries(c->window, &n);
	if (n > 0 && lo <= e[n - 1].uid) {
		/* Known ones are only noted as listed. */
		for (i = 0; i < n && lo <= hi && lo != 0; i++) {
			if (e[i].uid < lo)
				continue;
			if (e[i].uid > hi)
				break;
			e[i].listed = 1;
			if (lo < e[i].uid &&
			    uidset_add(&c->pending, lo, e[i].uid - 1) == -1)
				c->truncated = 1;
			lo = e[i].uid + 1;
		}
	}
	if (lo != 0 && lo <= hi && uidset_add(&c->pending, lo, hi) == -1)
		c->truncated = 1;
}

void
catchup_searched(struct catchup *c)
{
	struct ack_entry *e;
	uint32_t uid;
	size_t i, n;

	if (!c->searching)
		return;
	c->searching = 0;
	if (c->truncated)
		return; /* what is not listed may only not have fitted */
	for (;;) {
		e = ack_entries(c->window, &n);
		for (i = 0; i < n; i++) {
			if (e[i].state == ACK_OPEN && !e[i].listed)
				break;
		}
		if (i == n)
			return;
		uid = e[i].uid;
		c->expunged++;
		ack_done(c->window, uid);
	}
}

void
catchup_fetched(struct catchup *c, int ok, uint64_t now)
{
	struct asked *asked;
	struct ack_entry *e;
	size_t i;

	if (c->nasked == 0)
		return;
	asked = c->asked[0];
	c->nasked--;
	memmove(&c->asked[0], &c->asked[1], c->nasked * sizeof(c->asked[0]));
	for (i = 0; i < asked->n; i++) {
		e = ack_find(c->window, asked->uids[i]);
		if (e == NULL || e->state != ACK_ASKED)
			continue;
		/* Expunged, or withheld: only a SEARCH can tell. */
		e->state = ACK_OPEN;
		e->not_before =
		    now + again_ms[e->tries < WAITS ? e->tries : WAITS - 1];
		/* A refusal is repeated for ever; only silence is given up. */
		if (e->tries < WAITS)
			e->tries++;
		else if (ok)
			e->withheld = 1;
		c->dirty = 1;
	}
	free(asked);
}

int
catchup_received(struct catchup *c, uint32_t uid, uint64_t size)
{
	struct ack_entry *e;

	c->mean = c->mean - c->mean / 8 + size / 8;
	e = ack_find(c->window, uid);
	if (e == NULL || (e->state != ACK_ASKED && e->state != ACK_OPEN))
		return (0);
	e->state = ACK_HELD;
	return (1);
}

void
catchup_done(struct catchup *c, uint32_t uid)
{
	ack_done(c->window, uid);
}

void
catchup_disconnected(struct catchup *c)
{
	struct ack_entry *e;
	size_t i, n;

	forget_asked(c);
	uidset_clear(&c->pending);
	c->searching = 0;
	c->dirty = 1;
	e = ack_entries(c->window, &n);
	for (i = 0; i < n; i++) {
		if (e[i].state == ACK_ASKED)
			e[i].state = ACK_OPEN;
	}
}

uint32_t
catchup_mark(const struct catchup *c)
{
	return (ack_mark(c->window));
}

uint64_t
catchup_lag(const struct catchup *c)
{
	return (uidset_count(&c->pending) + ack_unfinished(c->window));
}

int
catchup_complete(const struct catchup *c)
{
	return (!c->dirty && !c->searching && !c->truncated);
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
	uint64_t wake = UINT64_MAX;
	size_t i, n;

	e = ack_entries(c->window, &n);
	for (i = 0; i < n; i++) {
		if (e[i].state == ACK_OPEN && e[i].not_before < wake)
			wake = e[i].not_before;
	}
	return (wake);
}
