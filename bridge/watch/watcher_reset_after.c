/* A reset that was decided: its way to the store and to the sinks, and what it
 * means for the mails that follow. */
#include <stdlib.h>
#include <string.h>

#include "bridge/config/config.h"
#include "bridge/envelope/notice.h"
#include "bridge/limits.h"
#include "bridge/message.h"
#include "bridge/publish/route.h"
#include "bridge/reset.h"
#include "bridge/watch/catchup.h"
#include "bridge/watch/watcher_private.h"

const struct reset *
watcher_last_reset(const struct watcher *w)
{
	return (w->reset.epoch != 0 ? &w->reset : NULL);
}

void
watcher_reset_init(struct watcher *w)
{
	uidset_init(&w->skip, LIMIT_SEARCH_RANGES);
	uidset_init(&w->plain, LIMIT_SEARCH_RANGES);
}

void
watcher_reset_free(struct watcher *w)
{
	watcher_match_free(w);
	watcher_names_free(w);
	free(w->due);
	reset_clear(&w->reset);
	reset_clear(&w->reset_sent);
	uidset_clear(&w->skip);
	uidset_clear(&w->plain);
}

void
watcher_reset_apply(struct watcher *w)
{
	w->telling = !w->reset.told;
	uidset_clear(&w->skip);
	uidset_clear(&w->plain);
	/* What does not fit is published, as uncertain. */
	(void)uidset_read(&w->skip, w->reset.skip);
	(void)uidset_read(&w->plain, w->reset.plain);
	catchup_skip(w->catchup, uidset_empty(&w->skip) ? NULL : &w->skip);
}

int
watcher_reset_load(struct watcher *w, struct fault *f)
{
	int rc;

	reset_clear(&w->reset);
	w->telling = 0;
	if (w->host->store == NULL)
		return (0);
	rc = checkpoint_last_reset(w->host->store, w->account->name, w->mailbox,
	    w->uidvalidity, &w->reset, f);
	if (rc == 1 && w->host->replay == NULL)
		watcher_reset_apply(w);
	return (rc == -1 ? -1 : watcher_names_load(w, f));
}

void
watcher_reset_fill(struct watcher *w, struct checkpoint_row *row)
{
	if (!w->reset_dirty)
		return;
	/* The one before was written, or failed: nobody reads it. */
	reset_clear(&w->reset_sent);
	if (reset_copy(&w->reset_sent, &w->reset) == -1)
		return; /* with the next one */
	row->reset = &w->reset_sent;
}

void
watcher_reset_committed(struct watcher *w)
{
	if (w->reset_sent.epoch == w->reset.epoch &&
	    w->reset_sent.told == w->reset.told &&
	    w->reset_sent.horizon == w->reset.horizon)
		w->reset_dirty = 0;
}

static void
note(struct watcher *w)
{
	w->reset_dirty = 1;
	(void)committer_mark(w->host->committer, &w->slot);
}

int
watcher_reset_tell(struct watcher *w, struct fault *f)
{
	struct message *m;
	size_t charge;

	if (!w->telling || w->settling != 0 || w->told)
		return (0);
	if ((m = message_new()) == NULL ||
	    (m->reset = calloc(1, sizeof(*m->reset))) == NULL ||
	    reset_copy(m->reset, &w->reset) == -1) {
		message_free(m);
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	}
	m->account = w->account->name;
	m->mailbox = w->mailbox;
	m->uidvalidity = w->reset.uidvalidity;
	m->internaldate = w->reset.at;
	m->has_internaldate = 1;
	if (notice_text(m) == -1) {
		message_free(m);
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	}
	charge = route_charge(w->route, m->raw_len);
	budget_force(route_budget(w->route), charge);
	w->told = 1;
	w->inflight++;
	if (route_submit(w->lane, m, charge) == 0)
		return (0);
	w->told = 0;
	w->inflight--;
	return (fault_set(f, FAULT_RETRY, "out of memory"));
}

void
watcher_reset_told(struct watcher *w, const struct message *m)
{
	if (!w->telling || m->reset->epoch != w->reset.epoch)
		return;
	w->telling = w->told = 0;
	w->reset.told = 1;
	note(w);
	watcher_reset_resume(w);
}

void
watcher_reset_check(struct watcher *w)
{
	if (w->reset.horizon == 0 ||
	    catchup_mark(w->catchup) < w->reset.horizon)
		return;
	/* All that was there has had its outcome. */
	w->reset.horizon = 0;
	w->reset.skip[0] = w->reset.plain[0] = '\0';
	uidset_clear(&w->skip);
	uidset_clear(&w->plain);
	catchup_skip(w->catchup, NULL);
	note(w);
}

void
watcher_reset_mark(const struct watcher *w, struct message *m)
{
	const struct reset *r = &w->reset;

	m->epoch = reset_epoch(w->spans, w->nspans, m->uid);
	m->uncertain = w->host->replay == NULL && m->uid <= r->horizon &&
	    strcmp(r->policy, "match") == 0 && !uidset_has(&w->plain, m->uid);
}
