/* An account's mailboxes as one: begin, wake, drain, stop, close. */
#include <stdlib.h>

#include "bridge/config/config.h"
#include "bridge/watch/doorman.h"
#include "bridge/watch/patrol.h"
#include "bridge/watch/roster_private.h"

size_t
roster_count(const struct roster *r)
{
	return (r->n);
}

const char *
roster_name(const struct roster *r)
{
	return (r->account->name);
}

const struct route *
roster_route(const struct roster *r)
{
	return (r->route);
}

const struct watcher *
roster_watcher(const struct roster *r, size_t i)
{
	return (r->watchers[i]);
}

int
roster_pattern(const struct roster *r, size_t i, struct checkpoint_row *row,
    size_t *matches)
{
	return (patrol_pattern(r->patrol, i, row, matches));
}

struct doorman *
roster_doorman(const struct roster *r)
{
	return (r->doorman);
}

void
roster_start(struct roster *r)
{
	size_t i;

	if (r->started)
		return;
	r->started = 1;
	roster_assign(r, 0);
	for (i = 0; i < r->n; i++)
		watcher_start(r->watchers[i]);
	if (patrol_is_needed(r->patrol))
		patrol_start(r->patrol, 0);
}

void
roster_wake(struct roster *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		watcher_wake(r->watchers[i]);
}

void
roster_drain(struct roster *r)
{
	size_t i;

	r->draining = 1;
	uv_timer_stop(&r->timer);
	for (i = 0; i < r->n; i++)
		watcher_drain(r->watchers[i]);
	patrol_drain(r->patrol);
}

void
roster_stop(struct roster *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		watcher_stop(r->watchers[i]);
	patrol_stop(r->patrol);
}

void
roster_hurry(struct roster *r)
{
	doorman_hurry(r->doorman);
}

static void
on_part_closed(void *arg)
{
	struct roster *r = arg;

	if (--r->closing > 0)
		return;
	r->closed(r->closed_arg);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	on_part_closed(handle->data);
}

void
roster_close(struct roster *r, void (*closed)(void *), void *arg)
{
	size_t i;

	r->closed = closed;
	r->closed_arg = arg;
	r->closing = r->n + 3;
	for (i = 0; i < r->n; i++)
		watcher_close(r->watchers[i], on_part_closed, r);
	patrol_close(r->patrol, on_part_closed, r);
	doorman_close(r->doorman, on_part_closed, r);
	uv_close((uv_handle_t *)&r->timer, on_timer_closed);
}

void
roster_free(struct roster *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		free(r->names[i]);
	json_decref(r->index);
	free(r->names);
	free(r->watchers);
	free(r->listed);
	free(r);
}
