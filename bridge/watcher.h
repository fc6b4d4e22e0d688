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

#include "bridge/pipeline.h"

struct checkpoint;
struct checkpoint_row;
struct committer;
struct config_account;
struct counts;
struct fault;
struct doorman;
struct net;
struct oauth2;
struct route;
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
	struct counts *counts;
	uint64_t max_message_bytes;
	int once;			     /* catch up, then stop */
	const struct watcher_replay *replay; /* with once; or NULL */
	/* The watcher has come to its end: once caught up, given up, or after
	 * watcher_stop().  ${why} is set if it did not reach its goal. */
	void (*stopped)(void *arg, struct watcher *, const struct fault *why);
	void *arg;
};

/* A watcher of ${mailbox} (index into the account's mailboxes), whose known
 * checkpoints are the ${n} ${rows}, newest first (copied), of ${epoch}.  The
 * doorman is the account's, shared by its watchers.  NULL with ${f}. */
struct watcher *watcher_new(const struct watcher_host *,
    const struct config_account *, size_t mailbox, struct doorman *,
    struct route *, const struct checkpoint *rows, size_t n, uint64_t epoch,
    struct fault *f);

/* Its name, "account/mailbox", and its route. */
const char *watcher_name(const struct watcher *);
struct route *watcher_route(const struct watcher *);

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

/* For how long, in milliseconds, messages have been waiting with none of them
 * reaching its end; 0 if none waits. */
uint64_t watcher_stalled_ms(const struct watcher *);

/* Messages that the server has and that have no outcome yet. */
uint64_t watcher_lag(const struct watcher *);

/* Take no more mail; what is in flight still moves the mark. */
void watcher_drain(struct watcher *);

/* LOGOUT and end, within two seconds; host->stopped is called. */
void watcher_stop(struct watcher *);

/* Free it, once stopped; ${closed} from the loop. */
void watcher_close(struct watcher *, void (*closed)(void *arg), void *arg);

#endif
