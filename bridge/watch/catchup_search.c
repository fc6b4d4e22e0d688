#include <stdio.h>

#include "bridge/watch/catchup_private.h"

/* UIDs and ranges below the mark that one SEARCH is looked through for. */
#define LOOKS (4U * LIMIT_SWEEP_UIDS)

/* Nothing is listed yet: a new SEARCH begins. */
static void
forget_listed(struct catchup *c)
{
	struct ack_entry *e;
	size_t i, n;

	e = ack_entries(c->window, &n);
	for (i = 0; i < n; i++)
		e[i].listed = 0;
	if (c->late != NULL) {
		e = ack_entries(c->late, &n);
		for (i = 0; i < n; i++)
			e[i].listed = 0;
	}
	uidset_clear(&c->pending);
}

/* All above the mark (in a sweep, above the floor); below since_below only what
 * came since the date.  Where the server stopped halfway, what is left. */
void
catchup_search_begin(struct catchup *c, struct catchup_next *next)
{
	uint32_t mark = ack_mark(c->window), floor = c->floor, last;
	char top[16] = "*";

	if (c->below == 0) {
		forget_listed(c);
		c->dirty = 0;
		c->truncated = 0;
		c->looked = 0;
		c->from = mark < UINT32_MAX ? mark + 1 : mark;
		if (mark > LIMIT_SWEEP_UIDS && floor < mark - LIMIT_SWEEP_UIDS)
			floor = mark - LIMIT_SWEEP_UIDS;
		/* Late ones are only listed by a SEARCH that has them. */
		if (c->sweep || c->late != NULL)
			c->from = floor + 1;
		c->sweep = 0;
	}
	last = c->below != 0 ? c->below - 1 : c->last;
	if (last != UINT32_MAX)
		(void)snprintf(top, sizeof(top), "%u", last);
	c->searching = 1;
	c->search_at = 0;
	buf_clear(&c->text);
	if (c->from >= c->since_below)
		buf_printf(&c->text, "UID %u:%s", c->from, top);
	else if (last < c->since_below || c->since_below == UINT32_MAX)
		buf_printf(
		    &c->text, "UID %u:%s SINCE %s", c->from, top, c->since);
	else
		buf_printf(&c->text, "OR (UID %u:%u SINCE %s) UID %u:%s",
		    c->from, c->since_below - 1, c->since, c->since_below, top);
	next->job = CATCHUP_SEARCH;
	next->text = c->text.data;
}

/* ${uid}, below the mark, is new to us. */
static void
take_late(struct catchup *c, uint32_t uid)
{
	struct ack_entry *e;

	if (c->late == NULL && (c->late = ack_new(0, LIMIT_SWEEP_UIDS)) == NULL)
		return;
	/* Not taken while those after it are on their way: the next sweep lists
	 * it again. */
	if ((e = ack_open(c->late, uid)) != NULL)
		e->listed = 1;
}

/* lo..hi, at or below the mark, exist: take up those that are new to us.  A
 * server that lists them again and again is not listened to for ever. */
static void
found_late(struct catchup *c, uint32_t lo, uint32_t hi)
{
	uint32_t end, mark = ack_mark(c->window);

	if (hi <= c->floor)
		return;
	if (lo < c->from)
		lo = c->from;
	if (lo <= c->floor)
		lo = c->floor + 1;
	/* It has moved since the SEARCH began. */
	if (mark > LIMIT_SWEEP_UIDS && lo <= mark - LIMIT_SWEEP_UIDS)
		lo = mark - LIMIT_SWEEP_UIDS + 1;
	for (; lo <= hi && c->looked < LOOKS; lo = end + 1) {
		c->looked++;
		end = uidset_end(&c->known, lo);
		if (end == 0 && c->skip != NULL)
			end = uidset_end(c->skip, lo);
		if (end == 0) {
			take_late(c, lo);
			end = lo;
		}
		if (end >= hi)
			break;
	}
}

void
catchup_found(struct catchup *c, uint32_t lo, uint32_t hi)
{
	struct ack_entry *e;
	uint32_t mark = ack_mark(c->window);
	size_t i, n;

	if (hi > c->last)
		hi = c->last;
	if (!c->searching || lo > hi)
		return;
	/* "n:*" means the last message too, even if it is below n. */
	if (lo <= mark) {
		found_late(c, lo, hi < mark ? hi : mark);
		lo = mark + 1;
	}
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

static struct ack_entry *
unlisted(struct ack_window *window, size_t *i)
{
	struct ack_entry *e;
	size_t n;

	e = ack_entries(window, &n);
	for (; *i < n; (*i)++) {
		if (e[*i].state == ACK_OPEN && !e[*i].listed)
			return (&e[*i]);
	}
	return (NULL);
}

/* What was asked for in vain and is not listed is gone. */
static void
conclude(struct catchup *c, struct ack_window *window)
{
	struct ack_entry *e;
	uint32_t gone[64];
	size_t i, n;

	do {
		n = 0;
		for (i = 0; n < 64 && (e = unlisted(window, &i)) != NULL; i++)
			gone[n++] = e->uid;
		for (i = 0; i < n; i++)
			catchup_finish(c, gone[i], 1);
		/* The last of the late ones takes their window along. */
	} while (n == 64 && (window == c->window || window == c->late));
}

/* OK without any answer: it proves nothing of what it does not list, and what
 * was listed before must not overtake it.  Ask again; believe it in the end. */
static int
is_void(struct catchup *c, const struct catchup_end *end, uint64_t now)
{
	if (end->answered) {
		c->unanswered = 0;
		return (0);
	}
	if (catchup_unanswered(c->unanswered, now, &c->search_at))
		return (0);
	c->unanswered++;
	forget_listed(c);
	c->below = 0;
	return (1);
}

void
catchup_searched(struct catchup *c, const struct catchup_end *end, uint64_t now)
{
	if (!c->searching)
		return;
	c->searching = 0;
	if (is_void(c, end, now))
		return;
	if (end->lowest > c->from &&
	    (c->below == 0 || end->lowest < c->below)) {
		c->below = end->lowest;
		return;
	}
	c->below = 0;
	if (c->truncated)
		return; /* what is not listed may only not have fitted */
	if (c->late != NULL)
		conclude(c, c->late);
	conclude(c, c->window);
}
