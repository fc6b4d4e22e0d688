/* on_reset: match.  The mailbox was numbered anew: look at all mails that are
 * there, read those that leave a doubt, and decide which of them are published.
 * Until the decision is durable nothing else is: a crash begins it anew. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/buf.h"
#include "bridge/config/config.h"
#include "bridge/counts.h"
#include "bridge/envelope/hash.h"
#include "bridge/imap/session.h"
#include "bridge/limits.h"
#include "bridge/message.h"
#include "bridge/ops/log.h"
#include "bridge/reset.h"
#include "bridge/watch/catchup.h"
#include "bridge/watch/rematch.h"
#include "bridge/watch/watcher_private.h"

/* Octets of the text of a set: as many ranges as it can have. */
#define SET_TEXT ((size_t)LIMIT_SEARCH_RANGES * 24)

struct watcher_match {
	struct rematch *rematch; /* NULL: nothing was seen yet */
	int reading;		 /* whole mails, for their hashes */
	struct uidset found;	 /* what SEARCH listed */
	struct uidset others;	 /* while reading: those that leave no doubt */
};

void
watcher_match_free(struct watcher *w)
{
	struct watcher_match *m = w->match;

	if (m == NULL)
		return;
	rematch_free(m->rematch);
	uidset_clear(&m->found);
	uidset_clear(&m->others);
	free(m);
	w->match = NULL;
}

/* A catch-up through the whole mailbox that commits nothing. */
static int
walk(struct watcher *w, struct fault *f)
{
	struct checkpoint from = { .uidvalidity = w->reset_from.uidvalidity };

	return (watcher_begin(w, &from, 0, f));
}

int
watcher_match_begin(struct watcher *w, struct fault *f)
{
	watcher_match_free(w);
	if ((w->match = calloc(1, sizeof(*w->match))) == NULL)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	uidset_init(&w->match->found, LIMIT_SEARCH_RANGES);
	uidset_init(&w->match->others, LIMIT_SEARCH_RANGES);
	return (walk(w, f));
}

int
watcher_match_again(
    struct watcher *w, const struct session_event *ev, struct fault *f)
{
	const struct uidset *found = &w->match->found;

	if (ev->uidnext == 0 || uidset_empty(found) ||
	    ev->uidnext > found->ranges[found->n - 1].hi)
		return (0);
	/* It went back once more, in the middle. */
	w->reset_from.uidnext = ev->uidnext;
	w->reset_from.exists = ev->exists;
	return (watcher_match_begin(w, f));
}

int
watcher_match_looks(const struct watcher *w)
{
	return (w->match != NULL && !w->match->reading);
}

void
watcher_match_found(struct watcher *w, uint32_t lo, uint32_t hi)
{
	/* What does not fit is above all that is decided, like what comes when
	 * all was looked at. */
	if (!w->match->reading)
		(void)uidset_add(&w->match->found, lo, hi);
}

/* Were mails of the reset before this one still to come out?  1, 0, or -1 with
 * ${f}. */
static int
is_unsettled(struct watcher *w, struct fault *f)
{
	const struct reset *from = &w->reset_from;
	struct reset before;
	int rc;

	if (w->reset.epoch != 0)
		return (w->reset.horizon > from->old_uid);
	if (w->host->store == NULL)
		return (0);
	rc = checkpoint_last_reset(w->host->store, w->account->name, w->mailbox,
	    from->old_uidvalidity, &before, f);
	if (rc != 1)
		return (rc);
	rc = before.horizon > from->old_uid;
	reset_clear(&before);
	return (rc);
}

/* All outcomes are known: ask the store. */
static int
remember(struct watcher *w, struct fault *f)
{
	const struct reset *from = &w->reset_from;
	struct rematch_rules rules = {
		.uidvalidity = from->old_uidvalidity,
		.epoch = w->epoch,
		.mark = from->old_uid,
		.whole =
		    w->fresh || w->account->start == CONFIG_START_BEGINNING,
		.committed_at = from->at,
	};
	struct fingerprint *prints;
	size_t n;

	if (w->match->rematch != NULL)
		return (0);
	if ((rules.unsettled = is_unsettled(w, f)) == -1)
		return (-1);
	if ((prints = watcher_prints_all(w, &n, f)) == NULL)
		return (-1);
	w->match->rematch = rematch_new(prints, n, &rules);
	free(prints);
	if (w->match->rematch == NULL)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	return (0);
}

int
watcher_match_glance(struct watcher *w, struct message *m, struct fault *f)
{
	struct fingerprint look;
	int rc = 0;

	if (m->uid == 0)
		m->uid = catchup_only(w->catchup);
	if (catchup_received(w->catchup, m->uid, m->raw_len)) {
		fingerprint_look(&look, m);
		if ((rc = remember(w, f)) == 0)
			rematch_seen(w->match->rematch, &look);
		catchup_done(w->catchup, m->uid);
	}
	message_free(m);
	return (rc);
}

void
watcher_match_message(struct watcher *w, struct message *m)
{
	struct span raw = { m->raw, m->raw_len };
	unsigned char digest[FINGERPRINT_HASH];
	struct hash *hash;
	char id[HASH_ID];

	if (catchup_received(w->catchup, m->uid, m->size)) {
		hash = hash_new();
		if (hash != NULL && m->size == m->raw_len &&
		    hash_name(hash, raw, id) == 0 &&
		    fingerprint_hash(id, digest) == 0)
			rematch_hashed(w->match->rematch, m->uid, digest);
		hash_free(hash);
		catchup_done(w->catchup, m->uid);
	}
	message_free(m);
	watcher_release(w);
}

/* Is there a doubt that only whole mails can end?  Then read these. */
static int
read_doubts(struct watcher *w, struct fault *f)
{
	struct watcher_match *m = w->match;
	struct uidset doubts;
	uint32_t next = 1;
	size_t i;
	int rc = 0;

	uidset_init(&doubts, LIMIT_REMATCH_ALIKE);
	rematch_doubts(m->rematch, &doubts);
	m->reading = 1;
	if (uidset_empty(&doubts))
		return (0);
	log_write(LOG_INFO, "watcher", w->name,
	    "%llu mails are read to know whether they were published",
	    (unsigned long long)uidset_count(&doubts));
	for (i = 0; i < doubts.n; i++) {
		if (doubts.ranges[i].lo > next)
			(void)uidset_add(
			    &m->others, next, doubts.ranges[i].lo - 1);
		next = doubts.ranges[i].hi + 1;
	}
	if (next != 0)
		(void)uidset_add(&m->others, next, UINT32_MAX);
	uidset_clear(&doubts);
	if ((rc = walk(w, f)) == 0)
		catchup_skip(w->catchup, &m->others);
	return (rc == 0 ? 1 : -1);
}

static char *
set_text(const struct uidset *set)
{
	struct buf text;

	buf_init(&text, SET_TEXT);
	uidset_write(set, &text);
	if (set->n == 0)
		return (strdup(""));
	if (!text.failed)
		return (buf_take(&text));
	buf_free(&text);
	return (NULL);
}

/* The lowest UID of ${found} that is not in ${skip}; 0 if there is none. */
static uint32_t
first_left(const struct uidset *found, const struct uidset *skip)
{
	uint32_t uid, end;
	size_t i;

	for (i = 0; i < found->n; i++) {
		uid = found->ranges[i].lo;
		while ((end = uidset_end(skip, uid)) != 0) {
			if (end >= found->ranges[i].hi)
				break;
			uid = end + 1;
		}
		if (end == 0)
			return (uid);
	}
	return (0);
}

static int
decide(struct watcher *w, struct fault *f)
{
	struct checkpoint mark = { .uidvalidity = w->uidvalidity };
	struct uidset *found = &w->match->found;
	struct rematch_verdict v;
	struct reset r = { .epoch = 0 };
	uint32_t left;
	int rc = -1;

	rematch_decide(w->match->rematch, &v);
	if (!uidset_empty(found))
		r.horizon = found->ranges[found->n - 1].hi;
	left = first_left(found, &v.skip);
	mark.uid = left != 0 ? left - 1 : r.horizon;
	uidset_cut(&v.skip, mark.uid);
	r.matched = v.matched;
	r.passed = v.passed;
	r.published = uidset_count(found) - v.matched - v.passed;
	r.uncertain = r.published - v.fresh;
	if (mark.uid >= r.horizon)
		r.horizon = 0;
	log_write(LOG_WARN, "watcher", w->name,
	    "of %llu mails %llu are known, %llu are older than what is "
	    "remembered, %llu are published, of which %llu may have been "
	    "before; it goes on after UID %u",
	    (unsigned long long)uidset_count(found),
	    (unsigned long long)r.matched, (unsigned long long)r.passed,
	    (unsigned long long)r.published, (unsigned long long)r.uncertain,
	    mark.uid);
	r.skip = set_text(&v.skip);
	r.plain = set_text(&v.plain);
	if (r.skip == NULL || r.plain == NULL)
		fault_set(f, FAULT_RETRY, "out of memory");
	else {
		watcher_match_free(w);
		rc = watcher_reset_begin(w, &r, &mark, f);
	}
	free(r.skip);
	free(r.plain);
	uidset_clear(&v.skip);
	uidset_clear(&v.plain);
	return (rc);
}

int
watcher_match_next(struct watcher *w, struct fault *f)
{
	int rc;

	if (remember(w, f) == -1)
		return (-1);
	/* A SEARCH without an answer is repeated: what was listed before it is
	 * not all looked at. */
	if (catchup_is_void(w->catchup))
		return (0);
	if (!w->match->reading && (rc = read_doubts(w, f)) != 0)
		return (rc);
	return (decide(w, f) == -1 ? -1 : 1);
}
