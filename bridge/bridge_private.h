/* bridge_private.h - what bridge.c (start and run) and bridge_stop.c share. */
#ifndef BRIDGE_PRIVATE_H
#define BRIDGE_PRIVATE_H

#include <stddef.h>
#include <uv.h>

#include "bridge/watcher.h"

struct checkpoint_store;
struct committer;
struct config;
struct doorman;
struct net;
struct oauth2;
struct pipeline;

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
	uv_loop_t loop;
	uv_signal_t signals[3];
	uv_timer_t timer; /* the drain's deadline; with --once, the watchdog */
	enum bridge_phase phase;
	struct checkpoint_store *store;
	struct committer *committer;
	struct net *net;
	struct oauth2 *oauth2;
	struct doorman **doormen;    /* one an account */
	struct pipeline **pipelines; /* one a sink that is used, or NULL */
	struct watcher_host host;
	struct watcher **watchers;
	size_t nwatchers;
	size_t nstopped;
	unsigned stuck; /* seconds a sink has been down, with --once */
	size_t closing; /* parts that are not closed yet */
	int exit_code;
};

/* Begin the stop; harmless when it has begun. */
void bridge_stop(struct bridge *);

/* Something moved: a later phase may begin. */
void bridge_step(struct bridge *);

/* A watcher has ended. */
void bridge_watcher_stopped(struct bridge *);

#endif
