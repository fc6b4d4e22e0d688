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

#include "bridge/ack.h"
#include "bridge/catchup.h"
#include "bridge/checkpoint.h"
#include "bridge/imap/response.h"
#include "bridge/limits.h"
#include "bridge/uidset.h"
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
test_since(void **state)
{
	struct checkpoint from = {
		.uid = 4, .since_below = 9, .since = "05-Jan-2026"
	};
	struct catchup *c = catchup_new(&from);

	(void)state;
	assert_string_equal(
	    next_job(c, 0).text, "OR (UID 5:8 SINCE 05-Jan-2026) UID 9:*");
	catchup_free(c);
	from.uid = 8;
	c = catchup_new(&from);
	assert_string_equal(next_job(c, 0).text, "UID 9:*");
	catchup_free(c);
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

static void
test_sweep_finds_late_ones(void **state)
{
	struct checkpoint from = { .uid = 4 };
	struct catchup *c = catchup_new(&from);

	(void)state;
	search(c, "UID 5:*", 5, 6, &complete);
	catchup_hint(c);
	fetch(c, "5:6", 5, 6, &complete);
	search(c, "UID 7:*", 9, 9, &complete);
	fetch(c, "9", 9, 9, &complete);
	assert_int_equal(next_job(c, 0).job, CATCHUP_NOTHING);
	/* 4 was there before us, 5, 6 and 9 are known: 8 is late. */
	catchup_sweep(c);
	assert_string_equal(next_job(c, 0).text, "UID 5:*");
	catchup_found(c, 4, 6);
	catchup_found(c, 8, 9);
	catchup_searched(c, &complete, 0);
	assert_int_equal(catchup_lag(c), 1);
	assert_int_equal(catchup_mark(c), 9);
	/* In vain: it may be gone again, which only a sweep can tell. */
	fetch(c, "8", 0, 0, &complete);
	search(c, "UID 5:*", 8, 9, &complete);
	fetch(c, "8", 8, 8, &complete);
	assert_int_equal(next_job(c, 0).job, CATCHUP_NOTHING);
	assert_int_equal(catchup_lag(c), 0);
	catchup_sweep(c);
	search(c, "UID 5:*", 4, 9, &complete);
	assert_int_equal(catchup_lag(c), 1); /* 7: never seen before */
	catchup_free(c);
}

static void
test_search_that_is_cut_short(void **state)
{
	struct checkpoint from = { .uid = 4 };
	struct catchup_end limit = {
		.ok = 1, .answered = 1, .limit = 2, .lowest = 8
	};
	struct catchup_end none = { .ok = 1 };
	struct catchup *c = catchup_new(&from);

	(void)state;
	search(c, "UID 5:*", 8, 9, &limit);
	/* Nothing is fetched while lower ones may come. */
	search(c, "UID 5:7", 5, 5, &none);
	assert_int_equal(next_job(c, 0).job, CATCHUP_NOTHING);
	assert_int_equal(catchup_wake(c), 1);
	catchup_hint(c);
	search(c, "UID 5:*", 8, 9, &limit);
	search(c, "UID 5:7", 5, 5, &complete);
	fetch(c, "5,8:9", 5, 5, &limit); /* and no more than two at once */
	fetch(c, "8:9", 8, 9, &complete);
	assert_int_equal(catchup_mark(c), 9);
	catchup_free(c);
}

static void
test_uidset(void **state)
{
	struct uidset s;
	uint32_t uid;

	(void)state;
	uidset_init(&s, 3);
	assert_int_equal(uidset_add(&s, 10, 20), 0);
	assert_int_equal(uidset_add(&s, 1, 2), 0);
	assert_int_equal(uidset_add(&s, 3, 3), 0); /* touches */
	assert_int_equal(s.n, 2);
	assert_int_equal(uidset_add(&s, 30, 30), 0);
	assert_int_equal(
	    uidset_add(&s, 40, 40), -1); /* full: the highest goes */
	assert_int_equal(uidset_add(&s, 6, 6), -1);
	assert_int_equal(s.n, 3);
	assert_int_equal(uidset_count(&s), 3 + 1 + 11);
	assert_int_equal(uidset_add(&s, 2, 12), 0);
	assert_int_equal(s.n, 1);
	for (uid = 0; uid < 20 && uidset_pop(&s, &uid);)
		;
	assert_int_equal(uid, 20);
	assert_true(uidset_empty(&s));
	assert_int_equal(uidset_add(&s, UINT32_MAX, UINT32_MAX), 0);
	assert_int_equal(uidset_add(&s, 1, UINT32_MAX), 0);
	assert_int_equal(uidset_count(&s), UINT32_MAX);
	assert_true(uidset_has(&s, 1) && uidset_has(&s, UINT32_MAX));
	uidset_cut(&s, 9);
	assert_true(!uidset_has(&s, 9) && uidset_has(&s, 10));
	uidset_cut(&s, UINT32_MAX);
	assert_true(uidset_empty(&s));
	uidset_clear(&s);
}

static void
test_ack(void **state)
{
	struct ack_window *w = ack_new(10, 4);

	(void)state;
	assert_null(ack_open(w, 10));
	assert_non_null(ack_open(w, 12));
	assert_non_null(ack_open(w, 15));
	assert_non_null(ack_open(w, 11)); /* late and lower */
	assert_non_null(ack_open(w, 20));
	assert_null(ack_open(w, 21)); /* full */
	ack_done(w, 12);
	ack_done(w, 99);
	assert_int_equal(ack_mark(w), 10);
	ack_done(w, 11);
	assert_int_equal(ack_mark(w), 12);
	assert_int_equal(ack_state(w, 12), ACK_DONE);
	assert_int_equal(ack_state(w, 13), ACK_UNKNOWN);
	assert_int_equal(ack_state(w, 15), ACK_OPEN);
	ack_done(w, 20);
	assert_int_equal(ack_mark(w), 12);
	assert_int_equal(ack_unfinished(w), 1);
	ack_done(w, 15);
	assert_int_equal(ack_mark(w), 20);
	assert_int_equal(ack_room(w), 4);
	ack_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uidset),
		cmocka_unit_test(test_ack),
		cmocka_unit_test(test_since),
		cmocka_unit_test(test_large_backlog),
		cmocka_unit_test(test_sweep_finds_late_ones),
		cmocka_unit_test(test_search_that_is_cut_short),
		cmocka_unit_test(test_any_world),
	};

	return (cmocka_run_group_tests_name("catchup", tests, NULL, NULL));
}
