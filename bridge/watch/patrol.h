/* patrol.h - the one connection of an account that looks after the mailboxes
 * which have none of their own.
 *
 * It lists the mailboxes that the patterns of the config match, asks by STATUS
 * how its guests stand (or is told by NOTIFY, RFC 5465), and lends itself to
 * one guest after the other, who opens its mailbox, reads what is new, and
 * gives it back.  What LIST and STATUS say are hints: each guest comes by every
 * sweep_seconds in any case. */
#ifndef PATROL_H
#define PATROL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct checkpoint_row;
struct config_account;
struct doorman;
struct fault;
struct line;
struct patrol;
struct session_event;
struct watcher_host;

/* One mailbox; embedded in its owner. */
struct patrol_guest {
	/* The connection is yours, no mailbox being open that matters; line
	 * ops and arg are yours to set.  Ends with patrol_return() or
	 * patrol_broken(). */
	void (*visit)(void *arg, struct line *);
	void *arg;
	struct patrol *patrol;
	const char *mailbox, *wire; /* as for session_select() */
	TAILQ_ENTRY(patrol_guest) all, queue;
	int member, waiting;
};

struct patrol_ops {
	/* LIST told of a mailbox; ${settled}: the pattern that it matches was
	 * settled before.  And: all patterns were listed. */
	void (*listed)(
	    void *arg, const char *name, const char *wire, int settled);
	void (*list_done)(void *arg);
	/* A STATUS, of whatever mailbox. */
	void (*told)(void *arg, const struct session_event *);
	/* The server refused one more connection. */
	void (*limited)(void *arg);
	/* It is at its end: stopped, or given up because of ${why}. */
	void (*stopped)(void *arg, const struct fault *why);
};

/* A patrol that does nothing yet.  NULL if memory is out. */
struct patrol *patrol_new(const struct watcher_host *,
    const struct config_account *, struct doorman *, const struct patrol_ops *,
    void *arg);

/* Begin, ${ms} from now, if it has not begun. */
void patrol_start(struct patrol *, unsigned ms);

/* Others made room: where a limit has it wait, try again in ${ms}. */
void patrol_make_haste(struct patrol *, unsigned ms);

/* Is there anything for it to do?  It keeps its connection as long. */
int patrol_is_needed(const struct patrol *);

/* Is it logged in? */
int patrol_is_connected(const struct patrol *);

/* A guest comes under its care; and leaves it (harmless if it is none). */
void patrol_join(struct patrol_guest *);
void patrol_part(struct patrol_guest *);

/* Wait for a visit, first come first served; never granted from inside. */
void patrol_ask(struct patrol_guest *);

/* The visit is over (in the middle of a command: the connection is made anew).
 * Or: the connection broke during
 * it, because of ${f}; NULL: it must be made anew. */
void patrol_return(struct patrol *);
void patrol_broken(struct patrol *, const struct fault *f);

/* During a visit the server said that it tells nothing any more. */
void patrol_unnotified(struct patrol *);

/* NOTIFY told of a mailbox on the connection that is lent. */
void patrol_told(struct patrol *, const struct session_event *);

/* Does anybody wait for the connection? */
int patrol_is_wanted(const struct patrol *);

/* All mailboxes that the patterns match have their marks: note it durably, so
 * that those which appear later are known to be new.  And at the start: what an
 * earlier process noted (its time), for the ${i}th mailbox of the config. */
void patrol_settle(struct patrol *);
void patrol_settled_before(struct patrol *, size_t i, int64_t when);

/* Of the ${i}th pattern, 0 if there is none: what `status` shows, as for
 * watcher_status(), and how many mailboxes the last LIST said that it matches.
 */
int patrol_pattern(
    const struct patrol *, size_t i, struct checkpoint_row *, size_t *matches);

/* No new work; then the end, within two seconds: ops->stopped is called. */
void patrol_drain(struct patrol *);
void patrol_stop(struct patrol *);

/* Free it, once stopped; ${closed} from the loop. */
void patrol_close(struct patrol *, void (*closed)(void *arg), void *arg);

#endif
