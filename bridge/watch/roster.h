/* roster.h - the mailboxes of one account: which there are, and who of them has
 * a connection of its own.
 *
 * Each mailbox has a watcher.  Where the config says max_connections, or the
 * server was seen to refuse one more, the first mailboxes of the config keep
 * connections of their own, and the others share one as guests of the patrol;
 * so do all if there is only one.  Mailboxes that patterns match come in as the
 * patrol lists them. */
#ifndef ROSTER_H
#define ROSTER_H

#include <stddef.h>
#include <stdint.h>

struct checkpoint_row;
struct checkpoint_store;
struct config_account;
struct doorman;
struct fault;
struct route;
struct pipeline;
struct roster;
struct sink_mark;
struct watcher;
struct watcher_host;

/* What is shared with other accounts. */
struct roster_host {
	const struct watcher_host *watcher; /* stopped, limited, arg unused */
	struct checkpoint_store *store;	    /* NULL: nothing is known */
	/* All of it has ended.  ${why}: it did not reach its goal. */
	void (*stopped)(void *arg, const struct fault *why);
	void *arg;
};

/* The account's watchers, as far as the config names their mailboxes.  NULL
 * with ${f}. */
struct roster *roster_new(const struct roster_host *,
    const struct config_account *, struct route *, struct fault *f);

/* One mailbox of an account, whether or not the config names it, without its
 * checkpoint. */
struct roster *roster_new_one(const struct roster_host *,
    const struct config_account *, const char *mailbox, struct route *,
    struct fault *f);

/* What is known to be left to do: the sum of the watchers' lags. */
uint64_t roster_lag(const struct roster *);

/* The account's name, and where its mail goes. */
const char *roster_name(const struct roster *);
const struct route *roster_route(const struct roster *);

/* Before it starts: what the sink of a pipeline of its route has stored of a
 * mailbox.  One that only a pattern can mean is watched from now on. */
void roster_stored_mark(
    struct roster *, const struct pipeline *, const struct sink_mark *);

/* The ${i}th watcher; and the account's doorman. */
const struct watcher *roster_watcher(const struct roster *, size_t i);
struct doorman *roster_doorman(const struct roster *);

/* The ${i}th pattern of the account: see patrol_pattern(). */
int roster_pattern(
    const struct roster *, size_t i, struct checkpoint_row *, size_t *matches);

/* How many mailboxes are watched, by now. */
size_t roster_count(const struct roster *);

/* For all watchers, as in watcher.h. */
void roster_start(struct roster *);
void roster_wake(struct roster *);
void roster_drain(struct roster *);
void roster_stop(struct roster *);

/* Refused logins are tried again now. */
void roster_hurry(struct roster *);

/* Close its handles, once stopped; ${closed} from the loop. */
void roster_close(struct roster *, void (*closed)(void *arg), void *arg);

/* Free it, when the loop has ended: messages on their way have its names. */
void roster_free(struct roster *);

#endif
