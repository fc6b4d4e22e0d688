/* The catch-up against a mailbox that is played: whatever the server leaves
 * out, repeats or expunges, and however outcomes and disconnects fall, every
 * message that stays gets its outcome and the mark never passes one without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/imap/response.h"
#include "bridge/limits.h"
#include "bridge/store/checkpoint.h"
#include "bridge/watch/catchup.h"
#include "tests/unit/catchup_jobs.h"

#define UIDS 400

enum life { NEVER, THERE, EXPUNGED };

/* The server and the sink, with all that is decided by a seed. */
struct world {
	uint64_t random;
	enum life mail[UIDS + 1];
	unsigned last;		   /* UIDNEXT - 1 */
	unsigned held[UIDS + 1];   /* handed over, without outcome */
	unsigned stored[UIDS + 1]; /* times the sink stored it */
	int withheld[UIDS + 1];	   /* FETCHes that will not bring it */
	struct catchup *c;
	int searching;
	char *fetches[2];
	unsigned nfetches;
	uint64_t now;
	uint32_t mark;
};

static unsigned
roll(struct world *w, unsigned n)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return ((unsigned)(w->random >> 33) % n);
}

static void
arrive(struct world *w)
{
	if (w->last + 4 >= UIDS)
		return;
	w->last += 1 + roll(w, 3); /* gaps are normal */
	w->mail[w->last] = THERE;
	w->withheld[w->last] = roll(w, 10) == 0 ? (int)roll(w, 4) : 0;
	catchup_hint(w->c);
}

static void
expunge(struct world *w)
{
	unsigned uid = 1 + roll(w, UIDS);

	if (w->mail[uid] == THERE)
		w->mail[uid] = EXPUNGED;
}

static void
answer_search(struct world *w)
{
	unsigned uid;

	/* "n:*" lists the last one even when it is below n. */
	if (w->last > 0 && w->mail[w->last] == THERE && roll(w, 2))
		catchup_found(w->c, w->last, w->last);
	for (uid = catchup_mark(w->c) + 1; uid <= w->last; uid++) {
		if (w->mail[uid] == THERE)
			catchup_found(w->c, uid, uid);
	}
	catchup_searched(w->c, &complete, w->now);
	w->searching = 0;
}

static void
bring(struct world *w, unsigned uid)
{
	if (w->mail[uid] != THERE)
		return;
	if (w->withheld[uid] > 0) {
		w->withheld[uid]--;
		return;
	}
	if (catchup_received(w->c, uid, 100)) {
		assert_int_equal(w->held[uid], 0);
		assert_int_equal(w->stored[uid], 0);
		w->held[uid] = 1;
	}
	/* Twice the same, or one nobody asked for. */
	if (roll(w, 20) == 0)
		assert_false(catchup_received(w->c, uid, 100));
}

static void
answer_fetch(struct world *w)
{
	const char *set = w->fetches[0];
	uint32_t lo, hi;

	while (response_range(&set, &lo, &hi)) {
		for (; lo <= hi; lo++)
			bring(w, lo);
	}
	free(w->fetches[0]);
	w->fetches[0] = w->fetches[1];
	w->nfetches--;
	catchup_fetched(w->c, roll(w, 2) != 0 ? &complete : &refused, w->now);
}

static void
disconnect(struct world *w)
{
	while (w->nfetches > 0)
		free(w->fetches[--w->nfetches]);
	w->searching = 0;
	catchup_disconnected(w->c, 0, w->now);
}

static void
store_one(struct world *w)
{
	unsigned uid, from = 1 + roll(w, UIDS), i;

	for (i = 0; i < UIDS; i++) {
		uid = 1 + (from + i) % UIDS;
		if (w->held[uid]) {
			w->held[uid] = 0;
			w->stored[uid]++;
			catchup_done(w->c, uid);
			catchup_done(w->c, uid); /* answers may repeat */
			return;
		}
	}
}

static void
command(struct world *w)
{
	struct catchup_next next;

	catchup_next(w->c, !w->searching && w->nfetches == 0,
	    !w->searching && w->nfetches < LIMIT_FETCH_PIPELINE,
	    roll(w, 10) == 0, w->now, &next);
	switch (next.job) {
	case CATCHUP_SEARCH:
		w->searching = 1;
		break;
	case CATCHUP_FETCH:
		assert_true(strlen(next.text) < LIMIT_IMAP_COMMAND);
		w->fetches[w->nfetches++] = strdup(next.text);
		break;
	case CATCHUP_STUB:
		/* The world never withholds that long. */
		fail();
		break;
	case CATCHUP_NOTHING:
	case CATCHUP_WAIT:
		break;
	}
}

/* What must hold after every step. */
static void
check(struct world *w)
{
	uint32_t mark = catchup_mark(w->c), uid;

	assert_true(mark >= w->mark);
	for (uid = w->mark + 1; uid <= mark; uid++)
		assert_true(w->mail[uid] != THERE || w->stored[uid] == 1);
	w->mark = mark;
}

static void
step(struct world *w)
{
	switch (roll(w, 12)) {
	case 0:
		arrive(w);
		break;
	case 1:
		if (roll(w, 8) == 0)
			expunge(w);
		break;
	case 2:
		if (roll(w, 30) == 0)
			disconnect(w);
		break;
	case 3:
	case 4:
	case 5:
		store_one(w);
		break;
	case 6:
	case 7:
		if (w->searching)
			answer_search(w);
		else if (w->nfetches > 0)
			answer_fetch(w);
		break;
	default:
		command(w);
		break;
	}
	w->now += roll(w, 2000);
}

static void
play(uint64_t seed)
{
	struct checkpoint from = { .uidvalidity = 1 };
	struct world w = { .random = seed * 0x9e3779b97f4a7c15U + 1 };
	unsigned i, uid;

	w.c = catchup_new(&from);
	for (i = 0; i < 3000; i++) {
		step(&w);
		check(&w);
	}
	/* No more mail, and nothing withheld: the end must come. */
	memset(w.withheld, 0, sizeof(w.withheld));
	catchup_hint(w.c);
	for (i = 0; i < 4000; i++) {
		command(&w);
		if (w.searching)
			answer_search(&w);
		else if (w.nfetches > 0)
			answer_fetch(&w);
		store_one(&w);
		w.now += 60000;
		check(&w);
	}
	if (catchup_lag(w.c) != 0 || !catchup_complete(w.c))
		print_error("seed %llu\n", (unsigned long long)seed);
	assert_int_equal(catchup_lag(w.c), 0);
	assert_true(catchup_complete(w.c));
	for (uid = 1; uid <= w.last; uid++) {
		if (w.mail[uid] == THERE)
			assert_int_equal(w.stored[uid], 1);
	}
	disconnect(&w);
	catchup_free(w.c);
}

static void
test_any_world(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 300; seed++)
		play(seed);
}

static void
test_large_backlog(void **state)
{
	struct checkpoint from = { .uid = 0 };
	struct catchup *c = catchup_new(&from);
	struct catchup_next next;
	const char *set;
	uint32_t lo, hi, top = 0, uid;
	unsigned searches = 0;

	(void)state;
	/* More gaps than are kept at once: the rest is found by and by. */
	while ((next = next_job(c, 0)).job != CATCHUP_NOTHING) {
		if (next.job == CATCHUP_SEARCH) {
			searches++;
			for (uid = top + 1; uid <= 400000; uid++) {
				if (uid % 3 == 0)
					catchup_found(c, uid, uid);
			}
			catchup_searched(c, &complete, 0);
			continue;
		}
		assert_int_equal(next.job, CATCHUP_FETCH);
		for (set = next.text; response_range(&set, &lo, &hi);) {
			for (; lo <= hi; lo++) {
				assert_int_equal(lo % 3, 0);
				assert_true(lo > top);
				top = lo;
				assert_true(catchup_received(c, lo, 10));
				catchup_done(c, lo);
			}
		}
		catchup_fetched(c, &complete, 0);
	}
	assert_int_equal(top, 399999);
	assert_int_equal(catchup_mark(c), 399999);
	assert_true(searches > 1);
	catchup_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_large_backlog),
		cmocka_unit_test(test_any_world),
	};

	return (cmocka_run_group_tests_name("catchup", tests, NULL, NULL));
}
