/* Which UIDs at and below the mark are no news: what shows up there beside them
 * was hidden when the mark passed it. */
#include "bridge/watch/catchup_private.h"

/* Ranges that outlive the process: what two stores have of it fits in memory.
 */
#define BELOW_RANGES (LIMIT_SWEEP_RANGES / 2)

void
catchup_remember(struct catchup *c, uint32_t lo, uint32_t hi)
{
	uint32_t mark = ack_mark(c->window);

	if (mark > LIMIT_SWEEP_UIDS && c->floor < mark - LIMIT_SWEEP_UIDS)
		c->floor = mark - LIMIT_SWEEP_UIDS;
	if (c->known.n >= c->known.max - 1)
		c->floor = c->known.ranges[c->known.n / 4].hi;
	uidset_cut(&c->known, c->floor);
	/* Memory is out: rather than publish twice, know no more below. */
	if (hi > c->floor && uidset_add(&c->known, lo, hi) == -1)
		c->floor = hi;
}

/* Is all up to ${mark} known, as it nearly always is? */
static int
is_whole(const struct catchup *c, uint32_t mark)
{
	if (c->floor >= mark)
		return (1);
	return (c->known.n > 0 && c->known.ranges[0].lo <= c->floor + 1 &&
	    c->known.ranges[0].hi >= mark);
}

/* Add as much of lo..hi as is not above ${mark}. */
static int
add(struct uidset *set, uint32_t lo, uint32_t hi, uint32_t mark)
{
	if (lo > mark || lo > hi)
		return (0);
	return (uidset_add(set, lo, hi < mark ? hi : mark));
}

void
catchup_below(
    const struct catchup *c, const uint32_t *uids, size_t n, struct buf *text)
{
	uint32_t mark = ack_mark_if(c->window, uids, n), floor = c->floor;
	struct uidset all;
	size_t i;
	int rc;

	buf_clear(text);
	if (is_whole(c, mark))
		return;
	if (mark > LIMIT_SWEEP_UIDS && floor < mark - LIMIT_SWEEP_UIDS)
		floor = mark - LIMIT_SWEEP_UIDS;
	uidset_init(&all, LIMIT_SWEEP_RANGES + LIMIT_ACK_WINDOW);
	rc = add(&all, 1, floor, mark);
	for (i = 0; i < c->known.n && rc == 0; i++)
		rc = add(
		    &all, c->known.ranges[i].lo, c->known.ranges[i].hi, mark);
	for (i = 0; i < n && rc == 0; i++)
		rc = add(&all, uids[i], uids[i], mark);
	if (all.n > BELOW_RANGES)
		(void)uidset_add(&all, 1, all.ranges[all.n - BELOW_RANGES].hi);
	if (rc == 0 && uidset_end(&all, 1) < mark)
		uidset_write(&all, text);
	if (text->failed)
		buf_clear(text);
	uidset_clear(&all);
}

void
catchup_recall(struct catchup *c, const char *below)
{
	uint32_t mark = ack_mark(c->window), end;
	struct uidset all;

	uidset_init(&all, c->known.max);
	/* A list of the known that is cut off would make news of old mail. */
	if (below[0] == '\0' || uidset_read(&all, below) == -1 ||
	    all.ranges[all.n - 1].hi > mark) {
		uidset_clear(&all);
		return;
	}
	if ((end = uidset_end(&all, 1)) != 0) {
		uidset_cut(&all, end);
		c->floor = end;
	} else
		c->floor = 0;
	uidset_clear(&c->known);
	c->known = all;
}
