/* watcher_private.h - what watcher.c (connect, back off, stop),
 * watcher_session.c (what to say on a connection) and the other watcher_*.c
 * share. */
#ifndef WATCHER_PRIVATE_H
#define WATCHER_PRIVATE_H

#include "bridge/buf.h"
#include "bridge/fault.h"
#include "bridge/imap/connection.h"
#include "bridge/imap/fetch_form.h"
#include "bridge/publish/budget.h"
#include "bridge/reset.h"
#include "bridge/store/checkpoint.h"
#include "bridge/store/commit.h"
#include "bridge/uidset.h"
#include "bridge/watch/fingerprint.h"
#include "bridge/watch/ladder.h"
#include "bridge/watch/line.h"
#include "bridge/watch/patrol.h"
#include "bridge/watch/watcher.h"

struct catchup_next;
struct message;
struct session_event;

enum watcher_state {
	WATCHER_NEW,
	WATCHER_CONNECTING,
	WATCHER_CATCHING_UP,
	WATCHER_IDLE,
	WATCHER_POLLING,
	WATCHER_BACKING_OFF,
	WATCHER_STOPPED
};

struct watcher_rest;

struct watcher_prints {
	struct fingerprint *items;
	size_t n, max;
};

/* A mail that had its outcome, to be known again (watcher_known.c). */
struct watcher_known {
	uint32_t uid; /* 0: none */
	int read;     /* the store was asked for one */
	enum { KNOWN_SURE, KNOWN_DOUBTED, KNOWN_LOOKED_AT } state;
	int64_t received;
	uint64_t size, id; /* as in struct fingerprint */
};

struct watcher {
	const struct watcher_host *host;
	const struct config_account *account;
	const char *mailbox;
	char *wire; /* its name as the server writes it, or NULL */
	char *name; /* "support/INBOX" */
	enum watcher_state state;

	struct line own;   /* its own connection, unless it is a guest */
	struct line *line; /* own, or the patrol's during a visit */
	struct ladder ladder;
	uv_timer_t timer;
	uint64_t reconnect_at; /* while backing off */
	uint64_t connected_at; /* the mailbox is open since */
	uint64_t opened_at;    /* the last EXAMINE */
	uint64_t wake_at;      /* end of IDLE, next poll or NOOP */
	int selected;

	/* As a guest of the account's patrol (watcher_guest.c). */
	int is_guest;
	struct patrol_guest guest;
	uint64_t visit_until; /* then it makes room, if others wait */
	uint64_t swept_at;    /* the last search below the mark */
	uint64_t seen_validity, seen_uidnext, seen_exists; /* by STATUS */

	int fresh;    /* it appeared while its account was watched */
	int missing;  /* the server said that there is no such mailbox */
	int unlisted; /* ... and LIST leaves it out */

	int limited;	 /* it waits: the server let no more connections in */
	int no_idle;	 /* the server has none, or refuses it */
	unsigned barren; /* FETCHes in a row that failed and brought nothing */
	unsigned failures; /* in a row, for --once */

	/* Where the mailbox stands. */
	struct checkpoint *rows; /* as stored, newest first */
	size_t nrows;
	uint64_t uidvalidity; /* of the catch-up */
	struct checkpoint mark;
	struct catchup *catchup;
	struct route *route;
	struct route_lane *lane;
	uint64_t epoch; /* of the marks; see struct sink_mark */
	struct commit_slot slot;
	struct watcher_prints prints;	   /* not in the store yet */
	struct watcher_prints prints_sent; /* on their way there */
	struct buf prints_text;		   /* of both, for a sink's mark */
	struct buf below_text; /* see catchup_below(), for a sink's mark */
	char *below_sent;      /* on its way to the store; or NULL */
	char *sink_below;      /* of a sink that is further than the store */
	uint64_t sink_validity;
	uint64_t waiting_at;  /* the loop's time; 0: nothing waits */
	int held;	      /* waits for room, or for an outcome */
	uint64_t settling;    /* the first mark's number, until it is durable */
	int probing;	      /* the highest UID is searched for */
	int probe_due;	      /* and that is still to be asked */
	uint32_t probe_from;  /* from here on */
	uint32_t probed;      /* it */
	unsigned probe_tries; /* SEARCHes for it that had no answer */
	uint64_t probe_at;    /* not asked again before */
	int lying_uidnext;    /* it was not what it should be: not believed */

	struct watcher_known known;
	uint32_t other; /* this UID means another mail than before; or 0 */

	/* The mailbox was numbered anew (watcher_reset.c, watcher_match.c). */
	struct reset reset_from; /* the last time: where it stood, ${at} being
				  * the last commit, and where it is */
	struct watcher_match *match; /* while that is found out; or NULL */
	struct reset reset;	     /* what was decided; epoch 0: nothing */
	struct reset reset_sent;     /* as it is on its way to the store */
	int reset_dirty;	     /* that is not there yet */
	int resetting;		     /* until the highest UID is known */
	int telling, told;	     /* its event is due; and is on its way */
	struct uidset skip, plain;   /* of reset */
	uint32_t highest;	     /* UID that was handed on */
	struct reset_span *spans;    /* UIDs that were given out anew, the */
	size_t nspans;		     /* last time first */
	char *due; /* why it is to be reset, when all outcomes are known */
	size_t inflight; /* messages handed on, without outcome */

	/* A message's octets between SESSION_BODY and SESSION_MESSAGE. */
	struct budget_waiter waiter;
	enum fetch_form form; /* of the FETCH under way */
	size_t charge;	      /* of the budget */
	size_t keep;	      /* octets to read while waiting for the budget */
	uint64_t body_size, body_at; /* announced, and when */
	uint32_t body_uid;	     /* of whom; 0 if not told */
	struct watcher_rest *rest;   /* of a lost connection; or NULL */
	int slow;		     /* only what came is charged */
	uint64_t starves_at;	     /* while it waits to go on */

	int pumping, again; /* no re-entrance */
	int draining, stopping;
	struct fault last; /* the last failure told */
	int64_t last_success, last_error_at;
	void (*closed)(void *);
	void *closed_arg;
};

/* Enter a state: logged and noted for `status`. */
void watcher_enter(struct watcher *, enum watcher_state);

/* The connection is of no use any more: close it and back off. */
void watcher_fail(struct watcher *, const struct fault *f);

/* Close it without a failure and connect again at once. */
void watcher_renew(struct watcher *);

/* The end: closes what is open, tells the host. */
void watcher_end(struct watcher *, const struct fault *why);

/* Take octets or time in, react to events, give the next commands, send, and
 * set the timer. */
void watcher_pump(struct watcher *);

extern const struct line_ops watcher_line_ops;

/* Get a connection: one of our own, or the patrol's for a visit. */
void watcher_open(struct watcher *);

/* The connection is gone; ${blame}: it failed, maybe by what we asked for. */
void watcher_leave_line(struct watcher *, int blame);

/* Note a failure for `status`. */
void watcher_note_failure(struct watcher *, const struct fault *f);

/* Wait the next step of the ladder. */
void watcher_back_off(struct watcher *, const struct fault *f);

/* Messages were found, or one reached its end (${moved}). */
void watcher_note_lag(struct watcher *, int moved);

/* EXAMINE was refused: the mailbox may be gone. */
void watcher_refused_mailbox(struct watcher *, struct fault *f);

/* As a guest (watcher_guest.c): set up; the visit is over; the connection broke
 * during it; it may end soon, to make room. */
void watcher_guest_init(struct watcher *);
void watcher_guest_leave(struct watcher *);
void watcher_guest_failed(struct watcher *, const struct fault *f);
int watcher_guest_is_late(const struct watcher *);
void watcher_guest_yield(struct watcher *);

/* Caught up: the guest leaves, and waits to be told of new mail. */
void watcher_guest_rest(struct watcher *);

/* Give back what a half-read message took of the budget. */
void watcher_release(struct watcher *);

/* Give the session what is to be done next (watcher_command.c).  0, or -1 with
 * ${f}. */
int watcher_command(struct watcher *, struct fault *f);

/* The mailbox is open (watcher_mailbox.c): find the mark to go on from.  0, or
 * -1 with ${f}. */
int watcher_selected(
    struct watcher *, const struct session_event *, struct fault *f);

/* Begin at ${mark}, made durable first where ${settle}. */
int watcher_begin(struct watcher *, const struct checkpoint *mark, int settle,
    struct fault *f);

/* Search, and below the mark too: or after a day of short connections there was
 * no sweep.  A guest comes for each mail, and need not do so each time. */
void watcher_look(struct watcher *);

/* The probe is done: go on from what it found; not ${answered}: ask once more,
 * as far as that makes sense.  0, or -1 with ${f}. */
int watcher_probed(struct watcher *, int answered, struct fault *f);

/* Message data (watcher_message.c): a FETCH is sent, octets of a message
 * follow, one message is whole, a FETCH is done, and one that the server never
 * sends.  0, or -1 with ${f}. */
void watcher_fetch(struct watcher *, const struct catchup_next *);
int watcher_body(
    struct watcher *, const struct session_event *, struct fault *f);
int watcher_message(struct watcher *, struct message *, struct fault *f);
int watcher_fetched(
    struct watcher *, const struct session_event *, struct fault *f);
int watcher_stub(struct watcher *, uint32_t uid, struct fault *f);

/* The mailbox of a replay is open (watcher_replay.c); ranges are listed; does
 * it only look?  0, or -1 with ${f}. */
int watcher_replay_selected(
    struct watcher *, const struct session_event *, struct fault *f);
void watcher_replay_found(struct watcher *, uint32_t lo, uint32_t hi);
int watcher_replay_looks(const struct watcher *);

/* A message that was coming when its connection died (watcher_rest.c): keep
 * what came, 1 if it was a rest and enough of it; ask for what is missing, 0 if
 * nothing is there; here it comes; and there is no use for it any more. */
int watcher_rest_keep(struct watcher *);
int watcher_rest_fetch(struct watcher *);
void watcher_rest_body(struct watcher *, const struct session_event *);
void watcher_rest_drop(struct watcher *);

/* See that a slow message keeps no others waiting (watcher_pace.c), and when to
 * look again.  0, or -1 with ${f}. */
int watcher_pace(struct watcher *, struct fault *f);
uint64_t watcher_pace_at(const struct watcher *);

/* A mail has had its outcome (watcher_prints.c): remember it.  What is not in
 * the store yet goes with the mark, and is there. */
void watcher_prints_add(struct watcher *, const struct message *);
void watcher_prints_fill(struct watcher *, struct checkpoint_row *);
void watcher_prints_committed(struct watcher *);
void watcher_prints_free(struct watcher *);

/* The last of these as text, for a mark that a sink stores; valid until the
 * next call.  And what such a mark brings back. */
const char *watcher_prints_text(struct watcher *);
void watcher_prints_take(struct watcher *, const char *text);

/* All that is remembered of the mailbox, oldest first; malloc'ed, *n of them.
 * NULL with ${f}. */
struct fingerprint *watcher_prints_all(
    struct watcher *, size_t *n, struct fault *f);

/* Which UIDs below the mark are no news (watcher_marks.c): what the store, or a
 * sink that is further, has of it, for the catch-up that begins at ${row}: 0,
 * or -1 with ${f}.  And on its way to the store; it is there. */
int watcher_below_load(
    struct watcher *, const struct checkpoint *row, struct fault *f);
void watcher_below_fill(struct watcher *, struct checkpoint_row *);
void watcher_below_free(struct watcher *);

/* UIDs that change their mails while UIDVALIDITY stays (watcher_known.c).  A
 * mail had its outcome: it is the one to look at, from now on.  Ask for the
 * sizes of ${set}, and for its date: 1; 0: ask without.  A size came: 1 if it
 * was this mail's.  Forget it. */
void watcher_known_note(struct watcher *, const struct message *);
int watcher_known_fetch(struct watcher *, const char *set);
int watcher_known_size(struct watcher *, const struct session_event *);
void watcher_known_forget(struct watcher *);

/* Its date is another one: look at it before anything else, 1 if that was
 * asked.  A look came, and is freed.  The end of a FETCH: 1 if it was this one;
 * w->other says whether it is another mail. */
int watcher_known_look(struct watcher *);
void watcher_known_glance(struct watcher *, struct message *);
int watcher_known_end(struct watcher *);

/* The connection is gone: what was asked is open again. */
void watcher_known_interrupted(struct watcher *);

/* The mailbox is open as before: are its numbers?  A doubt is looked into
 * (watcher_probed()), or it is numbered anew.  0, or -1 with ${f}.  And: note
 * in w->reset_from where it stood, and what it is now. */
int watcher_check_numbers(
    struct watcher *, const struct session_event *, struct fault *f);
void watcher_note_reset(struct watcher *, const struct session_event *);

/* The mailbox was numbered anew, as w->reset_from and ${why} say: do what
 * on_reset says (watcher_reset.c).  0, or -1 with ${f}. */
int watcher_reset(struct watcher *, const char *why, struct fault *f);

/* The highest UID is known, for on_reset: now. */
int watcher_reset_probed(struct watcher *, struct fault *f);

/* It was decided: go on at ${mark}.  ${found}: the counts, and what is left. */
int watcher_reset_begin(struct watcher *, const struct reset *found,
    const struct checkpoint *mark, struct fault *f);

/* What was decided (watcher_reset_after.c): life; what the store has of the
 * UIDVALIDITY that is begun: 0, or -1 with ${f}; go on with w->reset. */
void watcher_reset_init(struct watcher *);
void watcher_reset_free(struct watcher *);
int watcher_reset_load(struct watcher *, struct fault *f);
void watcher_reset_apply(struct watcher *);

/* Its way to the store. */
void watcher_reset_fill(struct watcher *, struct checkpoint_row *);
void watcher_reset_committed(struct watcher *);

/* Tell the sinks, if that is due; they have it; all that was there is done. */
int watcher_reset_tell(struct watcher *, struct fault *f);
void watcher_reset_told(struct watcher *, const struct message *);
void watcher_reset_check(struct watcher *);

/* What a reset means for a mail that is handed on. */
void watcher_reset_mark(const struct watcher *, struct message *);

/* UIDs that several mails had (watcher_names.c): what the store has of the
 * UIDVALIDITY; 0, or -1 with ${f}.  The highest UID that was handed on. */
int watcher_names_load(struct watcher *, struct fault *f);
void watcher_names_free(struct watcher *);
uint32_t watcher_names_highest(const struct watcher *);

/* The highest UID that a mail had before under the UIDVALIDITY of ${r}; 0: none
 * above its mark.  w->reset begins; the numbers of w->reset_from are left.  0,
 * or -1. */
int watcher_names_ceiling(
    struct watcher *, const struct reset *r, uint32_t *uid, struct fault *f);
int watcher_names_begin(struct watcher *, struct fault *f);
int watcher_names_left(struct watcher *);

/* An outcome came, or the last reset is durable as told: is this what the next
 * one waited for? */
void watcher_reset_resume(struct watcher *);

/* on_reset: match.  Begin; the mailbox is open again; does it look at mails
 * without reading them? */
int watcher_match_begin(struct watcher *, struct fault *f);
void watcher_match_free(struct watcher *);
int watcher_match_again(
    struct watcher *, const struct session_event *, struct fault *f);
int watcher_match_looks(const struct watcher *);

/* What comes: a range of a SEARCH, a look, a whole mail (both are freed); and
 * there is nothing more to ask for: 1: go on, 0: wait, -1 with ${f}. */
void watcher_match_found(struct watcher *, uint32_t lo, uint32_t hi);
int watcher_match_glance(struct watcher *, struct message *, struct fault *f);
void watcher_match_message(struct watcher *, struct message *);
int watcher_match_next(struct watcher *, struct fault *f);

/* A new lane, for a mailbox whose old one is closed.  0, or -1. */
int watcher_lane_open(struct watcher *);

/* Search for the highest UID from ${uid} on. */
void watcher_probe(struct watcher *, uint32_t uid);

/* Tell the lane how to make a mark (watcher_marks.c).  0, or -1 if memory is
 * out. */
int watcher_marks_open(struct watcher *);

/* Set up and take down what watcher_mailbox.c keeps. */
int watcher_mailbox_open(
    struct watcher *, const struct checkpoint *rows, size_t n);
void watcher_mailbox_free(struct watcher *);

#endif
