/* rematch.h - a mailbox has numbered its mails anew: which of them were
 * published under their old numbers?
 *
 * What is remembered are fingerprints of published mails: all of the last ones,
 * and a few of each age before (LIMIT_FINGERPRINTS).  What is known of the
 * mails that are there now is their date, their size and their Message-ID.  One
 * that has all three like exactly one fingerprint, and no other mail has, is
 * known; where that is in doubt the hash of the whole mail decides.
 *
 * Of mails without a fingerprint two witnesses tell.  Their place: below the
 * last ones that are known are those that were published before; it counts
 * where the known ones have kept their order.  Their date, where the known ones
 * have kept theirs.  Who is older by each witness that counts is passed over;
 * who came after the last one that is known is new; all others are published as
 * uncertain.  Where no mail is known, those are passed over that are older than
 * all that is remembered, unless everything is wanted.  No mail is older that
 * way while an earlier reset is not through.  What was published
 * above the mark, while a mail before it was not, is known, but no witness.
 *
 * Pure: no I/O, no clock. */
#ifndef REMATCH_H
#define REMATCH_H

#include <stddef.h>
#include <stdint.h>

#include "bridge/uidset.h"

struct fingerprint;
struct rematch;

struct rematch_rules {
	/* Where it stood. */
	uint64_t uidvalidity;
	uint64_t epoch;
	uint32_t mark;
	/* The mailbox is wanted from its beginning: none is left out only
	 * because it is older than what is remembered. */
	int whole;
	/* Not all mails of an earlier reset had come out.  They come in the
	 * order of their new places, which may be any order of their dates:
	 * who is older may be one of those that are left. */
	int unsettled;
	/* When its mark was committed last: all there is where nothing is
	 * remembered. */
	int64_t committed_at;
};

/* What was found, all in new UIDs; sets are to be cleared. */
struct rematch_verdict {
	struct uidset skip;  /* known, or older: published before */
	struct uidset plain; /* new; who is in neither set is uncertain */
	uint64_t matched;    /* known */
	uint64_t passed;     /* older */
	uint64_t fresh;	     /* new */
	uint64_t uncertain;  /* neither */
};

/* ${prints}: ${n} of them, in the order in which they were published; copied.
 * NULL if memory is out. */
struct rematch *rematch_new(
    const struct fingerprint *prints, size_t n, const struct rematch_rules *);
void rematch_free(struct rematch *);

/* A mail that is there: its UID, date, size and Message-ID. */
void rematch_seen(struct rematch *, const struct fingerprint *mail);

/* All were seen: the UIDs of those whose hash must decide are put into ${uids}
 * (initialised by the caller). */
void rematch_doubts(struct rematch *, struct uidset *uids);

/* The hash of one of these. */
void rematch_hashed(struct rematch *, uint32_t uid, const unsigned char *hash);

/* What was found. */
void rematch_decide(struct rematch *, struct rematch_verdict *);

#endif
