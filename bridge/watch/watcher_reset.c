/* The mailbox was numbered anew: its UIDVALIDITY changed, or its UIDs went
 * back, or mean other mails.  When that may be acted on, and what is done then.
 * on_reset: match is in watcher_match.c; what follows from it all in
 * watcher_reset_after.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bridge/config/config.h"
#include "bridge/counts.h"
#include "bridge/ops/log.h"
#include "bridge/publish/route.h"
#include "bridge/reset.h"
#include "bridge/watch/catchup.h"
#include "bridge/watch/watcher_private.h"

/* What of ${r} follows from where the mailbox stood and what is done. */
static int
fill_in(struct watcher *w, struct reset *r, struct fault *f)
{
	const struct reset *from = &w->reset_from;

	r->epoch = w->epoch + 1;
	r->at = time(NULL);
	r->cause = from->cause;
	(void)snprintf(r->policy, sizeof(r->policy), "%s",
	    config_resets[w->account->on_reset]);
	r->old_uidvalidity = from->old_uidvalidity;
	r->old_uid = from->old_uid;
	r->uidvalidity = from->uidvalidity;
	r->uidnext = from->uidnext;
	r->exists = from->exists;
	return (watcher_names_ceiling(w, r, &r->ceiling, f));
}

int
watcher_reset_begin(struct watcher *w, const struct reset *found,
    const struct checkpoint *mark, struct fault *f)
{
	struct reset r = *found;

	r.uid = mark->uid;
	if (fill_in(w, &r, f) == -1)
		return (-1);
	/* What the sink has above the mark is of the old numbers. */
	route_lane_close(w->lane);
	if (watcher_lane_open(w) == -1 || watcher_names_left(w) == -1)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	reset_clear(&w->reset);
	if (reset_copy(&w->reset, &r) == -1 ||
	    watcher_begin(w, mark, 1, f) == -1)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	w->epoch = r.epoch;
	w->highest = mark->uid;
	w->told = 0;
	w->reset_dirty = 1;
	doorman_counts(w->own.doorman)->resets++;
	watcher_reset_apply(w);
	return (watcher_names_begin(w, f));
}

/* Begin after ${uid}: what was there is passed over, or none of it. */
static int
begin_after(struct watcher *w, uint32_t uid, struct fault *f)
{
	struct checkpoint mark = { .uidvalidity = w->reset_from.uidvalidity,
		.uid = uid };
	struct reset found = { .epoch = 0 };

	if (w->account->on_reset == CONFIG_RESET_NOW)
		found.passed = w->reset_from.exists;
	else
		found.published = w->reset_from.exists;
	return (watcher_reset_begin(w, &found, &mark, f));
}

/* Go on with what comes from now on. */
static int
begin_now(struct watcher *w, struct fault *f)
{
	const struct reset *from = &w->reset_from;

	if (from->uidnext != 0 || from->exists == 0)
		return (begin_after(
		    w, from->uidnext > 0 ? from->uidnext - 1 : 0, f));
	/* RFC 3501 lets a server keep UIDNEXT to itself. */
	catchup_free(w->catchup);
	w->catchup = NULL;
	w->uidvalidity = from->uidvalidity;
	w->resetting = 1;
	watcher_probe(w, 1);
	return (0);
}

int
watcher_reset_probed(struct watcher *w, struct fault *f)
{
	w->resetting = 0;
	return (begin_after(w, w->probed, f));
}

/* on_reset: stop.  ${why} says what happened. */
static int
stop(const struct watcher *w, const char *why, struct fault *f)
{
	return (fault_set(f, FAULT_DATA,
	    "%s: stopped, as on_reset says; to go on after UID N: mailbridge "
	    "checkpoint set --account %s --mailbox %s --uidvalidity %llu --uid "
	    "N",
	    why, w->account->name, w->mailbox,
	    (unsigned long long)w->reset_from.uidvalidity));
}

/* Was this very one met before, by this process or another? */
static int
is_known_stop(struct watcher *w, struct fault *f)
{
	struct reset last;
	int rc;

	if (w->reset.epoch != w->epoch ||
	    w->reset.uidvalidity != w->reset_from.uidvalidity) {
		rc = checkpoint_last_reset(w->host->store, w->account->name,
		    w->mailbox, w->reset_from.uidvalidity, &last, f);
		if (rc != 1)
			return (rc);
		reset_clear(&w->reset);
		w->reset = last;
	}
	return (
	    w->reset.epoch == w->epoch && strcmp(w->reset.policy, "stop") == 0);
}

/* Until the sinks have told of all that is on its way. */
static int
wait_for(struct watcher *w, const char *why, struct fault *f)
{
	free(w->due);
	if ((w->due = strdup(why)) == NULL)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	return (0);
}

/* The sinks hear of it once; then the watcher ends. */
static int
tell_stop(struct watcher *w, const char *why, struct fault *f)
{
	struct reset r = { .epoch = 0 };
	int known;

	if ((known = is_known_stop(w, f)) == -1)
		return (-1);
	if (known && w->reset.told)
		return (stop(w, why, f));
	w->telling = 1;
	if (known)
		return (wait_for(w, why, f));
	if (fill_in(w, &r, f) == -1)
		return (-1);
	reset_clear(&w->reset);
	if (reset_copy(&w->reset, &r) == -1)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	w->epoch = r.epoch;
	w->reset_dirty = 1;
	w->settling = committer_mark(w->host->committer, &w->slot);
	return (wait_for(w, why, f));
}

/* All outcomes of the old numbers are known. */
static int
act(struct watcher *w, const char *why, struct fault *f)
{
	static const char *const what[] = {
		"looking for the mails that were published",
		"all of it is read again", "what comes from now on is read"
	};

	if (w->match == NULL && !w->resetting)
		w->reset_from.old_uid = catchup_mark(w->catchup);
	/* A search for the highest UID of the numbers before is in vain. */
	w->resetting = 0;
	if (w->account->on_reset == CONFIG_RESET_STOP)
		return (tell_stop(w, why, f));
	log_write(LOG_WARN, "watcher", w->name, "%s; %s", why,
	    what[w->account->on_reset]);
	if (w->account->on_reset == CONFIG_RESET_MATCH)
		return (watcher_match_begin(w, f));
	watcher_match_free(w);
	if (w->account->on_reset == CONFIG_RESET_NOW)
		return (begin_now(w, f));
	return (begin_after(w, 0, f));
}

/* Is anything on its way to the sinks, or told and not durable yet? */
static int
is_busy(const struct watcher *w)
{
	return (w->telling || w->inflight > 0 || w->reset_dirty);
}

int
watcher_reset(struct watcher *w, const char *why, struct fault *f)
{
	if (!is_busy(w))
		return (act(w, why, f));
	log_write(LOG_INFO, "watcher", w->name,
	    "%s; what is on its way to the sinks is waited for", why);
	return (wait_for(w, why, f));
}

void
watcher_reset_resume(struct watcher *w)
{
	struct fault f;
	char *why = w->due;
	int rc;

	if (why != NULL && !is_busy(w) && w->selected && !w->draining) {
		w->due = NULL;
		rc = act(w, why, &f);
		free(why);
		if (rc == -1) {
			watcher_fail(w, &f);
			return;
		}
	}
	if (w->line->session != NULL)
		watcher_pump(w);
}
