/* What becomes of the mails that have no fingerprint. */
#include "bridge/limits.h"
#include "bridge/watch/rematch_private.h"

/* One in ten may contradict: mails are moved away and back. */
#define TRUSTED(wrong, of) ((of) > 0 && (wrong)*10 <= (of))

/* Fewer known mails may stand in their order by chance: that a mail is below
 * them is not enough. */
#define ORDER_KNOWN 4

/* What the known mails tell of all others. */
struct witness {
	size_t known;
	int order;	 /* they have kept it: a place means something */
	int dates;	 /* they have kept theirs */
	uint32_t bottom; /* below it are those from before */
	uint32_t top;	 /* above it those that came after */
	int last;	 /* the very last one published is among them */
};

enum place { BELOW, BETWEEN, ABOVE, ANYWHERE };

enum fate { PASS, FRESH, UNCERTAIN };

static void
question(const struct rematch *r, struct witness *w)
{
	const struct rematch_print *print;
	const struct fingerprint *mail;
	size_t i, back = 0, moved = 0, dated = 0;
	uint32_t before = 0, sparse = 0;

	*w = (struct witness){ .bottom = UINT32_MAX };
	for (i = 0; i < r->n; i++) {
		print = &r->prints[i];
		if (print->mail == SIZE_MAX)
			continue;
		mail = &r->mails[print->mail].look;
		w->known++;
		back += mail->uid < before;
		before = mail->uid;
		if (print->look.has_received && mail->has_received) {
			dated++;
			moved += print->look.received != mail->received;
		}
		if (mail->uid > w->top)
			w->top = mail->uid;
		w->last = i == r->n - 1;
		if (!rematch_is_witness(r, i))
			continue;
		if (print->dense && mail->uid < w->bottom)
			w->bottom = mail->uid;
		if (!print->dense && mail->uid > sparse)
			sparse = mail->uid;
	}
	/* Only old ones: what is above the last of them is younger. */
	if (w->bottom == UINT32_MAX)
		w->bottom = sparse;
	w->order = TRUSTED(back, w->known);
	w->dates = TRUSTED(moved, dated);
}

/* Nothing is known: the date is all there is. */
static enum fate
decide_unknown(const struct rematch *r, enum rematch_age age)
{
	if (age == REMATCH_NEWER)
		return (r->n > 0 ? FRESH : UNCERTAIN);
	if (age == REMATCH_OLDEST && !r->rules.whole)
		return (PASS);
	return (UNCERTAIN);
}

static enum fate
decide(const struct rematch *r, const struct witness *w, enum place place,
    enum rematch_age age)
{
	int older = age == REMATCH_OLDER || age == REMATCH_OLDEST;

	if (older && r->rules.unsettled) {
		age = REMATCH_SAME_TIME;
		older = 0;
	}
	if (w->known == 0)
		return (decide_unknown(r, age));
	if (!w->dates)
		age = REMATCH_UNDATED;
	switch (place) {
	case BELOW:
		if (age == REMATCH_NEWER || (w->known < ORDER_KNOWN && !older))
			return (UNCERTAIN);
		return (PASS);
	case BETWEEN:
		return (UNCERTAIN);
	case ABOVE:
		return (w->last || age == REMATCH_NEWER ? FRESH : UNCERTAIN);
	case ANYWHERE:
		break;
	}
	if (age == REMATCH_NEWER)
		return (FRESH);
	return (w->dates && older ? PASS : UNCERTAIN);
}

/* Tell what becomes of lo..hi. */
static void
tell(struct rematch_verdict *v, uint32_t lo, uint32_t hi, enum fate fate)
{
	uint64_t n = (uint64_t)hi - lo + 1;

	/* What does not fit into a set is uncertain. */
	if (fate == PASS && uidset_add(&v->skip, lo, hi) == 0)
		v->passed += n;
	else if (fate == FRESH && uidset_add(&v->plain, lo, hi) == 0)
		v->fresh += n;
	else
		v->uncertain += n;
}

/* The same for all of an age, part by part. */
static void
tell_age(const struct rematch *r, const struct witness *w, enum rematch_age age,
    struct rematch_verdict *v)
{
	const struct uidset *set = &r->ages[age];
	uint32_t lo, hi, end;
	enum place place;
	size_t i;

	for (i = 0; i < set->n; i++) {
		hi = set->ranges[i].hi;
		for (lo = set->ranges[i].lo;; lo = end + 1) {
			end = hi;
			if (!w->order) {
				place = ANYWHERE;
			} else if (lo < w->bottom) {
				place = BELOW;
				end = w->bottom - 1;
			} else if (lo <= w->top) {
				place = BETWEEN;
				end = w->top;
			} else
				place = ABOVE;
			if (end > hi)
				end = hi;
			tell(v, lo, end, decide(r, w, place, age));
			if (end == hi)
				break;
		}
	}
}

void
rematch_decide(struct rematch *r, struct rematch_verdict *v)
{
	const struct rematch_mail *m;
	struct witness w;
	unsigned age;
	size_t i;

	*v = (struct rematch_verdict){ .matched = 0 };
	uidset_init(&v->skip, LIMIT_SEARCH_RANGES);
	uidset_init(&v->plain, LIMIT_SEARCH_RANGES);
	rematch_marry_hashed(r);
	question(r, &w);
	for (i = 0; i < r->nmails; i++) {
		m = &r->mails[i];
		if (m->print == SIZE_MAX)
			(void)uidset_add(&r->ages[rematch_age(r, &m->look)],
			    m->look.uid, m->look.uid);
		else if (uidset_add(&v->skip, m->look.uid, m->look.uid) == 0)
			v->matched++;
	}
	for (age = 0; age < REMATCH_AGES; age++)
		tell_age(r, &w, (enum rematch_age)age, v);
}
