/* sim.h - the watcher's pure core against a server, a sink and crashes that
 * are all decided by a seed, in virtual time.  Server and core exchange the
 * real octets.  What must hold is checked at each commit and at the end. */
#ifndef SIM_H
#define SIM_H

#include <stddef.h>
#include <stdint.h>

#include "bridge/buf.h"
#include "bridge/checkpoint.h"
#include "bridge/config/config.h"
#include "bridge/imap/fetch_form.h"
#include "bridge/ladder.h"

#define SIM_UIDS 300

/* A message above this is read in part; LIMIT_DISCARD more, and it is not read
 * on. */
#define SIM_MAX_MESSAGE 2000

/* And of the text of one that does not come whole. */
#define SIM_START 60

#define SIM_FOR_EVER 1000000

struct message;
struct session;
struct session_event;
struct catchup;

/* What a FETCH never brings, however often it is asked for. */
enum sim_trouble {
	SIM_SOUND,
	SIM_NO_BODY, /* BODY[] */
	SIM_NO_TEXT, /* nor BODY[TEXT], but its start */
	SIM_HEADER,  /* anything but BODY[HEADER] */
	SIM_NOTHING, /* anything */
	SIM_TROUBLES
};

struct sim_mail {
	int there;	 /* now, in the mailbox */
	int gone;	 /* it was, and is expunged */
	int hidden;	 /* SEARCH does not list it yet */
	int was_hidden;	 /* once */
	int withheld;	 /* FETCHes that will not bring it */
	int placeholder; /* what they bring instead */
	int huge;	 /* announced with more octets than anybody has */
	int lie;	 /* what RFC822.SIZE says: 0: the truth */
	int ignores;	 /* it is sent whole, whatever is asked for */
	enum sim_trouble trouble; /* which does not pass */
	unsigned published;
	int reused;    /* its UID was another mail's before */
	unsigned born; /* restores before it arrived */
	int exempt;    /* so it may never come out */
};

/* One connection, as the server sees it. */
struct sim_server {
	struct buf in, out;
	char idle_tag[16];
	char login_tag[16]; /* AUTHENTICATE waits for its answer */
	int open, hole, selected;
};

struct sim_flight {
	uint64_t validity;
	unsigned restores; /* that there were */
	unsigned epoch;	   /* of whom it will be an outcome */
	uint32_t uid;
};

/* The watcher's part, as bridge/watcher*.c plays it. */
struct sim_client {
	struct session *session;
	struct catchup *catchup;
	struct ladder ladder;
	uint64_t validity;
	uint64_t reconnect_at, wake_at, opened_at, connected_at;
	uint64_t body_size;
	enum fetch_form form;
	unsigned barren;
	uint32_t probe_from, probed; /* UIDNEXT went back; or 0 */
	int lying_uidnext;
	unsigned epoch; /* ends where a restore is noticed */
	int selected, no_idle, body_wait, resting, greeted;
};

struct sim {
	uint64_t seed, random, now, steps;
	int calm; /* no trouble any more: all must come to its end */
	int verbose;
	struct config_retry retry;

	struct sim_mail mail[SIM_UIDS + 1];
	unsigned last;
	unsigned highest;  /* of all UIDs that were given out */
	unsigned restores; /* of the mailbox, from a backup */
	uint64_t validity;

	struct sim_server server;
	struct sim_client client;
	struct sim_flight flight[SIM_UIDS * 4];
	size_t nflight;
	struct checkpoint disk;
	struct buf below; /* of its mark, as catchup_below() says */
	int has_disk;
};

/* How often it came to what, over all seeds: a simulation that never gets there
 * shows nothing. */
enum sim_count {
	SIM_PUBLISHED,
	SIM_COMMITS,
	SIM_CRASHES,
	SIM_RESTORES, /* that were noticed */
	SIM_LOSSES,   /* of a connection */
	SIM_CUT,      /* messages of more than SIM_MAX_MESSAGE */
	SIM_JOINED,
	SIM_INCOMPLETE,
	SIM_PLACEHOLDERS,
	SIM_STUBS,
	SIM_COUNTS
};

extern uint64_t sim_counts[SIM_COUNTS];

/* A number below ${n}; and yes, once in ${n} times, unless it is calm. */
unsigned sim_roll(struct sim *, unsigned n);
int sim_mishap(struct sim *, unsigned n);

/* A line of the history, printed when the seed is played again. */
void sim_note(struct sim *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Something that must hold does not. */
_Noreturn void sim_fail(struct sim *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A line from the server, maybe after others that mean nothing. */
void sim_say(struct sim *, const char *tag, const char *text);

/* UID FETCH (fetch.c): "1:5 (UID FLAGS BODY.PEEK[])". */
void sim_fetch(struct sim *, const char *tag, const char *set);

/* The octets of a mail. */
void sim_mail_put(const struct sim *, uint32_t uid, struct buf *);

/* server.c: a connection begins, ends; octets came in; something may be told
 * unasked.  mailbox: mail comes and goes. */
void sim_server_open(struct sim *);
void sim_server_close(struct sim *);
void sim_server_run(struct sim *);
void sim_server_push(struct sim *);
void sim_mailbox_step(struct sim *);
void sim_mailbox_renumber(struct sim *);
void sim_mailbox_restore(struct sim *);

/* message.c: octets of a message follow; it is whole; it goes to the sink. */
void sim_client_body(struct sim *, const struct session_event *);
void sim_client_message(struct sim *, struct message *);
void sim_client_submit(struct sim *, uint32_t uid);

/* client.c: begin from what is on disk; the connection is lost; octets came;
 * the time has come. */
void sim_client_start(struct sim *);
void sim_client_stop(struct sim *);
void sim_client_lost(struct sim *, const char *why, int blame);
void sim_client_feed(struct sim *, size_t n);
void sim_client_grant(struct sim *);
void sim_client_time(struct sim *);
uint64_t sim_client_next(struct sim *);
void sim_client_done(struct sim *, const struct sim_flight *);

#endif
