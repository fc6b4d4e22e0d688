/* ledger.h - what a catch-up may do with a UID, kept beside it from what it was
 * told and what it asks: none is asked for that no SEARCH listed, none that is
 * old or was taken, none is taken twice, and the mark passes none that is still
 * listed and has no outcome.  What is broken is said, and the program aborts.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include "bridge/uidset.h"

struct catchup;
struct catchup_end;

struct ledger {
	struct uidset listed; /* ever, by a SEARCH */
	struct uidset taken;  /* old, or handed on */
	struct uidset done;   /* old, or with an outcome */
	struct uidset skip;   /* not to be asked for */
	struct uidset passed; /* at any time not: the mark may pass it */
	struct uidset heard;  /* of those that the mark must await: by the */
	struct uidset due;    /* SEARCH under way, and by the last whole one */
	uint32_t last;	      /* nothing above it is taken */
	uint32_t top;	      /* above it nothing was asked for */
	uint32_t mark;
};

/* All up to ${mark} but what ${below} leaves out (see catchup_recall()) is old;
 * ${skip} is such a text, too, and what is no such text is empty. */
void ledger_init(struct ledger *, uint32_t mark, const char *below,
    const char *skip, uint32_t last);
void ledger_clear(struct ledger *);

/* A SEARCH begins; it lists lo..hi; catchup_searched() was told of its end. */
void ledger_search(struct ledger *);
void ledger_found(struct ledger *, uint32_t lo, uint32_t hi);
void ledger_searched(
    struct ledger *, const struct catchup_end *, const struct catchup *);

/* These are asked for; one is handed on; one has its outcome. */
void ledger_asked(struct ledger *, const char *set);
void ledger_take(struct ledger *, uint32_t uid);
void ledger_done(struct ledger *, uint32_t uid);

/* Is the mark where it may be? */
void ledger_check(struct ledger *, const struct catchup *);

/* Is what outlives the process the same again for the next one?  Then this is
 * what the ledger starts from, too: the new catch-up, or NULL. */
struct catchup *ledger_restart(struct ledger *, const struct catchup *);

/* ${uids} get their outcome now: do the mark and what is below it become what
 * was foretold? */
void ledger_finish(
    struct ledger *, struct catchup *, const uint32_t *uids, size_t n);

void ledger_broken(const char *rule, uint32_t uid);

#endif
