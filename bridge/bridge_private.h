/* bridge_private.h - what bridge.c (start and run) and bridge_stop.c share. */
#ifndef BRIDGE_PRIVATE_H
#define BRIDGE_PRIVATE_H

#include <stddef.h>
#include <uv.h>

#include "bridge/counts.h"
#include "bridge/watch/roster.h"
#include "bridge/watch/watcher.h"

struct admin;
struct attempts;
struct blob_keeper;
struct bridge_sink_status;
struct buf;
struct checkpoint_store;
struct committer;
struct config;
struct metrics;
struct net;
struct oauth2;
struct pipeline;
struct progress;
struct report_sink;
struct route;
struct roster;
struct sink_mark;

enum bridge_phase {
	BRIDGE_RUNNING,
	BRIDGE_DRAINING,   /* what is in flight is awaited */
	BRIDGE_COMMITTING, /* the last marks are written */
	BRIDGE_LEAVING,	   /* the servers are told LOGOUT */
	BRIDGE_CLOSING	   /* handles are being closed */
};

struct bridge {
	const struct config *config;
	int once;
	unsigned workers;	   /* that may convert at once */
	struct progress *progress; /* or NULL */
	uv_loop_t loop;
	uv_signal_t signals[3];
	uv_timer_t timer; /* the drain's deadline; with --once, the watchdog */
	enum bridge_phase phase;
	struct checkpoint_store *store;
	struct committer *committer;
	struct net *net;
	struct oauth2 *oauth2;
	struct pipeline **pipelines; /* one a sink that is used, or NULL */
	struct route **routes;	     /* one an account; some the same */
	struct route **owned;	     /* each once */
	size_t nowned;
	uv_timer_t look;			/* at the routes */
	struct bridge_sink_status *sink_status; /* or NULL */
	struct attempts *attempts;		/* NULL in a replay */
	struct blob_keeper *blobs; /* or NULL: they stay for ever */
	struct watcher_host host;
	struct counts counts;
	struct admin *admin; /* or NULL */
	int64_t started_at;  /* wall clock */
	struct roster_host roster_host;
	struct roster **rosters; /* one an account */
	size_t nrosters;
	struct roster **sorted; /* the same by name, once needed */
	int letters; /* what sinks refuse is kept, and so are marks by them */
	size_t nstopped;
	unsigned stuck;		 /* seconds a sink has been down, with --once */
	size_t closing;		 /* parts that are not closed yet */
	void (*wake)(void *arg); /* at first, with bridge_changed(); or NULL */
	void *wake_arg;
	int interrupted; /* by a signal */
	int exit_code;
};

/* A list of sinks, by their index in the config. */
struct bridge_sinks {
	const size_t *sinks;
	size_t n;
};

/* Open the sinks of the ${n} ${lists}, and a route for each (bridge_sinks.c);
 * ${letters} says whether what they refuse is kept.  0, or -1 with ${f}. */
int bridge_open_sinks(struct bridge *, const struct bridge_sinks *lists,
    size_t n, int letters, struct fault *f);
void bridge_watch_sinks(struct bridge *);
void bridge_reload_sinks(struct bridge *);
void bridge_free_sinks(struct bridge *);

/* How the sink of this index does; 0 if it is not used
 * (bridge_sink_status.c). */
int bridge_sink_facts(
    const struct bridge *, size_t index, struct report_sink *);

/* They may do otherwise now: tell `mailbridge status`. */
void bridge_sink_status(struct bridge *);
void bridge_free_sink_status(struct bridge *);

/* Open the admin port, if there is to be one.  0, or -1 with ${f}. */
int bridge_open_admin(struct bridge *, struct fault *f);

/* Write all numbers; the HTTP status. */
unsigned bridge_metrics(const struct bridge *, struct buf *out);

/* Those of the accounts, their mailboxes and clients.  0, or -1 if memory is
 * out. */
int bridge_metrics_accounts(const struct bridge *, struct metrics *);

/* With everything opened: run to the end of the stop, and free it all. */
void bridge_loop(struct bridge *);

/* Apply the retention of the blob store.  0, or -1 with ${f}. */
int bridge_keep_blobs(struct bridge *, struct fault *f);

/* Before anything is opened. */
void bridge_init(struct bridge *, const struct config *, int once);

/* A pipeline (of the bridge ${arg}) has read marks from its sink. */
void bridge_stored_mark(
    void *arg, const struct pipeline *, const struct sink_mark *);
void bridge_marks_loaded(void *arg, const struct pipeline *);

/* Start the accounts, but for those that wait for this. */
void bridge_start_rosters(struct bridge *);

/* The committer or a pipeline (${arg}: the bridge) has changed its mind. */
void bridge_changed(void *arg);

/* Begin the stop; harmless when it has begun. */
void bridge_stop(struct bridge *);

/* Something moved: a later phase may begin. */
void bridge_step(struct bridge *);

/* All watchers, one after the other: begin with a cursor of zeros.  NULL at the
 * end. */
struct bridge_cursor {
	size_t roster, item;
};
const struct watcher *bridge_each(
    const struct bridge *, struct bridge_cursor *);
size_t bridge_count(const struct bridge *);

/* All patterns, likewise: 1 with the status of one in ${row}, which the caller
 * zeroed, and the mailboxes that it matches; 0 at the end. */
int bridge_each_pattern(const struct bridge *, struct bridge_cursor *,
    struct checkpoint_row *, size_t *matches);

/* All mailboxes of an account have ended. */
void bridge_roster_stopped(struct bridge *);

#endif
