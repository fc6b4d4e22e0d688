/* catchup_private.h - what catchup.c (the course of things), catchup_fetch.c
 * (what to fetch, and what came), catchup_search.c (SEARCH, and what its
 * answers prove) and catchup_known.c (what is old below the mark) share. */
#ifndef CATCHUP_PRIVATE_H
#define CATCHUP_PRIVATE_H

#include "bridge/buf.h"
#include "bridge/limits.h"
#include "bridge/uidset.h"
#include "bridge/watch/ack.h"
#include "bridge/watch/catchup.h"

/* Octets one FETCH should bring, so that a stop or a hold comes soon. */
#define CATCHUP_FETCH_OCTETS (4U * 1024 * 1024)

struct asked {
	int sizes; /* only for their sizes */
	size_t n;
	uint32_t uids[];
};

struct catchup {
	struct ack_window *window;
	struct ack_window *late; /* below the mark, while there are any */
	struct uidset pending;	 /* listed, not yet in the window */
	struct uidset known;	 /* below the mark: with an outcome */
	const struct uidset
	    *skip;	/* with an outcome before we began; or NULL */
	uint32_t floor; /* below it nothing is known */
	struct asked *asked[LIMIT_FETCH_PIPELINE]; /* oldest first */
	unsigned nasked;
	struct buf text;
	char since[16];
	uint32_t since_below;
	uint32_t last;	     /* nothing above it is taken */
	int dirty;	     /* a SEARCH is due */
	int sweep;	     /* and one below the mark too */
	int searching;	     /* a SEARCH is under way */
	uint32_t from;	     /* its lowest UID */
	unsigned looked;     /* at what it lists below the mark */
	uint32_t below;	     /* it goes on below this UID, or 0 */
	int truncated;	     /* its answer did not fit: more is above */
	unsigned unanswered; /* SEARCHes in a row that had no answer */
	uint64_t search_at;  /* the next one, or 0 */
	uint64_t batch;	     /* UIDs a FETCH that the server allows */
	uint64_t mean;	     /* octets of a message, smoothed */
	uint64_t limit;	     /* more octets are not asked for, or 0 */
	unsigned unsized;    /* times that the sizes were refused in a row */
	uint64_t expunged;
};

/* The entry of ${uid}, above or below the mark; NULL if there is none. */
struct ack_entry *catchup_find(struct catchup *, uint32_t uid);

/* The next entry, those below the mark first.  Begin with *i = 0. */
struct ack_entry *catchup_each(struct catchup *, size_t *i);

/* Is it to be asked for now? */
int catchup_is_due(const struct ack_entry *, uint64_t now);

/* Choose a FETCH: 1, or 0 if there is nothing to ask for. */
int catchup_fetch_begin(
    struct catchup *, uint64_t now, struct catchup_next *next);

/* The message that the server is about to send, or sends; or NULL. */
struct ack_entry *catchup_due_next(struct catchup *);

/* What is asked for of ${e}, after the tries that were in vain
 * (catchup_ladder.c). */
enum fetch_form catchup_form(const struct ack_entry *e);

/* One more try was in vain, a refusal or silence: when to try again, or that it
 * is withheld. */
void catchup_missed(struct ack_entry *e, int refused, uint64_t now);

/* Only its header is asked for from now on. */
void catchup_header_only(struct ack_entry *e);

/* Is this the last but few, where what comes is taken as it is? */
int catchup_is_last(const struct ack_entry *e);

/* A sweep must not take lo..hi for late ones. */
void catchup_remember(struct catchup *, uint32_t lo, uint32_t hi);

/* Ask for the sizes of what is to be fetched next: 1, or 0 if they are known,
 * or are not to be had. */
int catchup_sizes_begin(struct catchup *, uint64_t now, struct catchup_next *);

/* ${uid} has an outcome; ${gone}: expunged. */
void catchup_finish(struct catchup *, uint32_t uid, int gone);

/* Begin a SEARCH, or go on with it. */
void catchup_search_begin(struct catchup *, struct catchup_next *next);

#endif
