/* session.h - one IMAP connection's dialogue: greeting, login, EXAMINE, then
 * the commands its owner gives (RFC 3501; RFC 2177 for IDLE, RFC 2971 for ID,
 * RFC 4959 for SASL-IR).
 *
 * No I/O and no clock: octets and the time come in, octets to be sent come out,
 * and events are pulled one by one.  ${now} is in milliseconds of a monotonic
 * clock.  The mailbox is opened by EXAMINE and read with BODY.PEEK, so nothing
 * here changes it; but by SELECT where EXAMINE gives no UIDs that last (see
 * vendor.c), which costs nothing but \Recent. */
#ifndef SESSION_H
#define SESSION_H

#include <stddef.h>
#include <stdint.h>

#include "bridge/imap/fetch_form.h"

struct buf;
struct fault;
struct message;
struct session;

enum session_event_kind {
	SESSION_LOGIN,	  /* ready for session_login() */
	SESSION_READY,	  /* logged in, and no mailbox was configured */
	SESSION_SELECTED, /* the mailbox is open; commands may be given */
	SESSION_REFUSED,  /* session_select(): it cannot be opened; ${fault} */
	SESSION_UNSELECTED, /* none is open any more */
	SESSION_LISTED,	    /* LIST: ${name}, ${wire}, ${closed} */
	SESSION_LIST_DONE,  /* ${ok}, ${text}; ${delimiter}, 0 if none */
	SESSION_STATUS, /* of ${name}: ${uidvalidity}, ${uidnext}, ${exists} */
	SESSION_STATUS_DONE, /* the oldest STATUS is complete; ${ok}, ${text} */
	SESSION_NOTIFY_DONE, /* ${ok}, ${text} */
	SESSION_NOTIFY_LOST, /* too much happens: nothing is told any more */
	SESSION_FOUND,	     /* SEARCH: the UIDs lo..hi exist */
	SESSION_SEARCHED,    /* the SEARCH is complete */
	SESSION_SIZE,	     /* ${uid} has ${size} octets, says the server, and
			      * came at ${date}, if ${dated} */
	SESSION_BODY,	   /* ${size} octets in all: call session_body(); ${uid}
			    * if it was told already, else 0 */
	SESSION_MESSAGE,   /* one message; the owner of the event takes it; its
			    * uid is 0 if the server did not tell it */
	SESSION_GLANCE,	   /* the same for FETCH_LOOK: its raw is the field
			    * Message-ID at most, its size RFC822.SIZE (0: not
			    * told) */
	SESSION_FETCHED,   /* the oldest FETCH is complete; ${ok}, ${text} */
	SESSION_EXISTS,	   /* a hint: the mailbox may hold new mail */
	SESSION_IDLING,	   /* the server said "+" to IDLE */
	SESSION_IDLE_DONE, /* IDLE ended; ${ok}: as we wanted; ${text} */
	SESSION_NOOP_DONE, /* ${ok}, ${text} */
	SESSION_ALERT,	/* ${text} must reach a human, RFC 3501 section 7.1 */
	SESSION_CLOSED, /* after session_logout(): the server agreed */
	SESSION_FAILED	/* ${fault}; the session can only be freed */
};

struct session_event {
	enum session_event_kind kind;
	uint32_t lo, hi;    /* FOUND */
	uint64_t size;	    /* BODY, SIZE */
	uint32_t uid;	    /* BODY, SIZE */
	int dated;	    /* SIZE */
	int64_t date;	    /* seconds since 1970 */
	uint64_t origin;    /* BODY: octets before these, see
			     * session_fetch_rest(); they count in size */
	int answered;	    /* SEARCHED: with an answer, be it an empty one */
	uint32_t limit;	    /* SEARCHED, FETCHED: the server touches no more */
	uint32_t limit_uid; /* messages at once, and ended at this UID; or 0 */
	uint64_t uidvalidity;	 /* SELECTED, STATUS; 0 if not told */
	uint32_t uidnext;	 /* SELECTED, STATUS; 0 if not told */
	uint64_t exists;	 /* SELECTED, STATUS */
	const char *name;	 /* LISTED, STATUS: UTF-8, INBOX so written */
	const char *wire;	 /* LISTED: as the server writes it */
	char delimiter;		 /* LIST_DONE */
	int closed;		 /* LISTED: it cannot be opened */
	int ok;			 /* FETCHED, IDLE_DONE, ..._DONE */
	const char *text;	 /* of those, ALERT; until the next call */
	struct message *message; /* MESSAGE, GLANCE: without account, mailbox */
	const struct fault *fault; /* FAILED; until the session is freed */
};

struct session_config {
	const char *mailbox; /* UTF-8, opened after the login; or NULL */
	uint64_t command_ms; /* longest wait for a command's end, and for the
			      * next LIMIT_FETCH_PIECE octets of a message */
};

/* A session that waits for the server's greeting.  NULL if memory is out or
 * the mailbox's name is no UTF-8. */
struct session *session_new(const struct session_config *, uint64_t now);

/* Free it and what it holds, credentials wiped. */
void session_free(struct session *);

/* Give octets from the server.  They are borrowed until session_next() returned
 * 0, or until session_keep(): what is not used up by then is copied. */
void session_feed(struct session *, const char *data, size_t len, uint64_t now);

/* Who fed it takes the octets back, whether or not all events were pulled: the
 * session may have come into other hands in the middle. */
void session_keep(struct session *);

/* The greeting is complete (with the capabilities, if they were asked for):
 * go on to SESSION_LOGIN or fail. */
void session_greeted(struct session *, uint64_t now);

/* The next event.  1: *ev is valid until the next call.  0: nothing more until
 * octets or time come in, or session_body() is called. */
int session_next(struct session *, struct session_event *ev);

/* Octets to be sent; the caller removes what it sent (and wipes it: they may
 * hold credentials). */
struct buf *session_output(struct session *);

/* When session_tick() must be called at the latest; UINT64_MAX if never. */
uint64_t session_deadline(const struct session *);

/* The time: a deadline that has passed becomes SESSION_FAILED. */
void session_tick(struct session *, uint64_t now);

/* Log in.  Strings are borrowed for the call.  On success the session goes on
 * by itself to SESSION_SELECTED, or to SESSION_READY. */
void session_login(
    struct session *, const char *user, const char *password, uint64_t now);

/* The same with an OAuth2 access token, by OAUTHBEARER or XOAUTH2. */
void session_login_token(
    struct session *, const char *user, const char *token, uint64_t now);

/* Does the server know IDLE (NOTIFY)?  Valid from SESSION_READY and
 * SESSION_SELECTED on. */
int session_has_idle(const struct session *);
int session_has_notify(const struct session *);

/* The longest IDLE that this server bears, by what is known of its like; valid
 * from then on, too. */
unsigned session_idle_seconds(const struct session *);

/* Are a message's octets the same whenever it is asked for?  Then, too. */
int session_keeps_octets(const struct session *);

/* Would session_idle_end() or a command have an effect now? */
int session_can_wake(const struct session *);

/* Is no command under way, and may one more FETCH be given? */
int session_ready(const struct session *);
int session_can_fetch(const struct session *);

/* EXAMINE ${mailbox} (UTF-8), which is ${wire} on the wire (NULL: as the server
 * wants names): SESSION_SELECTED or SESSION_REFUSED follows.  Needs
 * session_ready().  0, or -1 with ${f} if the name cannot be sent. */
int session_select(struct session *, const char *mailbox, const char *wire,
    uint64_t now, struct fault *f);

/* Leave the mailbox, by UNSELECT: SESSION_UNSELECTED follows.  Needs
 * session_ready().  0: the server does not know it; the mailbox stays open. */
int session_unselect(struct session *, uint64_t now);

/* LIST "" ${pattern} (UTF-8): SESSION_LISTED for each, SESSION_LIST_DONE. Needs
 * session_ready().  0, or -1 with ${f} if it cannot be sent. */
int session_list(
    struct session *, const char *pattern, uint64_t now, struct fault *f);

/* STATUS of a mailbox: SESSION_STATUS, SESSION_STATUS_DONE.  Several may be
 * under way; needs session_can_status().  0, or -1 with ${f}. */
int session_can_status(const struct session *);
int session_status(struct session *, const char *mailbox, const char *wire,
    uint64_t now, struct fault *f);

/* NOTIFY (RFC 5465): from now on SESSION_STATUS tells unasked of mailboxes that
 * changed, and SESSION_LISTED of new ones.  Needs session_ready(). */
void session_notify(struct session *, uint64_t now);

/* EXAMINE again: SESSION_SELECTED follows.  Some servers show a mailbox for
 * ever as it was when it was opened.  Needs session_ready(). */
void session_examine(struct session *, uint64_t now);

/* UID SEARCH ${criteria} ("UID 5:*").  Needs session_ready(). */
void session_search(struct session *, const char *criteria, uint64_t now);

/* UID FETCH ${set}: SESSION_FETCHED follows; before it SESSION_SIZE or
 * SESSION_MESSAGE for each, as far as they come.  Of what is cut (FETCH_PART,
 * FETCH_START) the first ${part} octets.  Needs session_can_fetch(). */
void session_fetch(struct session *, const char *set, enum fetch_form,
    uint64_t part, uint64_t now);

/* The same for what is missing of one message: it has ${total} octets, of which
 * ${have} are there, and ${told} by RFC822.SIZE (0: not told).  What does not
 * fit to this is no SESSION_MESSAGE; a server that begins anew is taken at its
 * word. */
void session_fetch_rest(struct session *, uint32_t uid, uint64_t have,
    uint64_t total, uint64_t told, uint64_t now);

/* Where the data of SESSION_BODY goes: a buffer of ${keep} octets, from malloc,
 * which becomes the message's raw; what is beyond is discarded.  A header that
 * came apart is put before it; before the rest of a message its start must be
 * there.  NULL: it is not taken. */
void session_body(struct session *, char *buffer, size_t keep);

/* The connection is lost: that buffer, if it is of a BODY[] that was coming,
 * with *have octets of it; the caller frees it.  Else NULL.  What still comes
 * of it is discarded. */
char *session_body_take(struct session *, uint64_t *have);

/* Octets still to come of the message that SESSION_BODY told of last; 0: all
 * came. */
uint64_t session_body_left(const struct session *);

/* IDLE, and its end (DONE): SESSION_IDLE_DONE follows.  Needs session_ready().
 */
void session_idle(struct session *, uint64_t now);
void session_idle_end(struct session *, uint64_t now);

/* NOOP.  Needs session_ready(). */
void session_noop(struct session *, uint64_t now);

/* LOGOUT, out of any state in which a command may be sent. */
void session_logout(struct session *, uint64_t now);

/* While paused the far side is not read by our own will, so that its silence
 * proves nothing: no deadline runs. */
void session_pause(struct session *, int paused, uint64_t now);

#endif
