/* watcher.h - one mailbox's life: connect, catch up, idle, back off.
 *
 * It connects and logs in, takes up where the checkpoint says, hands each
 * message to the pipeline, moves the mark as the outcomes come, waits in IDLE
 * (or polls), and after every failure tries again by the ladder.  Never writes
 * to the mailbox. */
#ifndef WATCHER_H
#define WATCHER_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "bridge/publish/pipeline.h"

struct checkpoint;
struct checkpoint_row;
struct checkpoint_store;
struct committer;
struct config_account;
struct counts;
struct fault;
struct doorman;
struct net;
struct oauth2;
struct route;
struct patrol;
struct reset;
struct session_event;
struct watcher;

/* In place of watching: publish again the messages from ${lo} to ${hi}, as far
 * as they are there when the mailbox is opened, then stop.  No mark is moved or
 * read.  The functions are called from the loop. */
struct watcher_replay {
	uint32_t lo, hi; /* UINT32_MAX: to the last one */
	char since[16];	 /* only what arrived since "05-Jan-2026"; "": all */
	int dry;	 /* only look what is there */
	/* The mailbox is open for the first time; ${hi} is its last UID if that
	 * is lower, and the server tells it. */
	void (*opened)(void *arg, uint64_t uidvalidity, uint32_t hi);
	/* The server lists lo..hi, maybe not for the first time. */
	void (*found)(void *arg, uint32_t lo, uint32_t hi);
	void (*outcome)(void *arg, uint32_t uid, enum pipeline_outcome);
	void *arg;
};

/* What all watchers share. */
struct watcher_host {
	uv_loop_t *loop;
	struct net *net;
	struct oauth2 *oauth2;
	struct committer *committer;
	struct checkpoint_store *store; /* NULL: nothing is remembered */
	struct counts *counts;
	uint64_t max_message_bytes;
	int once;			     /* catch up, then stop */
	const struct watcher_replay *replay; /* with once; or NULL */
	/* The watcher has come to its end: once caught up, given up, or after
	 * watcher_stop().  ${why} is set if it did not reach its goal. */
	void (*stopped)(void *arg, struct watcher *, const struct fault *why);
	/* The server refused one more connection of this account. */
	void (*limited)(void *arg);
	/* It is placed now: see watcher_is_placed(). */
	void (*placed)(void *arg);
	void *arg;
};

/* What one watcher watches.  All is copied, but for what the account owns, and
 * the mailbox's name: messages point to it and may outlive the watcher. */
struct watcher_target {
	const struct config_account *account;
	struct doorman *doorman; /* the account's */
	struct patrol *patrol;	 /* the account's */
	struct route *route;
	const char *mailbox;	       /* UTF-8 */
	const char *wire;	       /* the same as LIST told it, or NULL */
	const struct checkpoint *rows; /* ${n} known ones, newest first */
	size_t n;
	uint64_t epoch; /* of the rows */
	int fresh;	/* it is new since its account is watched: nothing of it
			 * is left out, whatever "start" says */
};

/* NULL with ${f}. */
struct watcher *watcher_new(const struct watcher_host *,
    const struct watcher_target *, struct fault *f);

/* Before it begins: what the sink of a pipeline of its route has stored of this
 * mailbox. */
void watcher_stored_mark(
    struct watcher *, const struct pipeline *, const struct sink_mark *);

/* Begin; nothing happens before. */
void watcher_start(struct watcher *);

/* The pipeline or the store has changed its mind about holding: a watcher that
 * was held looks again. */
void watcher_wake(struct watcher *);

/* How it does now, as `mailbridge status` shows it: the names and the status
 * of ${row}. */
void watcher_status(const struct watcher *, struct checkpoint_row *row);

/* What became of the mailbox when it was numbered anew; NULL if it never was.
 */
const struct reset *watcher_last_reset(const struct watcher *);

/* For how long, in milliseconds, messages have been waiting with none of them
 * reaching its end; 0 if none waits. */
uint64_t watcher_stalled_ms(const struct watcher *);

/* Messages that the server has and that have no outcome yet. */
uint64_t watcher_lag(const struct watcher *);

/* Take no more mail; what is in flight still moves the mark. */
void watcher_drain(struct watcher *);

/* LOGOUT and end, within two seconds; host->stopped is called. */
void watcher_stop(struct watcher *);

/* May it have a connection of its own, or is it a guest on that of the patrol?
 * One that loses its own closes it. */
void watcher_set_guest(struct watcher *, int guest);

int watcher_is_guest(const struct watcher *);

/* Others make room: one that was refused as one connection too many tries again
 * in ${ms}, before the room is taken. */
void watcher_make_haste(struct watcher *, unsigned ms);

/* The patrol was told by STATUS how the mailbox stands. */
void watcher_told(struct watcher *, const struct session_event *);

/* LIST is through and showed the mailbox, or not. */
void watcher_listed(struct watcher *, int there);

/* End, with ${why}: there will be no connection for this guest. */
void watcher_give_up(struct watcher *, const struct fault *why);

/* Is a connection of its own logged in? */
int watcher_is_connected(const struct watcher *);

/* Has it a durable mark, or failed to get one? */
int watcher_is_placed(const struct watcher *);

const char *watcher_mailbox(const struct watcher *);

/* Free it, once stopped; ${closed} from the loop. */
void watcher_close(struct watcher *, void (*closed)(void *arg), void *arg);

#endif
