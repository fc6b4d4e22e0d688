/* catchup.h - what to ask the server next, so that every message above the mark
 * gets a terminal outcome and none is asked for twice without need.
 *
 * Notifications are hints: they only cause a SEARCH.  What a SEARCH lists is
 * fetched in ascending order; what a FETCH did not bring is searched for again,
 * and is either gone (expunged: a terminal outcome) or asked for again, at
 * growing intervals, alone and in other forms (see catchup_ladder.c), and in
 * the end given up as a stub. Pure: no I/O, no clock; ${now} is in
 * milliseconds. */
#ifndef CATCHUP_H
#define CATCHUP_H

#include <stddef.h>
#include <stdint.h>

#include "bridge/imap/fetch_form.h"

struct buf;
struct catchup;
struct checkpoint;
struct uidset;

enum catchup_job {
	CATCHUP_NOTHING, /* all is found and asked; await new mail */
	CATCHUP_WAIT,	 /* answers are on their way, or there is no room */
	CATCHUP_SEARCH,	 /* text: the criteria */
	CATCHUP_FETCH,	 /* text: the UID set, asked for in this form */
	CATCHUP_STUB	 /* uid: the server lists it and never sends it */
};

struct catchup_next {
	enum catchup_job job;
	const char *text; /* until the next call */
	enum fetch_form form;
	uint32_t uid;
};

/* What the end of a SEARCH or a FETCH says of itself. */
struct catchup_end {
	int ok;		 /* the server called it complete */
	int answered;	 /* SEARCH: there was an answer, maybe an empty one */
	uint32_t limit;	 /* the server touches no more messages at once, and */
	uint32_t lowest; /* began with the highest: no UID below; 0: none */
};

/* Begin above the mark in ${from} (uid, since_below, since).  NULL if memory is
 * out.  The first job will be a SEARCH. */
struct catchup *catchup_new(const struct checkpoint *from);
void catchup_free(struct catchup *);

/* Take nothing above ${last}: when all up to it has an outcome there is nothing
 * more to do.  Before the first catchup_next(). */
void catchup_until(struct catchup *, uint32_t last);

/* Ask for none of ${skip}: those that are listed have their outcome already. It
 * is borrowed, until the next call with another one, or NULL. */
void catchup_skip(struct catchup *, const struct uidset *skip);

/* Ask for sizes first, and of messages with more than ${octets} only for the
 * start.  Before the first catchup_next(). */
void catchup_limit(struct catchup *, uint64_t octets);

/* Choose the next job and assume it is done: a SEARCH is sent, a FETCH is sent,
 * a stub is handed on.  ${can_search}: no command is under way.  ${can_fetch}:
 * one more FETCH may be sent.  ${hold}: no message may come in now. */
void catchup_next(struct catchup *, int can_search, int can_fetch, int hold,
    uint64_t now, struct catchup_next *next);

/* Something may have changed: search again. */
void catchup_hint(struct catchup *);

/* Search again, and below the mark too: servers are known to show a message
 * only after those with higher UIDs.  One that was not there when the mark
 * passed it is fetched like any other, without moving the mark.  What was there
 * is remembered since catchup_new(), or since what catchup_recall() was told
 * of, and for the last LIMIT_SWEEP_UIDS. */
void catchup_sweep(struct catchup *);

/* Which UIDs up to the mark are remembered so, as text: "1:4,6"; "" if all are.
 * As catchup_mark_if(), if those of ${uids} had their outcome.  In doubt (no
 * memory) it is "". */
void catchup_below(
    const struct catchup *, const uint32_t *uids, size_t n, struct buf *text);

/* What that once said, where the mark was at the same UID.  Before the first
 * catchup_next().  What is no such text counts as "". */
void catchup_recall(struct catchup *, const char *below);

/* The answers: a range of a SEARCH, its end, the end of the oldest FETCH.  What
 * a complete SEARCH does not list is expunged; what a complete FETCH does not
 * bring, again and again, is withheld. */
void catchup_found(struct catchup *, uint32_t lo, uint32_t hi);
void catchup_searched(
    struct catchup *, const struct catchup_end *, uint64_t now);
void catchup_fetched(
    struct catchup *, const struct catchup_end *, uint64_t now);

/* The server says that ${uid} has ${octets}. */
void catchup_size(struct catchup *, uint32_t uid, uint64_t octets);

/* The message that is coming is too large to be read: ask for its start, or, if
 * that was done, for its header.  ${uid} 0: the one that is due next. */
void catchup_oversized(struct catchup *, uint32_t uid);

/* Of ${uid} the start is there, so that only the rest is asked for (FETCH_REST)
 * where it would be asked for as a whole; ${more}: more than before, so that
 * what was in vain counts no more.  What RFC822.SIZE told of it (0: nothing).
 * And: it is there no more. */
uint64_t catchup_rest(struct catchup *, uint32_t uid, int more);
void catchup_no_rest(struct catchup *, uint32_t uid);

/* What comes for ${uid} is not the message.  1: there is no hope for better,
 * take it; 0: as if nothing had come, and it is asked for again for hours. */
int catchup_placeholder(struct catchup *, uint32_t uid);

/* The UID that the oldest FETCH asks for, if it is only one; else 0.  Servers
 * are known to send a message without its UID. */
uint32_t catchup_only(const struct catchup *);

/* A message of ${size} octets came.  1: it was awaited, and its outcome is now
 * awaited; 0: nobody asked, or it came before: drop it. */
int catchup_received(struct catchup *, uint32_t uid, uint64_t size);

/* ${uid} has a terminal outcome. */
void catchup_done(struct catchup *, uint32_t uid);

/* The connection is gone: what was asked for is open again.  ${blame}: it
 * failed, so that the message that was due next may be what breaks it: like one
 * that did not come, it is asked for later and alone. */
void catchup_disconnected(struct catchup *, int blame, uint64_t now);

/* The UID that may be committed. */
uint32_t catchup_mark(const struct catchup *);

/* The same, if those of ${uids} had their outcome. */
uint32_t catchup_mark_if(
    const struct catchup *, const uint32_t *uids, size_t n);

/* Messages listed and without outcome; and whether that is known to be all
 * (a SEARCH has been answered and no hint has come since). */
uint64_t catchup_lag(const struct catchup *);
int catchup_complete(const struct catchup *);

/* There were ${tries} SEARCHes without an answer before this one: 1 if that is
 * enough to be taken for "nothing"; else 0, and *at is when to ask again. */
int catchup_unanswered(unsigned tries, uint64_t now, uint64_t *at);

/* Had the last SEARCH no answer?  Then nothing is known of what is there, until
 * it is asked again: see catchup_wake(). */
int catchup_is_void(const struct catchup *);

/* How many UIDs turned out to be expunged. */
uint64_t catchup_expunged(const struct catchup *);

/* When catchup_next() would give a job that it does not give yet, for messages
 * that did not come; UINT64_MAX if never. */
uint64_t catchup_wake(struct catchup *);

#endif
