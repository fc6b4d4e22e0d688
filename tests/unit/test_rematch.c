/* A mailbox that was numbered anew: who is known, who is older, who is new. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/buf.h"
#include "bridge/limits.h"
#include "bridge/message.h"
#include "bridge/watch/fingerprint.h"
#include "bridge/watch/rematch.h"

#define MANY 600

/* Mail number ${n}: it came in the n-th minute. */
static struct fingerprint
mail(unsigned n, uint32_t uid)
{
	struct fingerprint p = { .uidvalidity = 1,
		.uid = uid,
		.has_received = 1,
		.received = n * 60,
		.size = 1000 + n % 7,
		.id = n,
		.has_hash = 1 };

	memcpy(p.hash, &n, sizeof(n));
	return (p);
}

/* What is there now, in the order of the UIDs, and what is remembered. */
struct box {
	struct fingerprint there[MANY], prints[MANY];
	size_t nthere, nprints;
	struct rematch_rules rules;
	struct rematch_verdict v;
	size_t hashed;
};

static void
arrive(struct box *b, unsigned n)
{
	b->there[b->nthere] = mail(n, (uint32_t)b->nthere + 1);
	b->nthere++;
}

static void
publish(struct box *b, unsigned from, unsigned to)
{
	for (; from <= to; from++) {
		b->prints[b->nprints++] = mail(from, from);
		b->rules.mark = from;
	}
}

/* Play it; ${skip}, ${plain}, ${uncertain}: how many. */
static void
expect(struct box *b, uint64_t matched, uint64_t passed, uint64_t fresh,
    uint64_t uncertain)
{
	struct fingerprint look;
	struct rematch *r;
	struct uidset uids;
	size_t i;

	b->rules.uidvalidity = 1;
	r = rematch_new(b->prints, b->nprints, &b->rules);
	assert_non_null(r);
	for (i = 0; i < b->nthere; i++) {
		look = b->there[i];
		look.has_hash = 0;
		rematch_seen(r, &look);
	}
	uidset_init(&uids, LIMIT_SEARCH_RANGES);
	rematch_doubts(r, &uids);
	b->hashed = uidset_count(&uids);
	for (i = 0; i < b->nthere; i++) {
		if (uidset_has(&uids, b->there[i].uid))
			rematch_hashed(r, b->there[i].uid, b->there[i].hash);
	}
	uidset_clear(&uids);
	uidset_clear(&b->v.skip);
	uidset_clear(&b->v.plain);
	rematch_decide(r, &b->v);
	rematch_free(r);
	assert_int_equal(b->v.matched, matched);
	assert_int_equal(b->v.passed, passed);
	assert_int_equal(b->v.fresh, fresh);
	assert_int_equal(b->v.uncertain, uncertain);
	assert_int_equal(uidset_count(&b->v.skip), matched + passed);
	assert_int_equal(uidset_count(&b->v.plain), fresh);
}

static struct box *
begin(void **state)
{
	struct box *b = *state;

	uidset_clear(&b->v.skip);
	uidset_clear(&b->v.plain);
	memset(b, 0, sizeof(*b));
	return (b);
}

static void
test_numbered_anew(void **state)
{
	struct box *b = begin(state);
	unsigned n;

	publish(b, 101, 150);
	for (n = 1; n <= 153; n++)
		arrive(b, n);
	/* Nothing of it had to be read. */
	expect(b, 50, 100, 3, 0);
	assert_int_equal(b->hashed, 0);
	assert_true(uidset_has(&b->v.plain, 151));
	/* The last ones were deleted: 151 may be among them, for all we see. */
	b->nthere = 0;
	for (n = 1; n <= 153; n++) {
		if (n < 140 || n > 149)
			arrive(b, n);
	}
	expect(b, 40, 100, 3, 0);
}

static void
test_made_anew(void **state)
{
	struct box *b = begin(state);

	publish(b, 101, 150);
	arrive(b, 151);
	arrive(b, 152);
	expect(b, 0, 0, 2, 0);
	/* An old mail is put into it: who knows? */
	arrive(b, 120);
	expect(b, 1, 0, 0, 2);
	b->there[2] = mail(99, 3);
	expect(b, 0, 1, 2, 0);
	b->rules.whole = 1;
	expect(b, 0, 0, 2, 1);
	/* Without a date. */
	b->there[2].has_received = 0;
	b->rules.whole = 0;
	expect(b, 0, 0, 2, 1);
}

/* What was published after the backup is missing; years are not read again. */
static void
test_old_backup(void **state)
{
	struct box *b = begin(state);
	unsigned n;

	/* Every second of the older ones is remembered. */
	for (n = 2; n <= 468; n += 2)
		publish(b, n, n);
	publish(b, 469, 500);
	for (n = 1; n <= 401; n++)
		arrive(b, n);
	arrive(b, 501);
	expect(b, 200, 200, 1, 1);
	assert_true(uidset_has(&b->v.plain, 402));
	assert_false(uidset_has(&b->v.skip, 401));
}

/* Another order, and dates that were lost: one witness is enough. */
static void
test_one_witness(void **state)
{
	struct box *b = begin(state);
	struct fingerprint hold;
	unsigned n, i;

	publish(b, 101, 150);
	for (n = 1; n <= 155; n++)
		arrive(b, 1 + n * 7 % 155 % 155);
	expect(b, 50, 100, 5, 0);
	/* No order and no dates: all that has no fingerprint. */
	for (i = 0; i < b->nthere; i++)
		b->there[i].received = 1000000;
	expect(b, 50, 0, 0, 105);
	assert_int_equal(b->hashed, 50);
	/* Only the order. */
	for (n = 0; n < 155; n++) {
		b->there[n] = mail(n + 1, n + 1);
		b->there[n].received = 1000000 + n;
	}
	expect(b, 50, 100, 5, 0);
	/* Two that changed places do not make the order worthless. */
	hold = b->there[120];
	b->there[120] = b->there[140];
	b->there[140] = hold;
	b->there[120].uid = 121;
	b->there[140].uid = 141;
	expect(b, 50, 100, 5, 0);
}

/* Copies, forged and missing Message-IDs: the hash decides. */
static void
test_doubts(void **state)
{
	struct box *b = begin(state);
	unsigned n;

	publish(b, 1, 20);
	for (n = 1; n <= 20; n++)
		arrive(b, n);
	/* The same mail once more, and another one that looks like it. */
	arrive(b, 5);
	arrive(b, 5);
	b->there[21].hash[0] = 99;
	expect(b, 20, 0, 2, 0);
	assert_int_equal(b->hashed, 3);
	assert_true(uidset_has(&b->v.plain, 21));
	/* Its Message-ID with another date: not the same mail. */
	b->there[21].received = 99999;
	expect(b, 20, 0, 2, 0);
	/* Without any Message-ID. */
	for (n = 0; n < 20; n++)
		b->prints[n].id = b->there[n].id = 0;
	b->nthere = 20;
	expect(b, 20, 0, 0, 0);
	assert_int_equal(b->hashed, 20);
	/* The server says the wrong size, and makes another mail of it. */
	for (n = 0; n < 20; n++) {
		b->there[n] = mail(n + 1, n + 1);
		b->there[n].size = 7;
	}
	b->there[3].hash[0] = 99;
	b->prints[3].id = 4;
	for (n = 0; n < 20; n++)
		b->prints[n].id = n + 1;
	expect(b, 19, 0, 0, 1);
	assert_int_equal(b->hashed, 20);
}

/* A mail that was not published holds the mark; others above it were. */
static void
test_hole(void **state)
{
	struct box *b = begin(state);
	unsigned n;

	publish(b, 1, 49);
	b->nprints = 0;
	publish(b, 30, 49);
	publish(b, 51, 100);
	b->rules.mark = 49;
	for (n = 1; n <= 100; n++)
		arrive(b, n);
	expect(b, 70, 29, 0, 1);
	assert_false(uidset_has(&b->v.skip, 50));
	/* Nothing at all was published before it. */
	b->nprints = 0;
	publish(b, 51, 100);
	b->rules.mark = 49;
	expect(b, 50, 0, 0, 50);
	/* Nor by the date alone, where none is known. */
	b->nthere = 50;
	expect(b, 0, 0, 0, 50);
}

static void
test_nothing_remembered(void **state)
{
	struct box *b = begin(state);

	b->rules.committed_at = 100 * 60 + LIMIT_REMATCH_BACKLOG_SECONDS;
	arrive(b, 99);
	arrive(b, 101);
	expect(b, 0, 1, 0, 1);
	b->rules.whole = 1;
	expect(b, 0, 0, 0, 2);
	/* A stub: its UID is all there is. */
	b->prints[b->nprints++] = (struct fingerprint){ .uid = 7 };
	expect(b, 0, 0, 0, 2);
}

static void
test_copies_without_end(void **state)
{
	struct box *b = begin(state);
	struct fingerprint look = mail(1, 1);
	struct rematch_verdict v;
	struct uidset uids;
	struct rematch *r;

	publish(b, 1, 1);
	look.has_hash = 0;
	r = rematch_new(b->prints, 1, &b->rules);
	for (look.uid = 1; look.uid <= 100000; look.uid++)
		rematch_seen(r, &look);
	uidset_init(&uids, 10);
	rematch_doubts(r, &uids);
	assert_int_equal(uidset_count(&uids), LIMIT_REMATCH_ALIKE);
	rematch_decide(r, &v);
	assert_int_equal(v.uncertain, 100000);
	uidset_clear(&uids);
	rematch_free(r);
}

static void
test_text(void **state)
{
	struct fingerprint p = mail(7, 8), q;
	struct buf text;
	const char *s;

	(void)state;
	p.epoch = 3;
	buf_init(&text, 1000);
	fingerprint_write(&text, &p);
	(void)buf_putc(&text, ',');
	p.has_hash = p.has_received = 0;
	fingerprint_write(&text, &p);
	s = text.data;
	assert_int_equal(fingerprint_read(&s, &q), 1);
	assert_true(q.uid == 8 && q.epoch == 3 && q.received == 420 &&
	    q.size == 1000 && q.id == 7 && q.has_hash && q.hash[0] == 7);
	assert_int_equal(fingerprint_read(&s, &q), 1);
	assert_true(q.uid == 8 && !q.has_received && !q.has_hash);
	assert_int_equal(fingerprint_read(&s, &q), 0);
	for (s = "1:2:3"; *s != '\0'; s++) {
		const char *wrong = s;

		assert_int_equal(fingerprint_read(&wrong, &q), -1);
	}
	buf_free(&text);
}

/* The field as it comes is the id as the event has it. */
static void
test_look(void **state)
{
	static char raw[] = "X-Other: <no@t>\r\nMessage-ID: <first@x>\r\n"
			    "message-id:\r\n <a.b@c> (comment)\r\n\r\n";
	struct message m = { .uid = 4, .size = 70, .raw = raw };
	struct fingerprint p, q;

	(void)state;
	m.raw_len = strlen(raw);
	fingerprint_look(&p, &m);
	fingerprint_take(&q, &m, "", "a.b@c");
	assert_true(p.id == q.id && p.id != 0 && !p.has_hash && !q.has_hash);
	m.raw = NULL;
	fingerprint_look(&p, &m);
	assert_true(p.id == 0 && p.size == 70);
}

int
main(void)
{
	struct box *b = calloc(1, sizeof(*b));
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_numbered_anew, b),
		cmocka_unit_test_prestate(test_made_anew, b),
		cmocka_unit_test_prestate(test_old_backup, b),
		cmocka_unit_test_prestate(test_one_witness, b),
		cmocka_unit_test_prestate(test_doubts, b),
		cmocka_unit_test_prestate(test_hole, b),
		cmocka_unit_test_prestate(test_nothing_remembered, b),
		cmocka_unit_test_prestate(test_copies_without_end, b),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_look),
	};
	int rc;

	rc = cmocka_run_group_tests_name("rematch", tests, NULL, NULL);
	uidset_clear(&b->v.skip);
	uidset_clear(&b->v.plain);
	free(b);
	return (rc);
}
