/* A connection that dies in the middle of a large message: what came of it is
 * kept, and the next connection is asked for the rest. */
#include <stdlib.h>

#include "bridge/imap/session.h"
#include "bridge/limits.h"
#include "bridge/ops/log.h"
#include "bridge/publish/route.h"
#include "bridge/watch/catchup.h"
#include "bridge/watch/watcher_private.h"

struct watcher_rest {
	char *start; /* a buffer for all of it, malloc'ed, with */
	uint64_t have, total;
	uint64_t told; /* its RFC822.SIZE, or 0 */
	uint64_t uidvalidity;
	uint32_t uid;
	struct budget_spare spare;
};

void
watcher_rest_drop(struct watcher *w)
{
	struct watcher_rest *r = w->rest;

	if (r == NULL)
		return;
	w->rest = NULL;
	budget_unspare(route_budget(w->route), &r->spare);
	if (w->catchup != NULL && w->uidvalidity == r->uidvalidity)
		catchup_no_rest(w->catchup, r->uid);
	free(r->start);
	free(r);
}

static void
on_wanted(void *arg)
{
	watcher_rest_drop(arg);
}

/* Keep the buffer as long as nobody wants its memory: 1, or 0. */
static int
spare(struct watcher *w)
{
	struct watcher_rest *r = w->rest;

	if (budget_spare(route_budget(w->route),
		route_charge(w->route, (size_t)r->have), &r->spare))
		return (1);
	watcher_rest_drop(w);
	return (0);
}

/* ${have} octets of ${start} are there now: 1 if the rest brought enough. */
static int
keep(struct watcher *w, uint32_t uid, char *start, uint64_t have)
{
	struct watcher_rest *r = w->rest;
	int again = r != NULL && r->start == NULL && r->uid == uid;

	if (again && have - r->have < LIMIT_REST_OCTETS) {
		r->start = start;
		r->have = have;
		(void)spare(w);
		return (0);
	}
	watcher_rest_drop(w);
	if (have < LIMIT_REST_OCTETS || (r = calloc(1, sizeof(*r))) == NULL) {
		free(start);
		return (0);
	}
	*r = (struct watcher_rest){ .start = start,
		.have = have,
		.total = w->body_size,
		.uidvalidity = w->uidvalidity,
		.uid = uid,
		.spare = { .drop = on_wanted, .arg = w } };
	w->rest = r;
	if (!spare(w))
		return (0);
	r->told = catchup_rest(w->catchup, uid, again);
	log_write(LOG_INFO, "watcher", w->name,
	    "%llu of %llu octets of UID %u came: the next connection is asked "
	    "for the rest",
	    (unsigned long long)have, (unsigned long long)w->body_size, uid);
	/* A server that begins anew each time gets nowhere. */
	return (again);
}

int
watcher_rest_keep(struct watcher *w)
{
	uint64_t have = 0;
	char *start;

	if (w->line->session == NULL ||
	    (start = session_body_take(w->line->session, &have)) == NULL)
		return (0);
	watcher_release(w);
	if (w->body_uid == 0 || w->catchup == NULL || w->match != NULL ||
	    w->draining || w->body_size > w->host->max_message_bytes ||
	    !session_keeps_octets(w->line->session)) {
		free(start);
		return (0);
	}
	return (keep(w, w->body_uid, start, have));
}

int
watcher_rest_fetch(struct watcher *w)
{
	const struct watcher_rest *r = w->rest;

	if (r == NULL || r->start == NULL || r->uidvalidity != w->uidvalidity ||
	    r->uid != catchup_only(w->catchup))
		return (0);
	session_fetch_rest(w->line->session, r->uid, r->have, r->total, r->told,
	    uv_now(w->host->loop));
	return (1);
}

void
watcher_rest_body(struct watcher *w, const struct session_event *ev)
{
	struct budget *b = route_budget(w->route);
	struct watcher_rest *r = w->rest;
	char *start = NULL;

	if (r != NULL && r->start != NULL && ev->size == r->total) {
		budget_unspare(b, &r->spare);
		w->charge = route_charge(w->route, w->keep);
		if (budget_take(b, w->charge, &w->waiter)) {
			start = r->start;
			r->start = NULL;
		} else {
			/* Others want the memory. */
			w->charge = 0;
			budget_cancel(b, &w->waiter);
		}
	}
	if (start == NULL)
		watcher_rest_drop(w);
	session_body(w->line->session, start, w->keep);
}
