/* roster_private.h - what roster.c (the mailboxes) and roster_budget.c (their
 * connections) share. */
#ifndef ROSTER_PRIVATE_H
#define ROSTER_PRIVATE_H

#include <jansson.h>

#include "bridge/fault.h"
#include "bridge/watch/berths.h"
#include "bridge/watch/roster.h"
#include "bridge/watch/watcher.h"

struct roster {
	const struct roster_host *host;
	const struct config_account *account;
	struct watcher_host watchers_host;
	struct route *route;
	struct doorman *doorman;
	struct patrol *patrol;
	struct watcher **watchers;
	char **names; /* of each */
	char *listed; /* of each: by the LIST under way */
	size_t n, cap, nstopped;
	json_t *index; /* name: number */
	size_t npatterns;
	size_t nplaced;	      /* so many from the first on have their places */
	int listed_once;      /* what comes now is new */
	struct berths berths; /* connections, as far as the server showed */
	int started, draining, patrol_stopped, told, truncated;
	struct fault why; /* the first reason for which one ended */
	size_t closing;
	uv_timer_t timer;
	void (*closed)(void *);
	void *closed_arg;
};

/* How many watchers, from the first on, may have connections of their own. */
size_t roster_berths(const struct roster *);

/* Tell all who has one; the patrol begins in ${ms}, if it is needed. */
void roster_assign(struct roster *, unsigned ms);

/* The server refused one more connection. */
void roster_limited(struct roster *);

#endif
