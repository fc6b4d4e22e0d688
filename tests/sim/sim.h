/* sim.h - one account of the bridge, as the daemon runs it, against a server, a
 * sink, a store and crashes that are all decided by a seed, in virtual time.
 *
 * All that decides is the daemon's own: roster, patrol, watchers, doorman,
 * committer, and what they stand on.  Played are only those that do: the loop
 * (loop.c), the octets between client and server (wire.c), the sink (sink.c),
 * the store (store.c), the clock and the dice (bridge.c).  What must hold is
 * checked where it happens and at the end. */
#ifndef SIM_H
#define SIM_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "bridge/buf.h"
#include "bridge/config/config.h"
#include "bridge/counts.h"
#include "bridge/publish/budget.h"
#include "bridge/reset.h"
#include "bridge/store/checkpoint.h"
#include "bridge/watch/fingerprint.h"
#include "bridge/watch/roster.h"
#include "bridge/watch/watcher.h"

#define SIM_BOXES 5
#define SIM_UIDS 160   /* of one mailbox, in one numbering */
#define SIM_MAILS 1500 /* of one play */
#define SIM_LINES 40   /* connections, as the server sees them */
#define SIM_TIMERS 64
#define SIM_PRINTS 400
#define SIM_ROWS 80

/* A message above this is read in part; LIMIT_DISCARD more, and it is not read
 * on. */
#define SIM_MAX_MESSAGE 2000

#define SIM_FOR_EVER 1000000

/* The clock of the wall, when the play begins. */
#define SIM_EPOCH 1800000000

struct message;

/* What a FETCH never brings, however often it is asked for. */
enum sim_trouble {
	SIM_SOUND,
	SIM_NO_BODY, /* BODY[] */
	SIM_NO_TEXT, /* nor BODY[TEXT], but its start */
	SIM_HEADER,  /* anything but BODY[HEADER] */
	SIM_NOTHING, /* anything */
	SIM_TROUBLES
};

/* One mail; its number tells what it says. */
struct sim_mail {
	unsigned box;
	uint32_t uid;
	int there;	 /* now, in its mailbox */
	int hidden;	 /* SEARCH does not list it yet */
	int was_hidden;	 /* once */
	int withheld;	 /* FETCHes that will not bring it */
	int placeholder; /* what they bring instead */
	int huge;	 /* announced with more octets than anybody has */
	int lie;	 /* what RFC822.SIZE says: 0: the truth */
	int ignores;	 /* it is sent whole, whatever is asked for */
	enum sim_trouble trouble; /* which does not pass */
	int64_t received;

	unsigned published;
	uint64_t id_validity, id_epoch; /* when it was, last */
	uint32_t id_uid;
	unsigned life;	    /* of the bridge, when it was */
	unsigned numbering; /* of its mailbox, when it came */
	int looked;	    /* the bridge asked for its Message-ID */
	int reused; /* its UID was another mail's before, and nobody knows */
	int exempt; /* it need not come out */
};

/* What is durable of one mailbox. */
struct sim_stored {
	struct checkpoint rows[SIM_ROWS]; /* newest first */
	size_t nrows;
	uint64_t epoch;
	struct fingerprint prints[SIM_PRINTS];
	size_t nprints;
	int64_t seq;
	struct reset resets[SIM_ROWS]; /* by UIDVALIDITY */
	size_t nresets;
	char *below; /* of the mark in below_at; or NULL */
	struct checkpoint below_at;
	struct checkpoint_status status;
	int has_status;
};

struct sim_box {
	const char *name;
	int there;
	uint64_t validity;
	unsigned numbering;	   /* of the mails that are there; from 1 on */
	unsigned resets;	   /* that were decided: none without a cause */
	unsigned shown;		   /* numbering, by the last EXAMINE */
	unsigned at[SIM_UIDS + 1]; /* mail by UID; 0: none */
	uint32_t last;		   /* UID that was given out */
	uint32_t highest;	   /* likewise, under this UIDVALIDITY */
	struct sim_stored stored;
};

/* One connection, as the server sees it. */
struct sim_line {
	int used;
	struct connection *client; /* NULL: it went away */
	uint64_t gone_at;	   /* and the server notices then */
	struct buf in, out;
	char idle_tag[16];
	int greeted, in_since, hole, closed, notify, silent;
	int box;       /* that is selected, or -1 */
	uint32_t told; /* the last UID of it that EXISTS was about */
};

/* A message at the sink. */
struct sim_flight {
	struct message *message;
	struct route_lane *lane;
	size_t charge;
};

struct route {
	struct budget budget;
	struct sim_flight flight[SIM_MAILS];
	size_t nflight;
	int down, held;
};

struct sim_timer {
	uv_timer_t *timer;
	uv_timer_cb fire;
	uint64_t at, number;
};

struct sim {
	uint64_t seed, random, now, steps;
	int calm;  /* no trouble any more: all must come to its end */
	int muted; /* the bridge is dead: what it does is not done */
	int verbose;

	/* What this server and this bridge are like. */
	const char *capabilities;
	unsigned nboxes;
	unsigned limit; /* connections it lets in; 0: any number */
	int limit_style, no_uidnext, has_patterns;
	struct config_account account;
	const char *mailboxes[SIM_BOXES];

	struct sim_mail mail[SIM_MAILS]; /* from 1 on */
	unsigned nmails;
	struct sim_box box[SIM_BOXES];
	struct sim_stored pattern; /* of it only the status */
	struct sim_line line[SIM_LINES];
	unsigned refused; /* logins, because of the limit */

	/* The loop. */
	uv_loop_t loop;
	struct sim_timer timer[SIM_TIMERS];
	size_t ntimers;
	uint64_t started; /* timers */
	uv_handle_t *closing[SIM_TIMERS];
	uv_close_cb closed[SIM_TIMERS];
	size_t nclosing;
	uv_work_t *work;
	uv_work_cb do_work;
	uv_after_work_cb after_work;
	int worked;

	/* The bridge. */
	struct route route;
	struct counts counts;
	struct watcher_host host;
	struct roster_host roster_host;
	struct roster *roster;
	unsigned life;
	int stopped, ended;
};

/* How often it came to what, over all seeds: a simulation that never gets there
 * shows nothing. */
enum sim_count {
	SIM_PUBLISHED,
	SIM_AGAIN, /* after a crash */
	SIM_COMMITS,
	SIM_CRASHES,
	SIM_RESETS,  /* that were decided */
	SIM_MATCHED, /* mails that were known again */
	SIM_PASSED,
	SIM_UNCERTAIN,
	SIM_LOSSES,   /* of a connection */
	SIM_REFUSALS, /* because of too many */
	SIM_STATUSES,
	SIM_NOTICES, /* of NOTIFY */
	SIM_OVERFLOWS,
	SIM_CUT, /* messages of more than SIM_MAX_MESSAGE */
	SIM_JOINED,
	SIM_INCOMPLETE,
	SIM_PLACEHOLDERS,
	SIM_STUBS,
	SIM_COUNTS
};

extern uint64_t sim_counts[SIM_COUNTS];

/* The one that is played. */
extern struct sim *sim_now;

/* A number below ${n}; and yes, once in ${n} times, unless it is calm. */
unsigned sim_roll(struct sim *, unsigned n);
int sim_mishap(struct sim *, unsigned n);

/* A line of the history, printed when the seed is played again. */
void sim_note(struct sim *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Something that must hold does not. */
_Noreturn void sim_fail(struct sim *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* play.c: one play; how many steps it took. */
uint64_t sim_play(uint64_t seed, int verbose);

/* loop.c: when something is due by itself, UINT64_MAX if never; do what is due
 * by now; handles are closed; a step of the worker: 1, or 0 if it rests. */
uint64_t sim_loop_next(const struct sim *);
void sim_loop_run(struct sim *);
void sim_loop_close(struct sim *);
int sim_loop_work(struct sim *);

/* wire.c: ${n} octets come to the client of a connection, 1, or 0 if nothing
 * does; it breaks, is closed by the server. */
int sim_wire_deliver(struct sim *, struct sim_line *, size_t n);
void sim_wire_break(struct sim *, struct sim_line *, const char *why);
void sim_wire_close(struct sim *, struct sim_line *);

/* server.c: what the server says to what came in: 1, or 0 if nothing did.  A
 * line from it, maybe after others that mean nothing.  Something changed in a
 * mailbox; its sessions end; NOTIFY ends in one.  How many are logged in. */
int sim_server_run(struct sim *, struct sim_line *);
void sim_say(struct sim *, struct sim_line *, const char *tag, const char *);
void sim_server_push(struct sim *, unsigned box, int honest);
void sim_server_kick(struct sim *, unsigned box);
void sim_server_overflow(struct sim *, struct sim_line *);
unsigned sim_server_count(const struct sim *);

/* fetch.c: UID FETCH, "1:5 (UID FLAGS BODY.PEEK[])". */
void sim_fetch(struct sim *, struct sim_line *, const char *tag, const char *);

/* mailbox.c: mail comes and goes, of whatever kind; a sound one comes; the
 * mailbox is numbered anew, or an older state of it is back, or it is gone for
 * a while.  The octets of a mail; the mail with this UID, or NULL. */
void sim_mailbox_step(struct sim *);
void sim_mailbox_arrive(struct sim *, unsigned box);
void sim_mailbox_upset(struct sim *);
void sim_mail_put(const struct sim *, const struct sim_mail *, struct buf *);
struct sim_mail *sim_mail_at(struct sim *, unsigned box, uint32_t uid);
size_t sim_box_count(const struct sim *, unsigned box);
unsigned sim_box_find(const struct sim *, const char *name, size_t len);

/* sink.c: one message has its answer: 1, or 0 if there is none.  The sink goes
 * down or comes back.  At a crash: what is there is stored, or not. */
int sim_sink_answer(struct sim *, size_t i);
void sim_sink_switch(struct sim *);
void sim_sink_crash(struct sim *);

/* store.c: the place of what is handed on must be stored; forget what is. */
void sim_store_knows(struct sim *, const struct message *);
void sim_store_clear(struct sim *);

/* bridge.c: begin from what is durable; be killed. */
void sim_bridge_start(struct sim *);
void sim_bridge_crash(struct sim *);

#endif
