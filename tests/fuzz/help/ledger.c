#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/buf.h"
#include "bridge/limits.h"
#include "bridge/store/checkpoint.h"
#include "bridge/watch/catchup.h"
#include "tests/fuzz/help/ledger.h"

/* Ranges that an input can name are fewer. */
#define RANGES (1U << 20)
#define TEXT_MAX (1U << 20)

void
ledger_broken(const char *rule, uint32_t uid)
{
	fprintf(stderr, "broken: %s (UID %u)\n", rule, uid);
	abort();
}

static void
add(struct uidset *to, uint32_t lo, uint32_t hi)
{
	if (lo <= hi && uidset_add(to, lo, hi) == -1)
		ledger_broken("there is room for a range", lo);
}

static void
copy(struct uidset *to, const struct uidset *from, uint32_t last)
{
	const struct uidset_range *r;
	size_t i;

	uidset_init(to, RANGES);
	for (i = 0; i < from->n; i++) {
		r = &from->ranges[i];
		add(to, r->lo, r->hi < last ? r->hi : last);
	}
}

/* Is it in order, and the same once it was written and read? */
static void
check_set(const struct uidset *set)
{
	struct uidset again;
	struct buf text;
	size_t i;

	for (i = 0; i < set->n; i++) {
		if (set->ranges[i].lo > set->ranges[i].hi ||
		    (i > 0 && set->ranges[i].lo <= set->ranges[i - 1].hi + 1))
			ledger_broken("ranges ascend", set->ranges[i].lo);
	}
	buf_init(&text, TEXT_MAX);
	buf_puts(&text, "");
	uidset_write(set, &text);
	uidset_init(&again, RANGES);
	if (uidset_read(&again, text.data) == -1 || again.n != set->n ||
	    (set->n > 0 &&
		memcmp(again.ranges, set->ranges,
		    set->n * sizeof(*set->ranges)) != 0))
		ledger_broken("a set that is written is read again", 0);
	uidset_clear(&again);
	buf_free(&text);
}

/* The first UID of lo..hi that is in ${set}, or 0. */
static uint32_t
any(const struct uidset *set, uint32_t lo, uint32_t hi)
{
	size_t i;

	for (i = 0; i < set->n && set->ranges[i].lo <= hi; i++) {
		if (set->ranges[i].hi >= lo)
			return (
			    set->ranges[i].lo > lo ? set->ranges[i].lo : lo);
	}
	return (0);
}

/* The first UID of lo..hi that is in none of both, or 0. */
static uint32_t
missing(
    const struct uidset *a, const struct uidset *b, uint32_t lo, uint32_t hi)
{
	uint32_t end;

	for (; lo <= hi; lo = end + 1) {
		if ((end = uidset_end(a, lo)) == 0 &&
		    (end = uidset_end(b, lo)) == 0)
			return (lo);
		if (end >= hi)
			break;
	}
	return (0);
}

static int
read_set(struct uidset *set, const char *text, size_t max)
{
	int rc;

	uidset_init(set, max);
	rc = uidset_read(set, text);
	check_set(set);
	return (rc == 0 && set->n > 0 ? 0 : -1);
}

void
ledger_init(struct ledger *l, uint32_t mark, const char *below,
    const char *skip, uint32_t last)
{
	struct uidset old;

	*l = (struct ledger){ .mark = mark, .top = mark, .last = last };
	if (read_set(&old, below, LIMIT_SWEEP_RANGES) == -1 ||
	    old.ranges[old.n - 1].hi > mark) {
		uidset_clear(&old);
		add(&old, 1, mark);
	}
	copy(&l->taken, &old, mark);
	copy(&l->done, &old, mark);
	uidset_clear(&old);
	(void)read_set(&l->skip, skip, RANGES);
	copy(&l->passed, &l->skip, UINT32_MAX);
	uidset_init(&l->listed, RANGES);
	uidset_init(&l->heard, RANGES);
	uidset_init(&l->due, RANGES);
}

void
ledger_clear(struct ledger *l)
{
	uidset_clear(&l->listed);
	uidset_clear(&l->taken);
	uidset_clear(&l->done);
	uidset_clear(&l->skip);
	uidset_clear(&l->passed);
	uidset_clear(&l->heard);
	uidset_clear(&l->due);
}

void
ledger_search(struct ledger *l)
{
	uidset_clear(&l->heard);
}

void
ledger_found(struct ledger *l, uint32_t lo, uint32_t hi)
{
	const struct uidset_range *r;
	size_t i;

	if (hi > l->last)
		hi = l->last;
	add(&l->listed, lo, hi);
	/* One that shows up below what was asked for may be overtaken: that is
	 * what sweeps are for. */
	for (i = 0; i < l->due.n; i++) {
		r = &l->due.ranges[i];
		add(&l->heard, r->lo > lo ? r->lo : lo,
		    r->hi < hi ? r->hi : hi);
	}
	if (l->top < UINT32_MAX)
		add(&l->heard, lo > l->top ? lo : l->top + 1, hi);
}

void
ledger_searched(
    struct ledger *l, const struct catchup_end *end, const struct catchup *c)
{
	if (!end->answered && catchup_is_void(c))
		return;
	uidset_clear(&l->due);
	l->due = l->heard;
	uidset_init(&l->heard, RANGES);
	/* They are passed over, how far nobody says. */
	if (!uidset_empty(&l->passed))
		l->top = UINT32_MAX;
}

void
ledger_asked(struct ledger *l, const char *text)
{
	const struct uidset_range *r;
	struct uidset none, set;
	uint32_t uid;
	size_t i;

	uidset_init(&none, 0);
	if (read_set(&set, text, RANGES) == -1)
		ledger_broken("a FETCH names UIDs", 0);
	for (i = 0; i < set.n; i++) {
		r = &set.ranges[i];
		if ((uid = missing(&l->listed, &none, r->lo, r->hi)) != 0)
			ledger_broken("only what is listed is asked for", uid);
		if ((uid = any(&l->taken, r->lo, r->hi)) != 0)
			ledger_broken("what was taken is not asked for", uid);
		if ((uid = any(&l->skip, r->lo, r->hi)) != 0)
			ledger_broken(
			    "what is to be skipped is not asked for", uid);
		if (r->hi > l->top)
			l->top = r->hi;
	}
	uidset_clear(&set);
}

void
ledger_take(struct ledger *l, uint32_t uid)
{
	if (uidset_has(&l->taken, uid))
		ledger_broken("a message is taken once", uid);
	if (!uidset_has(&l->listed, uid) || uid > l->last)
		ledger_broken("only what is listed is taken", uid);
	add(&l->taken, uid, uid);
}

void
ledger_done(struct ledger *l, uint32_t uid)
{
	if (!uidset_has(&l->taken, uid) || uidset_has(&l->done, uid))
		ledger_broken("what was taken has one outcome", uid);
	add(&l->done, uid, uid);
}

void
ledger_check(struct ledger *l, const struct catchup *c)
{
	uint32_t uid, mark = catchup_mark(c);
	size_t i;

	if (mark < l->mark)
		ledger_broken("the mark does not go back", mark);
	l->mark = mark;
	for (i = 0; i < l->due.n && l->due.ranges[i].lo <= mark; i++) {
		uid = missing(&l->done, &l->passed, l->due.ranges[i].lo,
		    l->due.ranges[i].hi < mark ? l->due.ranges[i].hi : mark);
		if (uid != 0)
			ledger_broken(
			    "the mark passes nothing unfinished", uid);
	}
}

/* What is below the mark, once ${uids} are done. */
static void
write_below(
    const struct catchup *c, const uint32_t *uids, size_t n, struct buf *text)
{
	buf_init(text, TEXT_MAX);
	catchup_below(c, uids, n, text);
	if (text->data == NULL)
		buf_puts(text, "");
}

struct catchup *
ledger_restart(struct ledger *l, const struct catchup *before)
{
	struct checkpoint from = { .uidvalidity = 1,
		.uid = catchup_mark(before) };
	struct uidset known;
	struct buf text, again;
	struct catchup *c;
	size_t i;

	write_below(before, NULL, 0, &text);
	if (text.data[0] != '\0') {
		if (read_set(&known, text.data, LIMIT_SWEEP_RANGES) == -1 ||
		    known.ranges[known.n - 1].hi > from.uid)
			ledger_broken("what is known is at most the mark", 0);
		for (i = 0; i < l->done.n && l->done.ranges[i].lo <= from.uid;
		     i++) {
			if (missing(&known, &known, l->done.ranges[i].lo,
				l->done.ranges[i].hi < from.uid
				    ? l->done.ranges[i].hi
				    : from.uid) != 0)
				ledger_broken("what has an outcome is known",
				    l->done.ranges[i].lo);
		}
		uidset_clear(&known);
	}
	c = catchup_new(&from);
	catchup_recall(c, text.data);
	write_below(c, NULL, 0, &again);
	if (strcmp(text.data, again.data) != 0)
		ledger_broken("what was known is known again", from.uid);
	buf_free(&again);
	buf_free(&text);
	/* What was handed on and is not committed comes again. */
	known = l->done;
	copy(&l->done, &known, from.uid);
	uidset_clear(&l->taken);
	copy(&l->taken, &known, from.uid);
	uidset_clear(&known);
	uidset_clear(&l->listed);
	uidset_clear(&l->heard);
	uidset_clear(&l->due);
	l->top = from.uid;
	return (c);
}

void
ledger_finish(
    struct ledger *l, struct catchup *c, const uint32_t *uids, size_t n)
{
	uint32_t mark = catchup_mark_if(c, uids, n);
	struct buf then, now;
	size_t i;

	write_below(c, uids, n, &then);
	for (i = 0; i < n; i++) {
		catchup_done(c, uids[i]);
		ledger_done(l, uids[i]);
	}
	if (catchup_mark(c) != mark)
		ledger_broken("the mark is the one that was foretold", mark);
	write_below(c, NULL, 0, &now);
	if (strcmp(then.data, now.data) != 0)
		ledger_broken("what is known is what was foretold", mark);
	buf_free(&then);
	buf_free(&now);
}
