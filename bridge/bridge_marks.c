/* A mailbox whose sink stores the marks begins when these are read: they may be
 * further than the state directory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/bridge_private.h"
#include "bridge/ops/log.h"
#include "bridge/route.h"
#include "sinks/sink.h"

static int
by_name(const void *a, const void *b)
{
	return (strcmp(watcher_name(*(struct watcher *const *)a),
	    watcher_name(*(struct watcher *const *)b)));
}

struct wanted {
	const struct sink_mark *mark;
};

/* "account/mailbox" beside a watcher's name. */
static int
by_mark(const void *key, const void *element)
{
	const struct sink_mark *mark = ((const struct wanted *)key)->mark;
	const char *name = watcher_name(*(struct watcher *const *)element);
	size_t len = strlen(mark->account);
	int order = strncmp(mark->account, name, len);

	if (order != 0)
		return (order);
	if (name[len] != '/')
		return ('/' - (unsigned char)name[len]);
	return (strcmp(mark->mailbox, name + len + 1));
}

void
bridge_stored_mark(
    void *arg, const struct pipeline *p, const struct sink_mark *mark)
{
	struct wanted wanted = { .mark = mark };
	struct bridge *b = arg;
	struct watcher **found;

	if (!b->sorted)
		qsort(b->watchers, b->nwatchers, sizeof(struct watcher *),
		    by_name);
	b->sorted = 1;
	found = bsearch(&wanted, b->watchers, b->nwatchers,
	    sizeof(struct watcher *), by_mark);
	/* One of another config is left in peace. */
	if (found != NULL && route_has(watcher_route(*found), p))
		watcher_stored_mark(*found, p, mark);
}

void
bridge_marks_loaded(void *arg, const struct pipeline *p)
{
	const struct route *route;
	struct bridge *b = arg;
	size_t i;

	if (b->phase != BRIDGE_RUNNING)
		return;
	for (i = 0; i < b->nwatchers; i++) {
		route = watcher_route(b->watchers[i]);
		if (route_has(route, p) && !route_loading(route))
			watcher_start(b->watchers[i]);
	}
}

void
bridge_start_watchers(struct bridge *b)
{
	size_t i;

	for (i = 0; i < b->nwatchers; i++) {
		if (!route_loading(watcher_route(b->watchers[i])))
			watcher_start(b->watchers[i]);
	}
}
