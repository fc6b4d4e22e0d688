/* What is remembered of mails that had their outcome, on its way to the store.
 */
#include <stdlib.h>
#include <string.h>

#include "bridge/config/config.h"
#include "bridge/limits.h"
#include "bridge/message.h"
#include "bridge/watch/watcher_private.h"

/* Room for ${n} more; 0, or -1. */
static int
reserve(struct watcher_prints *list, size_t n)
{
	struct fingerprint *items;
	size_t max = list->max;

	if (list->n + n <= max)
		return (0);
	while (max < list->n + n)
		max = max * 2 + 4;
	if ((items = reallocarray(list->items, max, sizeof(*items))) == NULL)
		return (-1);
	list->items = items;
	list->max = max;
	return (0);
}

void
watcher_prints_add(struct watcher *w, const struct message *m)
{
	struct watcher_prints *list = &w->prints;
	struct fingerprint print = m->print;

	if (w->host->store == NULL || w->host->replay != NULL)
		return;
	/* One that never became an event. */
	print.uidvalidity = m->uidvalidity;
	print.uid = m->uid;
	print.epoch = w->epoch;
	if (list->n == LIMIT_ACK_WINDOW) {
		/* The store cannot be written: the last ones count. */
		list->n--;
		memmove(list->items, list->items + 1,
		    list->n * sizeof(list->items[0]));
	}
	/* Without memory it is published once more after a reset. */
	if (reserve(list, 1) == 0)
		list->items[list->n++] = print;
}

void
watcher_prints_fill(struct watcher *w, struct checkpoint_row *row)
{
	struct watcher_prints *sent = &w->prints_sent, hold;

	/* What is there is from a write that failed. */
	if (sent->n == 0) {
		hold = *sent;
		*sent = w->prints;
		w->prints = hold;
	} else if (w->prints.n != 0 && reserve(sent, w->prints.n) == 0) {
		memcpy(sent->items + sent->n, w->prints.items,
		    w->prints.n * sizeof(sent->items[0]));
		sent->n += w->prints.n;
		w->prints.n = 0;
	}
	row->prints = sent->items;
	row->nprints = sent->n;
}

const char *
watcher_prints_text(struct watcher *w)
{
	const struct watcher_prints *lists[] = { &w->prints_sent, &w->prints };
	struct buf *text = &w->prints_text;
	size_t i, j;

	if (text->max == 0)
		buf_init(text, (size_t)LIMIT_FINGERPRINTS * 200);
	buf_clear(text);
	for (i = 0; i < 2; i++) {
		j = lists[i]->n > LIMIT_FINGERPRINTS / 2
		    ? lists[i]->n - LIMIT_FINGERPRINTS / 2
		    : 0;
		for (; j < lists[i]->n; j++) {
			if (text->len > 0)
				(void)buf_putc(text, ',');
			fingerprint_write(text, &lists[i]->items[j]);
		}
	}
	return (text->failed || text->data == NULL ? "" : text->data);
}

void
watcher_prints_take(struct watcher *w, const char *text)
{
	struct fingerprint print, *known;
	struct fault f;
	size_t i, n;

	if (text == NULL || text[0] == '\0' || w->host->store == NULL)
		return;
	known = checkpoint_prints(
	    w->host->store, w->account->name, w->mailbox, &n, &f);
	while (fingerprint_read(&text, &print) == 1) {
		for (i = 0; i < n; i++) {
			if (known[i].uid == print.uid &&
			    known[i].uidvalidity == print.uidvalidity)
				break;
		}
		/* The sink has it, and we did not come to write it down. */
		if (i == n && reserve(&w->prints, 1) == 0)
			w->prints.items[w->prints.n++] = print;
	}
	free(known);
}

static void
clear(struct watcher_prints *list)
{
	free(list->items);
	*list = (struct watcher_prints){ .n = 0 };
}

void
watcher_prints_committed(struct watcher *w)
{
	/* An idle mailbox holds no memory for it. */
	clear(&w->prints_sent);
}

void
watcher_prints_free(struct watcher *w)
{
	clear(&w->prints);
	clear(&w->prints_sent);
	buf_free(&w->prints_text);
}

struct fingerprint *
watcher_prints_all(struct watcher *w, size_t *n, struct fault *f)
{
	const struct watcher_prints *lists[] = { &w->prints_sent, &w->prints };
	struct fingerprint *all, *more;
	size_t i, j, k, stored;

	all = checkpoint_prints(
	    w->host->store, w->account->name, w->mailbox, n, f);
	if (all == NULL && f->kind != FAULT_NONE)
		return (NULL);
	stored = *n;
	more = reallocarray(
	    all, stored + w->prints.n + w->prints_sent.n + 1, sizeof(*all));
	if (more == NULL) {
		free(all);
		fault_set(f, FAULT_RETRY, "out of memory");
		return (NULL);
	}
	for (i = 0; i < 2; i++) {
		for (j = 0; j < lists[i]->n; j++) {
			/* A write under way may have come to its end. */
			for (k = 0; k < stored; k++) {
				if (more[k].uid == lists[i]->items[j].uid &&
				    more[k].uidvalidity ==
					lists[i]->items[j].uidvalidity &&
				    more[k].epoch == lists[i]->items[j].epoch)
					break;
			}
			if (k == stored)
				more[(*n)++] = lists[i]->items[j];
		}
	}
	return (more);
}
