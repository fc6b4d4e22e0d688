/* line.h - a connection of an account on which we are logged in, and the way
 * to it: the account's turn at the doorman, the token, the connect, the login;
 * and what follows from a refusal.
 *
 * Who holds a line pulls the events of its session; a line may be handed from
 * one holder to the next.  All calls and callbacks are on the loop's thread. */
#ifndef LINE_H
#define LINE_H

#include <stddef.h>
#include <stdint.h>

#include "bridge/auth/oauth2.h"
#include "bridge/watch/doorman.h"

struct config_account;
struct connection;
struct fault;
struct session;
struct watcher_host;

struct line_ops {
	/* Our turn has come after waiting for it: connecting. */
	void (*connecting)(void *arg);
	/* Octets came in, or may go out: pull events, give commands, send. */
	void (*pump)(void *arg);
	/* It could not be made, or is lost: call line_fail(). */
	void (*lost)(void *arg, const struct fault *);
	/* The account's credentials were refused, to us or another: the
	 * doorman goes on with us after ${ms} (LADDER_GIVE_UP: not at all). */
	void (*refused)(void *arg, const struct fault *, uint64_t ms);
};

/* Zeroed, then host, account, name, doorman, ops and arg set by its owner. */
struct line {
	const struct watcher_host *host;
	const struct config_account *account;
	const char *name;	 /* for the log */
	struct doorman *doorman; /* the account's */
	const struct line_ops *ops;
	void *arg;

	struct connection *connection; /* NULL: none */
	struct session *session;       /* NULL: no greeting yet */
	uint64_t renew_at; /* it must be made anew before its token's end */

	/* The login. */
	struct doorman_waiter turn;
	struct oauth2_waiter token_waiter;
	uint64_t token; /* serial of the one shown last; 0: none */
	int token_fresh;
	int awaits_token; /* none came yet */
	int in;		  /* line_let_in() was called */
	int tried;	  /* the refusal to be told is our own */
	unsigned drops;	  /* in a row: closed before the greeting */
};

/* Ask for the turn and the token, then connect.  ops->pump follows, with a
 * session that has no mailbox, or ops->lost or ops->refused. */
void line_open(struct line *);

/* SESSION_LOGIN: the server asks who we are.  0, or -1 with ${f}. */
int line_login(struct line *, struct fault *f);

/* The half of it that needs no line: read the account's password, show it to
 * the session at ${now} (ms, monotonic) and wipe it.  0, or -1 with ${f}: the
 * secret cannot be read. */
int line_password(struct session *, const struct config_account *, uint64_t now,
    struct fault *f);

/* The login is good: the account's other mailboxes may follow. */
void line_let_in(struct line *);

/* Add to a refusal of the credentials where they are from. */
void line_whence(const struct line *, struct fault *f);

/* Send what the session has to say.  0, or -1 with ${f}. */
int line_send(struct line *, struct fault *f);

/* The longest IDLE: as the config says, or as the server bears.  Needs a
 * session that is logged in. */
uint64_t line_idle_ms(const struct line *);

/* Does ${f}, for which the line was closed, mean that the server lets no more
 * connections in?  By its words; or by silence, twice in a row, which says so
 * only if others of the account are in. */
int line_is_limited(const struct line *, const struct fault *f);

/* Close the connection and leave the turn. */
void line_close(struct line *);

/* The connection is of no use any more, because of ${f}: close it.  1: the line
 * goes on by itself, with a new token or when the doorman says so.  0: it is
 * closed, and the owner decides when to open it again. */
int line_fail(struct line *, const struct fault *f);

#endif
