#include <stdlib.h>
#include <string.h>

#include "bridge/limits.h"
#include "bridge/watch/fingerprint.h"
#include "bridge/watch/rematch.h"
#include "bridge/watch/rematch_private.h"

/* Not a number of ours: what has no mate. */
#define NONE SIZE_MAX

static int
by_date(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x < y ? -1 : x > y);
}

int
rematch_is_witness(const struct rematch *r, size_t print)
{
	const struct fingerprint *p = &r->prints[print].look;

	/* Of a numbering before that one all was through, or it is not known
	 * what was. */
	if (p->uidvalidity != r->rules.uidvalidity ||
	    p->epoch != r->rules.epoch)
		return (!r->rules.unsettled);
	return (p->uid <= r->rules.mark);
}

/* The dates of the witnesses, or of the last of them, in order; *n of them. */
static void
collect_dates(const struct rematch *r, int dense, int64_t *dates, size_t *n)
{
	const struct rematch_print *p = r->prints;
	size_t i;

	for (*n = 0, i = 0; i < r->n; i++) {
		if (p[i].look.has_received && p[i].dense >= dense &&
		    rematch_is_witness(r, i))
			dates[(*n)++] = p[i].look.received;
	}
	if (*n > 1)
		qsort(dates, *n, sizeof(*dates), by_date);
}

/* The dates that divide old from new. */
static int
find_dates(struct rematch *r)
{
	int64_t *dates;
	size_t n;

	if (r->n == 0) {
		/* Nothing is remembered. */
		r->has_dates = r->rules.committed_at != 0;
		r->oldest = r->old = r->newest =
		    r->rules.committed_at - LIMIT_REMATCH_BACKLOG_SECONDS;
		return (0);
	}
	if ((dates = calloc(r->n, sizeof(*dates))) == NULL)
		return (-1);
	collect_dates(r, 0, dates, &n);
	if (n > 0) {
		r->has_dates = 1;
		r->oldest = r->old = dates[0];
		r->newest = dates[n - 1];
	}
	/* Some of the last ones may be old mails that were moved here: a
	 * quarter of them does not count. */
	collect_dates(r, 1, dates, &n);
	if (n > 0)
		r->old = dates[n / 4];
	free(dates);
	return (0);
}

static int
by_place(const void *a, const void *b)
{
	const struct rematch_print *x = a, *y = b;

	if (x->group != y->group)
		return (x->group < y->group ? -1 : 1);
	return (x->look.uid < y->look.uid ? -1 : x->look.uid > y->look.uid);
}

static void
take_prints(struct rematch *r, const struct fingerprint *prints, size_t n)
{
	size_t i, group = 0;

	for (i = 0; i < n; i++) {
		if (i > 0 &&
		    (prints[i].uidvalidity != prints[i - 1].uidvalidity ||
			prints[i].epoch != prints[i - 1].epoch))
			group++;
		/* Of some no more than the UID is known. */
		if (prints[i].size != 0)
			r->prints[r->n++] =
			    (struct rematch_print){ .look = prints[i],
				    .group = group,
				    .dense = i + LIMIT_FINGERPRINTS >= n,
				    .mail = NONE };
	}
	/* Outcomes come in any order. */
	if (r->n > 1)
		qsort(r->prints, r->n, sizeof(*r->prints), by_place);
}

struct rematch *
rematch_new(const struct fingerprint *prints, size_t n,
    const struct rematch_rules *rules)
{
	struct rematch *r;
	size_t i;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return (NULL);
	r->rules = *rules;
	for (i = 0; i < REMATCH_AGES; i++)
		uidset_init(&r->ages[i], LIMIT_SEARCH_RANGES);
	if ((r->prints = calloc(n + 1, sizeof(*r->prints))) == NULL)
		goto fail;
	take_prints(r, prints, n);
	if (find_dates(r) == -1)
		goto fail;
	return (r);

fail:
	rematch_free(r);
	return (NULL);
}

void
rematch_free(struct rematch *r)
{
	size_t i;

	if (r == NULL)
		return;
	for (i = 0; i < REMATCH_AGES; i++)
		uidset_clear(&r->ages[i]);
	free(r->prints);
	free(r->mails);
	free(r);
}

enum rematch_age
rematch_age(const struct rematch *r, const struct fingerprint *mail)
{
	if (!mail->has_received || !r->has_dates)
		return (REMATCH_UNDATED);
	if (mail->received > r->newest)
		return (REMATCH_NEWER);
	if (mail->received < r->oldest)
		return (REMATCH_OLDEST);
	return (mail->received < r->old ? REMATCH_OLDER : REMATCH_SAME_TIME);
}

static int
same_look(const struct fingerprint *a, const struct fingerprint *b)
{
	return (a->has_received && b->has_received &&
	    a->received == b->received && a->size == b->size);
}

/* May they be the same mail?  No server changes a Message-ID. */
static int
alike(const struct fingerprint *print, const struct fingerprint *mail)
{
	if (print->id != 0 && mail->id != 0)
		return (print->id == mail->id);
	return (same_look(print, mail));
}

/* Are they, for all that can be seen? */
static int
equal(const struct fingerprint *print, const struct fingerprint *mail)
{
	return (
	    print->id != 0 && print->id == mail->id && same_look(print, mail));
}

/* Keep a mail that may be one of the remembered: 1; 0 if there is no room. */
static int
keep(struct rematch *r, const struct fingerprint *mail)
{
	struct rematch_mail *mails;
	size_t max;

	if (r->nmails == LIMIT_REMATCH_ALIKE)
		return (0);
	if (r->nmails == r->maxmails) {
		max = r->maxmails * 2 + 64;
		mails = reallocarray(r->mails, max, sizeof(*mails));
		if (mails == NULL)
			return (0);
		r->mails = mails;
		r->maxmails = max;
	}
	r->mails[r->nmails++] =
	    (struct rematch_mail){ .look = *mail, .print = NONE };
	return (1);
}

void
rematch_seen(struct rematch *r, const struct fingerprint *mail)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		if (alike(&r->prints[i].look, mail) && keep(r, mail))
			return;
	}
	/* What does not fit into the set is uncertain, as if without date. */
	(void)uidset_add(&r->ages[rematch_age(r, mail)], mail->uid, mail->uid);
}

static void
marry(struct rematch *r, size_t print, size_t mail)
{
	r->prints[print].mail = mail;
	r->mails[mail].print = print;
}

/* The one mail that is equal to this fingerprint, which is the only one equal
 * to it; or NONE. */
static size_t
only_equal(const struct rematch *r, size_t print)
{
	size_t i, found = NONE;

	for (i = 0; i < r->nmails; i++) {
		if (!equal(&r->prints[print].look, &r->mails[i].look))
			continue;
		if (found != NONE)
			return (NONE);
		found = i;
	}
	for (i = 0; found != NONE && i < r->n; i++) {
		if (i != print &&
		    equal(&r->prints[i].look, &r->mails[found].look))
			return (NONE);
	}
	return (found);
}

static int
by_uid(const void *a, const void *b)
{
	const struct rematch_mail *x = a, *y = b;

	return (x->look.uid < y->look.uid ? -1 : x->look.uid > y->look.uid);
}

void
rematch_doubts(struct rematch *r, struct uidset *uids)
{
	size_t i, j;

	if (r->nmails > 1)
		qsort(r->mails, r->nmails, sizeof(*r->mails), by_uid);
	for (i = 0; i < r->n; i++) {
		if ((j = only_equal(r, i)) != NONE)
			marry(r, i, j);
	}
	for (i = 0; i < r->n; i++) {
		if (r->prints[i].mail != NONE || !r->prints[i].look.has_hash)
			continue;
		for (j = 0; j < r->nmails; j++) {
			if (r->mails[j].print == NONE &&
			    alike(&r->prints[i].look, &r->mails[j].look))
				(void)uidset_add(uids, r->mails[j].look.uid,
				    r->mails[j].look.uid);
		}
	}
}

void
rematch_hashed(struct rematch *r, uint32_t uid, const unsigned char *hash)
{
	struct rematch_mail *m;
	size_t i;

	for (i = 0; i < r->nmails; i++) {
		m = &r->mails[i];
		if (m->look.uid != uid || m->print != NONE)
			continue;
		m->look.has_hash = 1;
		memcpy(m->look.hash, hash, FINGERPRINT_HASH);
	}
}

void
rematch_marry_hashed(struct rematch *r)
{
	size_t i, j;

	/* Copies of one mail are all the same: in the order of their UIDs. */
	for (i = 0; i < r->n; i++) {
		for (j = 0; j < r->nmails && r->prints[i].mail == NONE; j++) {
			if (r->mails[j].print == NONE &&
			    r->mails[j].look.has_hash &&
			    r->prints[i].look.has_hash &&
			    memcmp(r->mails[j].look.hash,
				r->prints[i].look.hash, FINGERPRINT_HASH) == 0)
				marry(r, i, j);
		}
	}
}
