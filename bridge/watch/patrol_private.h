/* patrol_private.h - what patrol.c (its life) and patrol_round.c (what it says
 * on its connection) share. */
#ifndef PATROL_PRIVATE_H
#define PATROL_PRIVATE_H

#include "bridge/fault.h"
#include "bridge/store/commit.h"
#include "bridge/watch/ladder.h"
#include "bridge/watch/line.h"
#include "bridge/watch/patrol.h"
#include "bridge/watch/watcher.h"

enum patrol_state {
	PATROL_NEW,
	PATROL_CONNECTING,
	PATROL_READY,
	PATROL_BACKING_OFF,
	PATROL_STOPPED
};

/* One of the account's mailboxes that is a pattern. */
struct patrol_pattern {
	struct patrol *patrol;
	const char *text;
	struct commit_slot slot;
	int64_t settled_at; /* wall clock; 0: never */
	size_t listed;	    /* by the LIST under way */
	size_t matches;	    /* by the last whole one */
};

TAILQ_HEAD(patrol_guests, patrol_guest);

struct patrol {
	const struct watcher_host *host;
	const struct config_account *account;
	const struct patrol_ops *ops;
	void *arg;
	enum patrol_state state;
	struct line line;
	struct ladder ladder;
	uv_timer_t timer;
	uint64_t connected_at;
	uint64_t list_at, round_at; /* when they are due */
	uint64_t noop_at;	    /* likewise */
	uint64_t wake_at;	    /* nothing is due before */
	unsigned failures;	    /* in a row, for --once */
	int limited;		    /* the last: the server had no room */
	struct fault last;
	int64_t last_error_at;

	struct patrol_pattern *patterns;
	size_t npatterns;

	struct patrol_guests guests, queue;
	size_t nguests;
	struct patrol_guest *cursor;  /* next in the round under way */
	struct patrol_guest *visitor; /* the last one */
	int lent;		      /* to it */
	int box_open;		      /* it left its mailbox open */
	int look_back; /* mail may have come as it was about to leave */

	int listing; /* the pattern below, in the form below */
	size_t pattern;
	enum { LIST_DELIMITER, LIST_AS_IS, LIST_TRANSLATED } form;
	char delimiter;
	int list_failed, listed_once, rounding;
	int notified, no_notify;

	int pumping, draining, stopping;
	void (*closed)(void *);
	void *closed_arg;
};

/* Enter a state, noted for `status`. */
void patrol_enter(struct patrol *, enum patrol_state);

/* The connection failed; or is made anew without a failure. */
void patrol_fail(struct patrol *, const struct fault *f);
void patrol_renew(struct patrol *);

/* The end. */
void patrol_end(struct patrol *, const struct fault *why);

/* Events in, commands out (patrol_round.c). */
void patrol_pump(struct patrol *);

/* How long between two rounds: nobody tells us of changes, or somebody does and
 * is not to be believed for ever. */
uint64_t patrol_interval(const struct patrol *);

/* The patterns (patrol_list.c): take them from the config; list what matches
 * them; a mailbox was listed; one LIST is done.  0, or -1 with ${f}. */
int patrol_take_patterns(struct patrol *);
int patrol_list_begin(struct patrol *, struct fault *f);
void patrol_listed(struct patrol *, const struct session_event *);
int patrol_list_done(
    struct patrol *, const struct session_event *, struct fault *f);

/* Forget what was under way on the connection that is gone, for whatever
 * reason; one that was good for a while ends the failures before it. */
void patrol_forget(struct patrol *);

#endif
