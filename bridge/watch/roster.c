#include <stdlib.h>
#include <string.h>

#include "bridge/config/config.h"
#include "bridge/config/mailboxes.h"
#include "bridge/fault.h"
#include "bridge/imap/session.h"
#include "bridge/limits.h"
#include "bridge/ops/log.h"
#include "bridge/store/checkpoint.h"
#include "bridge/watch/doorman.h"
#include "bridge/watch/patrol.h"
#include "bridge/watch/roster_private.h"
#include "sinks/sink.h"

static void
on_limited(void *arg)
{
	roster_limited(arg);
}

/* The end */

static void
note_why(struct roster *r, const struct fault *why)
{
	if (why != NULL && r->why.kind == FAULT_NONE)
		r->why = *why;
}

static void
check_ended(struct roster *r)
{
	if (r->told || r->nstopped < r->n || !r->patrol_stopped)
		return;
	r->told = 1;
	r->host->stopped(
	    r->host->arg, r->why.kind != FAULT_NONE ? &r->why : NULL);
}

static int
all_done(const struct roster *r)
{
	return (r->nstopped == r->n && !patrol_is_needed(r->patrol));
}

static void
on_watcher_stopped(void *arg, struct watcher *w, const struct fault *why)
{
	struct roster *r = arg;

	(void)w;
	r->nstopped++;
	note_why(r, why);
	if (all_done(r) && r->started)
		patrol_stop(r->patrol);
	check_ended(r);
}

static void
on_patrol_stopped(void *arg, const struct fault *why)
{
	struct roster *r = arg;
	size_t i;

	r->patrol_stopped = 1;
	note_why(r, why);
	/* Nobody will lend its guests a connection any more. */
	for (i = 0; i < r->n && why != NULL; i++) {
		if (watcher_is_guest(r->watchers[i]))
			watcher_give_up(r->watchers[i], why);
	}
	check_ended(r);
}

/* Mailboxes */

static int
make_room(struct roster *r)
{
	size_t cap = r->cap != 0 ? r->cap * 2 : 8;
	struct watcher **watchers;
	char **names, *listed;

	if (r->n < r->cap)
		return (0);
	watchers = reallocarray(r->watchers, cap, sizeof(struct watcher *));
	if (watchers == NULL)
		return (-1);
	r->watchers = watchers;
	names = reallocarray(r->names, cap, sizeof(char *));
	if (names == NULL)
		return (-1);
	r->names = names;
	if ((listed = realloc(r->listed, cap)) == NULL)
		return (-1);
	r->listed = listed;
	r->cap = cap;
	return (0);
}

static int
add(struct roster *r, const char *name, const char *wire, int fresh,
    struct fault *f)
{
	struct watcher_target target = { .account = r->account,
		.doorman = r->doorman,
		.patrol = r->patrol,
		.route = r->route,
		.wire = wire,
		.fresh = fresh };
	struct checkpoint *rows = NULL;
	struct watcher *w;
	char *copy;

	if (make_room(r) == -1)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	f->kind = FAULT_NONE;
	if (r->host->store != NULL)
		rows = checkpoint_load(
		    r->host->store, r->account->name, name, &target.n, f);
	if (rows == NULL && f->kind != FAULT_NONE)
		return (-1);
	if (r->host->store != NULL &&
	    checkpoint_epoch(r->host->store, r->account->name, name,
		&target.epoch, f) == -1) {
		free(rows);
		return (-1);
	}
	if ((copy = strdup(name)) == NULL) {
		free(rows);
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	}
	target.mailbox = copy;
	target.rows = rows;
	w = watcher_new(&r->watchers_host, &target, f);
	free(rows);
	if (w == NULL) {
		free(copy);
		return (-1);
	}
	json_object_set_new(r->index, name, json_integer((json_int_t)r->n));
	r->names[r->n] = copy;
	r->listed[r->n] = 1;
	r->watchers[r->n++] = w;
	return (0);
}

static struct watcher *
find(struct roster *r, const char *name, size_t *i)
{
	json_t *number = json_object_get(r->index, name);

	if (number == NULL)
		return (NULL);
	*i = (size_t)json_integer_value(number);
	return (r->watchers[*i]);
}

void
roster_stored_mark(
    struct roster *r, const struct pipeline *p, const struct sink_mark *mark)
{
	struct watcher *w;
	struct fault f;
	size_t i;

	w = find(r, mark->mailbox, &i);
	if (w == NULL && r->npatterns > 0 && r->n < LIMIT_PATTERN_MAILBOXES &&
	    mailbox_is_covered(r->account, mark->mailbox) &&
	    add(r, mark->mailbox, NULL, 0, &f) == 0)
		w = r->watchers[r->n - 1];
	if (w != NULL)
		watcher_stored_mark(w, p, mark);
}

static void
on_listed(void *arg, const char *name, const char *wire, int settled)
{
	struct roster *r = arg;
	struct fault f;
	size_t i;

	if (find(r, name, &i) != NULL) {
		r->listed[i] = 1;
		return;
	}
	if (r->draining)
		return;
	if (r->n >= LIMIT_PATTERN_MAILBOXES) {
		if (!r->truncated)
			log_write(LOG_ERROR, "roster", r->account->name,
			    "the patterns match more than %d mailboxes: the "
			    "others are not watched",
			    LIMIT_PATTERN_MAILBOXES);
		r->truncated = 1;
		return;
	}
	settled = settled || r->listed_once;
	if (add(r, name, wire, settled, &f) == -1) {
		log_write(LOG_ERROR, "roster", r->account->name,
		    "%s: %s; next try with the next LIST", name, f.text);
		return;
	}
	log_write(LOG_INFO, "roster", r->account->name, "%s: watched%s", name,
	    settled ? ", from its beginning: it is new" : "");
	watcher_set_guest(r->watchers[r->n - 1], r->n > roster_berths(r));
	watcher_start(r->watchers[r->n - 1]);
}

/* Does each mailbox have its place?  Then those that come later are new, for
 * whoever asks, be it after a crash. */
static void
on_placed(void *arg)
{
	struct roster *r = arg;

	if (!r->listed_once)
		return;
	while (r->nplaced < r->n && watcher_is_placed(r->watchers[r->nplaced]))
		r->nplaced++;
	if (r->nplaced == r->n)
		patrol_settle(r->patrol);
}

static void
on_list_done(void *arg)
{
	struct roster *r = arg;
	size_t i;

	roster_assign(r, 0);
	for (i = 0; i < r->n; i++) {
		watcher_listed(r->watchers[i], r->listed[i]);
		r->listed[i] = 0;
	}
	r->listed_once = 1;
	on_placed(r);
	if (r->n == 0)
		log_write(LOG_WARN, "roster", r->account->name,
		    "no mailbox of the server matches accounts.mailboxes");
	if (r->n == 0 && r->watchers_host.once)
		patrol_stop(r->patrol);
}

static void
on_told(void *arg, const struct session_event *ev)
{
	struct roster *r = arg;
	struct watcher *w;
	size_t i;

	if ((w = find(r, ev->name, &i)) != NULL)
		watcher_told(w, ev);
}

/* Life */

static const struct patrol_ops patrol_ops = { on_listed, on_list_done, on_told,
	on_limited, on_patrol_stopped };

/* The mailboxes that are named; of the patterns, what is known of them. */
static int
take_mailboxes(struct roster *r, struct fault *f)
{
	const struct config_account *a = r->account;
	struct checkpoint_status status;
	size_t i;
	int found;

	for (i = 0; i < a->nmailboxes; i++) {
		if (!mailbox_is_pattern(a->mailboxes[i])) {
			if (add(r, a->mailboxes[i], NULL, 0, f) == -1)
				return (-1);
			continue;
		}
		r->npatterns++;
		found = checkpoint_load_status(
		    r->host->store, a->name, a->mailboxes[i], &status, f);
		if (found == -1)
			return (-1);
		if (found == 1)
			patrol_settled_before(
			    r->patrol, i, status.last_success);
	}
	return (0);
}

static struct roster *
new_roster(const struct roster_host *host, const struct config_account *a,
    struct route *route, struct fault *f)
{
	struct roster *r;

	/* What fails here ends the process: nothing is taken apart. */
	if ((r = calloc(1, sizeof(*r))) == NULL)
		goto fail;
	r->host = host;
	r->account = a;
	r->route = route;
	r->watchers_host = *host->watcher;
	r->watchers_host.stopped = on_watcher_stopped;
	r->watchers_host.limited = on_limited;
	r->watchers_host.placed = on_placed;
	r->watchers_host.arg = r;
	if ((r->index = json_object()) == NULL)
		goto fail;
	r->doorman = doorman_new(host->watcher->loop, &a->retry);
	if (r->doorman == NULL)
		goto fail;
	r->patrol =
	    patrol_new(&r->watchers_host, a, r->doorman, &patrol_ops, r);
	if (r->patrol == NULL)
		goto fail;
	berths_init(&r->berths);
	uv_timer_init(host->watcher->loop, &r->timer);
	r->timer.data = r;
	return (r);

fail:
	fault_set(f, FAULT_RETRY, "out of memory");
	return (NULL);
}

struct roster *
roster_new(const struct roster_host *host, const struct config_account *a,
    struct route *route, struct fault *f)
{
	struct roster *r;

	if ((r = new_roster(host, a, route, f)) == NULL ||
	    take_mailboxes(r, f) == -1)
		return (NULL);
	roster_assign(r, 0);
	return (r);
}

struct roster *
roster_new_one(const struct roster_host *host, const struct config_account *a,
    const char *mailbox, struct route *route, struct fault *f)
{
	struct roster *r;

	if ((r = new_roster(host, a, route, f)) == NULL ||
	    add(r, mailbox, NULL, 0, f) == -1)
		return (NULL);
	return (r);
}

uint64_t
roster_lag(const struct roster *r)
{
	uint64_t lag = 0;
	size_t i;

	for (i = 0; i < r->n; i++)
		lag += watcher_lag(r->watchers[i]);
	return (lag);
}
