/* watcher_private.h - what watcher.c (connect, back off, stop) and
 * watcher_session.c (what to say on a connection) share. */
#ifndef WATCHER_PRIVATE_H
#define WATCHER_PRIVATE_H

#include "bridge/auth/oauth2.h"
#include "bridge/budget.h"
#include "bridge/checkpoint.h"
#include "bridge/commit.h"
#include "bridge/fault.h"
#include "bridge/doorman.h"
#include "bridge/imap/connection.h"
#include "bridge/ladder.h"
#include "bridge/watcher.h"

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

struct watcher {
	const struct watcher_host *host;
	const struct config_account *account;
	const char *mailbox;
	char *name; /* "support/INBOX" */
	enum watcher_state state;

	struct connection *connection;
	struct session *session;
	struct ladder ladder;
	uv_timer_t timer;
	uint64_t reconnect_at; /* while backing off */
	uint64_t connected_at; /* the mailbox is open since */
	uint64_t opened_at;    /* the last EXAMINE */
	uint64_t wake_at;      /* end of IDLE, next poll or NOOP */
	int selected;

	/* Login. */
	struct doorman *doorman; /* the account's; borrowed */
	struct doorman_waiter turn;
	struct oauth2_waiter token_waiter;
	uint64_t token; /* serial of the one shown last; 0: none */
	int token_fresh;
	int awaits_token;  /* none came yet */
	int tried;	   /* the refusal to be told is our own */
	uint64_t renew_at; /* a session must be made anew before its end */

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
	uint64_t waiting_at; /* the loop's time; 0: nothing waits */
	int held;	     /* waits for room, or for an outcome */
	uint64_t settling;   /* the first mark's number, until it is durable */
	int probing;	     /* a SEARCH for the highest UID is under way */
	uint32_t probe_from; /* from here on */
	uint32_t probed;     /* it */
	int lying_uidnext;   /* it was not what it should be: not believed */

	/* A message's octets between SESSION_BODY and SESSION_MESSAGE. */
	struct budget_waiter waiter;
	size_t charge; /* of the budget */
	size_t keep;   /* octets to read while waiting for the budget */

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

/* Ask for the account's turn and for a token; then connect (watcher_auth.c). */
void watcher_authorize(struct watcher *);

/* Connect, now that all is there that the login needs. */
void watcher_connect(struct watcher *);

/* The server asks who we are.  0, or -1 with ${f}. */
int watcher_login(struct watcher *, struct fault *f);

/* The login succeeded: the account's other mailboxes may follow. */
void watcher_let_in(struct watcher *);

/* The credentials of the account were refused, to this mailbox or another: the
 * doorman wakes us after ${ms}. */
void watcher_refused(struct watcher *, const struct fault *f, uint64_t ms);

/* Messages were found, or one reached its end (${moved}). */
void watcher_note_lag(struct watcher *, int moved);

/* Add to a refusal where the credentials are from. */
void watcher_whence(const struct watcher *, struct fault *f);

/* Is ${f} the refusal of a token that was kept from before?  Then one with a
 * new one counts: watcher_try_again(), once the connection is closed. */
int watcher_retries_token(struct watcher *, const struct fault *f);
void watcher_try_again(struct watcher *);

/* Neither wait for a turn nor for a token any more. */
void watcher_leave_turn(struct watcher *);

/* Begin a session on a connection that stands. */
void watcher_greet(struct watcher *, const char *greeting, size_t len);

/* Give back what a half-read message took of the budget. */
void watcher_release(struct watcher *);

/* The mailbox is open (watcher_mailbox.c): find the mark to go on from.  0, or
 * -1 with ${f}. */
int watcher_selected(
    struct watcher *, const struct session_event *, struct fault *f);

/* Begin at ${mark}, made durable first where ${settle}. */
int watcher_begin(struct watcher *, const struct checkpoint *mark, int settle,
    struct fault *f);

/* The probe is done: go on from what it found.  0, or -1 with ${f}. */
int watcher_probed(struct watcher *, struct fault *f);

/* Message data (watcher_message.c): octets of a message follow, one message is
 * whole, a FETCH is done, and one that the server never sends.  0, or -1 with
 * ${f}. */
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

/* Tell the lane how to make a mark (watcher_marks.c).  0, or -1 if memory is
 * out. */
int watcher_marks_open(struct watcher *);

/* Set up and take down what watcher_mailbox.c keeps. */
int watcher_mailbox_open(
    struct watcher *, const struct checkpoint *rows, size_t n);
void watcher_mailbox_free(struct watcher *);

#endif
