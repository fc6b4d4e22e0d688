/* Marks that a sink stores with the events: where it lets a mailbox begin, and
 * what it is told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/config/config.h"
#include "bridge/limits.h"
#include "bridge/ops/log.h"
#include "bridge/publish/route.h"
#include "bridge/watch/catchup.h"
#include "bridge/watch/watcher_private.h"
#include "sinks/sink.h"

/* Of as many ranges as there can be. */
#define BELOW_TEXT ((size_t)LIMIT_SWEEP_RANGES * 24)

static const char *
below_text(struct watcher *w, const uint32_t *uids, size_t n)
{
	struct buf *text = &w->below_text;

	if (text->max == 0)
		buf_init(text, BELOW_TEXT);
	catchup_below(w->catchup, uids, n, text);
	return (text->len > 0 ? text->data : "");
}

static void
on_fill(void *arg, const uint32_t *uids, size_t n, struct sink_mark *mark)
{
	struct watcher *w = arg;

	mark->account = w->account->name;
	mark->mailbox = w->mailbox;
	if (w->match != NULL || w->resetting) {
		/* It stands where it stood, until that is decided. */
		mark->uidvalidity = w->reset_from.old_uidvalidity;
		mark->uid = w->reset_from.old_uid;
	} else {
		mark->uidvalidity = w->catchup != NULL ? w->uidvalidity : 0;
		mark->uid = w->catchup != NULL
		    ? catchup_mark_if(w->catchup, uids, n)
		    : 0;
		if (w->catchup != NULL)
			mark->below = below_text(w, uids, n);
	}
	mark->epoch = w->epoch;
	mark->recent = watcher_prints_text(w);
	mark->since = w->mark.since;
	mark->since_below = w->mark.since_below;
}

int
watcher_marks_open(struct watcher *w)
{
	return (route_lane_marks(w->lane, on_fill, w));
}

/* The row of this UIDVALIDITY; made, as the newest, if there is none. */
static struct checkpoint *
find_row(struct watcher *w, const struct sink_mark *mark)
{
	struct checkpoint *rows;
	size_t i;

	for (i = 0; i < w->nrows; i++) {
		if (w->rows[i].uidvalidity == mark->uidvalidity)
			return (&w->rows[i]);
	}
	rows = reallocarray(w->rows, w->nrows + 1, sizeof(*rows));
	if (rows == NULL)
		return (NULL);
	memmove(rows + 1, rows, w->nrows * sizeof(*rows));
	w->rows = rows;
	w->nrows++;
	rows[0] = (struct checkpoint){ .uidvalidity = mark->uidvalidity,
		.since_below = mark->since_below };
	(void)snprintf(rows[0].since, sizeof(rows[0].since), "%s", mark->since);
	return (&rows[0]);
}

int
watcher_below_load(
    struct watcher *w, const struct checkpoint *row, struct fault *f)
{
	char *below = NULL;

	if (w->sink_below != NULL && w->sink_validity == row->uidvalidity) {
		below = w->sink_below;
		w->sink_below = NULL;
	} else if (w->host->store != NULL &&
	    checkpoint_below(w->host->store, w->account->name, w->mailbox, row,
		&below, f) == -1)
		return (-1);
	if (below != NULL)
		catchup_recall(w->catchup, below);
	free(below);
	return (0);
}

void
watcher_below_fill(struct watcher *w, struct checkpoint_row *row)
{
	const char *below = below_text(w, NULL, 0);

	free(w->below_sent);
	/* Without memory: nothing is remembered but the mark. */
	w->below_sent = below[0] != '\0' ? strdup(below) : NULL;
	row->below = w->below_sent;
}

void
watcher_below_free(struct watcher *w)
{
	free(w->below_sent);
	w->below_sent = NULL;
	buf_free(&w->below_text);
}

void
watcher_stored_mark(
    struct watcher *w, const struct pipeline *p, const struct sink_mark *mark)
{
	struct sink_mark resets = { .above = "", .epoch = mark->epoch };
	struct checkpoint *row;

	if (mark->epoch < w->epoch) {
		/* Put back by somebody, or numbered anew, after that was
		 * stored.  What was told of resets before stays told. */
		(void)route_lane_has(w->lane, p, &resets);
		return;
	}
	w->epoch = mark->epoch;
	if ((row = find_row(w, mark)) == NULL)
		return;
	watcher_prints_take(w, mark->recent);
	if (row->uid < mark->uid) {
		log_write(LOG_INFO, "watcher", w->name,
		    "the sink has it up to UID %u, the state directory knows "
		    "of %u: the sink's counts",
		    mark->uid, row->uid);
		row->uid = mark->uid;
		/* Where it is not further, its list of what it has keeps from
		 * it what the store calls late. */
		free(w->sink_below);
		w->sink_below = strdup(mark->below);
		w->sink_validity = mark->uidvalidity;
	}
	if (route_lane_has(w->lane, p, mark) == -1)
		log_write(LOG_WARN, "watcher", w->name,
		    "the sink's checkpoint has the damaged list \"%.40s\": "
		    "mail may come twice",
		    mark->above);
}
