/* catchup.h - what to ask the server next, so that every message above the mark
 * gets a terminal outcome and none is asked for twice without need.
 *
 * Notifications are hints: they only cause a SEARCH.  What a SEARCH lists is
 * fetched in ascending order; what a FETCH did not bring is searched for again,
 * and is either gone (expunged: a terminal outcome) or asked for again, at
 * growing intervals, in the end alone, and then given up as a stub.
 * Pure: no I/O, no clock; ${now} is in milliseconds. */
#ifndef CATCHUP_H
#define CATCHUP_H

#include <stddef.h>
#include <stdint.h>

struct catchup;
struct checkpoint;

enum catchup_job {
	CATCHUP_NOTHING, /* all is found and asked; await new mail */
	CATCHUP_WAIT,	 /* answers are on their way, or there is no room */
	CATCHUP_SEARCH,	 /* text: the criteria */
	CATCHUP_FETCH,	 /* text: the UID set; plain: the body alone */
	CATCHUP_STUB	 /* uid: the server lists it and never sends it */
};

struct catchup_next {
	enum catchup_job job;
	const char *text; /* until the next call */
	int plain;
	uint32_t uid;
};

/* Begin above the mark in ${from} (uid, since_below, since).  NULL if memory is
 * out.  The first job will be a SEARCH. */
struct catchup *catchup_new(const struct checkpoint *from);
void catchup_free(struct catchup *);

/* Choose the next job and assume it is done: a SEARCH is sent, a FETCH is sent,
 * a stub is handed on.  ${can_search}: no command is under way.  ${can_fetch}:
 * one more FETCH may be sent.  ${hold}: no message may come in now. */
void catchup_next(struct catchup *, int can_search, int can_fetch, int hold,
    uint64_t now, struct catchup_next *next);

/* Something may have changed: search again. */
void catchup_hint(struct catchup *);

/* The answers: a range of a SEARCH, its end, the end of the oldest FETCH
 * (${ok}: the server called it complete, so that what is missing counts as
 * withheld). */
void catchup_found(struct catchup *, uint32_t lo, uint32_t hi);
void catchup_searched(struct catchup *);
void catchup_fetched(struct catchup *, int ok, uint64_t now);

/* A message of ${size} octets came.  1: it was awaited, and its outcome is now
 * awaited; 0: nobody asked, or it came before: drop it. */
int catchup_received(struct catchup *, uint32_t uid, uint64_t size);

/* ${uid} has a terminal outcome. */
void catchup_done(struct catchup *, uint32_t uid);

/* The connection is gone: what was asked for is open again. */
void catchup_disconnected(struct catchup *);

/* The UID that may be committed. */
uint32_t catchup_mark(const struct catchup *);

/* Messages listed and without outcome; and whether that is known to be all
 * (a SEARCH has been answered and no hint has come since). */
uint64_t catchup_lag(const struct catchup *);
int catchup_complete(const struct catchup *);

/* How many UIDs turned out to be expunged. */
uint64_t catchup_expunged(const struct catchup *);

/* When catchup_next() would give a job that it does not give yet, for messages
 * that did not come; UINT64_MAX if never. */
uint64_t catchup_wake(struct catchup *);

#endif
