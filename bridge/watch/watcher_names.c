/* UIDs that were given to several mails under one UIDVALIDITY: the ids of the
 * later ones end with the mailbox's epoch. */
#include <stdlib.h>
#include <string.h>

#include "bridge/config/config.h"
#include "bridge/watch/catchup.h"
#include "bridge/watch/watcher_private.h"

void
watcher_names_free(struct watcher *w)
{
	free(w->spans);
	w->spans = NULL;
	w->nspans = 0;
}

int
watcher_names_load(struct watcher *w, struct fault *f)
{
	watcher_names_free(w);
	w->spans = checkpoint_spans(w->host->store, w->account->name,
	    w->mailbox, w->uidvalidity, &w->nspans, f);
	return (w->spans == NULL && f->kind != FAULT_NONE ? -1 : 0);
}

uint32_t
watcher_names_highest(const struct watcher *w)
{
	uint32_t uid = catchup_mark(w->catchup);

	return (w->highest > uid ? w->highest : uid);
}

static void
lift(uint32_t *uid, uint32_t to)
{
	if (*uid < to)
		*uid = to;
}

int
watcher_names_ceiling(
    struct watcher *w, const struct reset *r, uint32_t *uid, struct fault *f)
{
	struct fingerprint *prints;
	struct reset_span *spans;
	size_t i, n;

	*uid = 0;
	if (r->cause != RESET_UIDVALIDITY) {
		*uid = r->old_uid;
		lift(uid, w->highest);
	}
	for (i = 0; i < w->nrows; i++) {
		if (w->rows[i].uidvalidity == r->uidvalidity)
			lift(uid, w->rows[i].uid);
	}
	spans = checkpoint_spans(w->host->store, w->account->name, w->mailbox,
	    r->uidvalidity, &n, f);
	if (spans == NULL && f->kind != FAULT_NONE)
		return (-1);
	for (i = 0; i < n; i++)
		lift(uid, spans[i].ceiling);
	free(spans);
	if ((prints = watcher_prints_all(w, &n, f)) == NULL)
		return (-1);
	for (i = 0; i < n; i++) {
		if (prints[i].uidvalidity == r->uidvalidity)
			lift(uid, prints[i].uid);
	}
	free(prints);
	if (*uid <= reset_above(r))
		*uid = 0;
	return (0);
}

int
watcher_names_begin(struct watcher *w, struct fault *f)
{
	struct reset_span *spans;

	if (watcher_names_load(w, f) == -1)
		return (-1);
	if (w->reset.ceiling == 0)
		return (0);
	spans = reallocarray(w->spans, w->nspans + 1, sizeof(*spans));
	if (spans == NULL)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	memmove(spans + 1, spans, w->nspans * sizeof(*spans));
	spans[0] = (struct reset_span){ .epoch = w->reset.epoch,
		.above = reset_above(&w->reset),
		.ceiling = w->reset.ceiling };
	w->spans = spans;
	w->nspans++;
	return (0);
}

int
watcher_names_left(struct watcher *w)
{
	const struct reset *from = &w->reset_from;
	struct checkpoint *rows;
	size_t i;

	for (i = 0; i < w->nrows; i++) {
		if (w->rows[i].uidvalidity == from->old_uidvalidity)
			break;
	}
	if (i == w->nrows) {
		rows = reallocarray(w->rows, i + 1, sizeof(*rows));
		if (rows == NULL)
			return (-1);
		w->rows = rows;
		w->nrows++;
		rows[i] =
		    (struct checkpoint){ .uidvalidity = from->old_uidvalidity };
	}
	lift(&w->rows[i].uid, from->old_uid);
	lift(&w->rows[i].uid, w->highest);
	return (0);
}
