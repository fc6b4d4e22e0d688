/* owner.h - whoever has a session: what a watcher does with it and with its
 * catch-up, without the files, the sinks and the clock of the daemon. */
#ifndef OWNER_H
#define OWNER_H

#include "bridge/imap/fetch_form.h"
#include "bridge/publish/budget.h"
#include "tests/fuzz/help/ledger.h"

struct catchup;
struct message;
struct session;
struct session_event;

enum owner_role {
	OWNER_WATCHER, /* it has a connection of its own */
	OWNER_LOOKER,  /* it asks for no bodies */
	OWNER_PATROL,  /* it looks after several mailboxes, and visits one */
	OWNER_TOKEN    /* a watcher that logs in with one */
};

/* How it begins; text is as in catchup.h and uidset.h. */
struct owner_settings {
	enum owner_role role;
	uint32_t mark, until, since_below;
	uint32_t known; /* the last one that was published, or 0 */
	uint64_t limit; /* octets of a message */
	size_t budget;	/* octets of all */
	unsigned lives; /* connections after the first */
	int slow;	/* outcomes come when they are told to */
	char below[64], skip[64];
};

#define OWNER_INFLIGHT 64

/* What came of a message whose connection was lost (see watcher_rest.c). */
struct owner_rest {
	char *start;	  /* NULL: it is in use, or there is none */
	char *copy;	  /* the same, to compare */
	const char *used; /* where it went */
	uint64_t have, total, told;
	uint32_t uid; /* 0: there is none */
	struct budget_spare spare;
};

struct owner {
	struct owner_settings set;
	struct session *session;
	struct catchup *catchup;
	struct ledger ledger;
	uint64_t now;
	int selected;
	int draining; /* LOGOUT was sent */
	int hold;
	int fake;      /* the next message is a placeholder */
	unsigned turn; /* of the patrol's round */

	enum fetch_form form; /* of the FETCH under way */
	uint64_t body_size;
	uint32_t body_uid;
	size_t keep, charge;
	struct budget budget;
	struct budget_waiter waiter;
	struct owner_rest rest;

	struct {
		uint32_t uid;
		size_t charge;
	} inflight[OWNER_INFLIGHT]; /* oldest first */
	size_t ninflight;

	/* See watcher_known.c. */
	uint32_t known;
	uint64_t known_id;
	enum { KNOWN_SURE, KNOWN_DOUBTED, KNOWN_LOOKED_AT } known_state;
	int other; /* it means another mail now */
};

void owner_start(struct owner *, const struct owner_settings *);
void owner_free(struct owner *);

/* Take all events and give commands.  0: it has no connection any more. */
int owner_pump(struct owner *);

/* What may happen to it at any time, one letter each (see owner_act.c); what is
 * no such letter, or cannot be now, has no effect.  As owner_pump(). */
int owner_act(struct owner *, char what);

/* The connection is lost, maybe for a fault that a message is to blame for: go
 * on with the next.  0: there is none. */
int owner_lost(struct owner *, int blame);

/* Messages, in owner_body.c.  Where the data of one goes: 1, or 0 if it is too
 * large for this connection. */
int owner_body(struct owner *, const struct session_event *);

/* One came, which is taken over; one is handed on to the sinks. */
void owner_message(struct owner *, struct message *);
void owner_hand_on(struct owner *, uint32_t uid);

/* ${n} of those in flight, from the i-th on, have their outcome. */
void owner_outcome(struct owner *, size_t i, size_t n);

/* The connection is lost: 1 if no message is to blame for it. */
int owner_rest_keep(struct owner *);

/* Ask for the rest: 1, or 0 if there is nothing to which it belongs. */
int owner_rest_fetch(struct owner *);
void owner_rest_drop(struct owner *);

/* What is being read needs no memory any more. */
void owner_release(struct owner *);
void owner_check_budget(const struct owner *);

#endif
