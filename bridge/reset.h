/* reset.h - what became of a mailbox that was numbered anew: its UIDVALIDITY
 * changed, its UIDs went back, or one of them came to mean another mail. */
#ifndef RESET_H
#define RESET_H

#include <stddef.h>
#include <stdint.h>

/* As stored, under its first name, "rewound". */
enum reset_cause {
	RESET_UIDVALIDITY, /* it changed */
	RESET_UIDNEXT,	   /* it went back */
	RESET_UID	   /* a UID was seen to mean another mail */
};

struct reset {
	uint64_t epoch; /* of the mailbox, from then on */
	int64_t at;	/* wall clock, seconds since 1970 */
	enum reset_cause cause;
	char policy[8]; /* "match", "all", "now", "stop" */

	/* Before, and from then on. */
	uint64_t old_uidvalidity, uidvalidity;
	uint32_t old_uid, uid; /* the marks */
	uint32_t uidnext;      /* 0: not told */
	uint64_t exists;

	/* Of the mails that were there: recognised; passed over; published;
	 * and of these, those that may have been published before. */
	uint64_t matched, passed, published, uncertain;

	/* UIDs up to this one had been given to other mails under the same
	 * UIDVALIDITY: their events' ids end with the epoch, above
	 * reset_above().  0: none. */
	uint32_t ceiling;

	int told; /* the sinks have the event about it */

	/* Until the mark has reached ${horizon}: of the UIDs up to it, those
	 * that are passed over, and those that are published as new; all others
	 * are uncertain.  "1:500,503"; malloc'ed. */
	uint32_t horizon;
	char *skip, *plain;
};

/* UIDs above ${above} and up to ${ceiling} were given out anew. */
struct reset_span {
	uint64_t epoch;
	uint32_t above, ceiling;
};

/* Up to here a UID is known to mean the mail that it meant before. */
uint32_t reset_above(const struct reset *);

/* The epoch that the id of UID ${uid} ends with, or 0.  ${spans}: those of its
 * UIDVALIDITY, ${n} of them, the last one first. */
uint64_t reset_epoch(const struct reset_span *spans, size_t n, uint32_t uid);

/* "uidValidity", "uidNext" or "uid"; and back, the first one for all else. */
const char *reset_cause_name(enum reset_cause);
enum reset_cause reset_cause_read(const char *name);

/* A copy of all of it; 0, or -1 if memory is out.  Free its texts and forget
 * all.
 */
int reset_copy(struct reset *to, const struct reset *from);
void reset_clear(struct reset *);

#endif
