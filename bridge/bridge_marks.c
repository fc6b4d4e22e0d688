/* A mailbox whose sink stores the marks begins when these are read: they may be
 * further than the state directory. */
#include <stdlib.h>
#include <string.h>

#include "bridge/bridge_private.h"
#include "bridge/publish/route.h"
#include "bridge/watch/roster.h"
#include "sinks/sink.h"

static int
by_name(const void *a, const void *b)
{
	return (strcmp(roster_name(*(struct roster *const *)a),
	    roster_name(*(struct roster *const *)b)));
}

static int
by_account(const void *key, const void *element)
{
	return (strcmp(key, roster_name(*(struct roster *const *)element)));
}

static struct roster *
find(struct bridge *b, const char *account)
{
	size_t size = sizeof(struct roster *);
	struct roster **found;

	if (b->sorted == NULL) {
		if ((b->sorted = calloc(b->nrosters + 1, size)) == NULL)
			return (NULL);
		memcpy(b->sorted, b->rosters, b->nrosters * size);
		qsort(b->sorted, b->nrosters, size, by_name);
	}
	found = bsearch(account, b->sorted, b->nrosters, size, by_account);
	return (found != NULL ? *found : NULL);
}

void
bridge_stored_mark(
    void *arg, const struct pipeline *p, const struct sink_mark *mark)
{
	struct roster *r = find(arg, mark->account);

	/* One of another config is left in peace. */
	if (r != NULL && route_has(roster_route(r), p))
		roster_stored_mark(r, p, mark);
}

void
bridge_marks_loaded(void *arg, const struct pipeline *p)
{
	const struct route *route;
	struct bridge *b = arg;
	size_t i;

	if (b->phase != BRIDGE_RUNNING)
		return;
	for (i = 0; i < b->nrosters; i++) {
		route = roster_route(b->rosters[i]);
		if (route_has(route, p) && !route_loading(route))
			roster_start(b->rosters[i]);
	}
}

void
bridge_start_rosters(struct bridge *b)
{
	size_t i;

	for (i = 0; i < b->nrosters; i++) {
		if (!route_loading(roster_route(b->rosters[i])))
			roster_start(b->rosters[i]);
	}
}
