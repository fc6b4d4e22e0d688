/* Where a mailbox stands: its stored marks, where to begin, what is written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bridge/config/config.h"
#include "bridge/counts.h"
#include "bridge/imap/date.h"
#include "bridge/imap/session.h"
#include "bridge/imap/verdict.h"
#include "bridge/message.h"
#include "bridge/ops/log.h"
#include "bridge/publish/route.h"
#include "bridge/watch/catchup.h"
#include "bridge/watch/watcher_private.h"

static const char *const status_names[] = { "connecting", "connecting",
	"catching-up", "idle", "polling", "backing-off", "stopped" };

void
watcher_status(const struct watcher *w, struct checkpoint_row *row)
{
	struct checkpoint_status *status = &row->status;

	row->account = w->account->name;
	row->mailbox = w->mailbox;
	row->has_status = 1;
	(void)snprintf(
	    status->state, sizeof(status->state), "%s", status_names[w->state]);
	status->last_success = w->last_success;
	status->last_error_at = w->last_error_at;
	(void)snprintf(status->last_error, sizeof(status->last_error), "%.*s",
	    (int)sizeof(status->last_error) - 1, w->last.text);
	if (w->match != NULL || w->resetting) {
		status->uidvalidity = w->reset_from.old_uidvalidity;
		status->uid = w->reset_from.old_uid;
		status->lag = watcher_lag(w);
	} else if (w->catchup != NULL) {
		status->uidvalidity = w->mark.uidvalidity;
		status->uid = catchup_mark(w->catchup);
		status->lag = catchup_lag(w->catchup);
	} else if (w->nrows > 0) {
		status->uidvalidity = w->rows[0].uidvalidity;
		status->uid = w->rows[0].uid;
	}
}

static void
on_fill(void *arg, struct checkpoint_row *row)
{
	struct watcher *w = arg;

	watcher_status(w, row);
	watcher_prints_fill(w, row);
	if (w->catchup == NULL || w->match != NULL)
		return;
	w->mark.uid = row->status.uid;
	w->mark.committed_at = time(NULL);
	row->has_checkpoint = 1;
	row->checkpoint = w->mark;
	row->epoch = w->epoch;
	watcher_below_fill(w, row);
	watcher_reset_fill(w, row);
}

void
watcher_note_lag(struct watcher *w, int moved)
{
	if (catchup_lag(w->catchup) == 0)
		w->waiting_at = 0;
	else if (w->waiting_at == 0 || moved)
		w->waiting_at = uv_now(w->host->loop);
}

uint64_t
watcher_stalled_ms(const struct watcher *w)
{
	if (w->waiting_at == 0 || watcher_lag(w) == 0)
		return (0);
	return (uv_now(w->host->loop) - w->waiting_at);
}

uint64_t
watcher_lag(const struct watcher *w)
{
	return (w->catchup != NULL ? catchup_lag(w->catchup) : 0);
}

static void
on_committed(void *arg, uint64_t mark)
{
	struct watcher *w = arg;

	watcher_below_free(w);
	watcher_prints_committed(w);
	watcher_reset_committed(w);
	/* Not by a status that was on its way before the mark was made. */
	if (w->settling != 0 && mark >= w->settling) {
		w->settling = 0;
		w->host->placed(w->host->arg);
		if (w->line->session != NULL)
			watcher_pump(w);
	}
	if (w->due != NULL)
		watcher_reset_resume(w);
}

/* One message has reached its end. */
static void
on_outcome(void *arg, const struct message *m, enum pipeline_outcome outcome)
{
	struct watcher *w = arg;
	uint32_t before;

	w->inflight--;
	if (m->reset != NULL) {
		watcher_reset_told(w, m);
		return;
	}
	watcher_prints_add(w, m);
	watcher_known_note(w, m);
	if (w->host->replay != NULL)
		w->host->replay->outcome(w->host->replay->arg, m->uid, outcome);
	if (outcome == PIPELINE_STORED)
		doorman_counts(w->own.doorman)->published++;
	else
		doorman_counts(w->own.doorman)->lettered++;
	before = catchup_mark(w->catchup);
	catchup_done(w->catchup, m->uid);
	watcher_note_lag(w, 1);
	if (catchup_mark(w->catchup) != before || m->uid <= before) {
		w->last_success = time(NULL);
		committer_mark(w->host->committer, &w->slot);
	}
	if (w->due != NULL)
		watcher_reset_resume(w);
	else
		watcher_wake(w);
}

int
watcher_lane_open(struct watcher *w)
{
	w->lane = route_lane_new(w->route, w->name, on_outcome, w);
	return (w->lane == NULL ? -1 : watcher_marks_open(w));
}

int
watcher_mailbox_open(struct watcher *w, const struct checkpoint *rows, size_t n)
{
	w->slot.fill = on_fill;
	w->slot.committed = on_committed;
	w->slot.arg = w;
	watcher_reset_init(w);
	if (watcher_lane_open(w) == -1)
		return (-1);
	if (n == 0)
		return (0);
	if ((w->rows = calloc(n, sizeof(*rows))) == NULL)
		return (-1);
	memcpy(w->rows, rows, n * sizeof(*rows));
	w->nrows = n;
	return (0);
}

void
watcher_mailbox_free(struct watcher *w)
{
	watcher_rest_drop(w);
	route_lane_close(w->lane);
	catchup_free(w->catchup);
	watcher_prints_free(w);
	watcher_reset_free(w);
	watcher_below_free(w);
	free(w->sink_below);
	free(w->rows);
}

int
watcher_begin(struct watcher *w, const struct checkpoint *mark, int settle,
    struct fault *f)
{
	watcher_rest_drop(w);
	watcher_known_forget(w);
	catchup_free(w->catchup);
	w->mark = *mark;
	w->uidvalidity = mark->uidvalidity;
	if ((w->catchup = catchup_new(mark)) == NULL)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	catchup_limit(w->catchup, w->host->max_message_bytes);
	if (settle) {
		/* A crash from here on must find the same beginning. */
		w->settling = committer_mark(w->host->committer, &w->slot);
	}
	return (0);
}

/* Go on with what comes from now on. */
static int
begin_now(struct watcher *w, const struct session_event *ev, struct fault *f)
{
	struct checkpoint mark = { .uidvalidity = ev->uidvalidity };

	if (ev->uidnext == 0 && ev->exists > 0) {
		/* RFC 3501 lets a server keep UIDNEXT to itself. */
		catchup_free(w->catchup);
		w->catchup = NULL;
		w->mark = mark;
		w->uidvalidity = mark.uidvalidity;
		watcher_probe(w, 1);
		return (0);
	}
	mark.uid = ev->uidnext > 0 ? ev->uidnext - 1 : 0;
	return (watcher_begin(w, &mark, 1, f));
}

/* A mailbox without any checkpoint: where `start:` says. */
static int
begin_new(struct watcher *w, const struct session_event *ev, struct fault *f)
{
	const struct config_account *a = w->account;
	struct checkpoint mark = { .uidvalidity = ev->uidvalidity };

	switch (w->fresh ? CONFIG_START_BEGINNING : a->start) {
	case CONFIG_START_BEGINNING:
		break;
	case CONFIG_START_DATE:
		imap_date_format(mark.since, sizeof(mark.since), a->start_year,
		    a->start_month, a->start_day);
		mark.since_below = ev->uidnext > 0 ? ev->uidnext : UINT32_MAX;
		break;
	case CONFIG_START_NOW:
		return (begin_now(w, ev, f));
	}
	return (watcher_begin(w, &mark, 1, f));
}

void
watcher_probe(struct watcher *w, uint32_t uid)
{
	w->probing = w->probe_due = 1;
	w->probe_from = uid;
	w->probed = w->probe_tries = 0;
	w->probe_at = 0;
}

int
watcher_probed(struct watcher *w, int answered, struct fault *f)
{
	char why[200];

	/* Any range with "*" has the last mail in it: nothing was said. */
	if (!answered &&
	    !catchup_unanswered(
		w->probe_tries, uv_now(w->host->loop), &w->probe_at)) {
		w->probe_tries++;
		w->probe_due = 1;
		return (0);
	}
	w->probing = 0;
	if (w->resetting)
		return (watcher_reset_probed(w, f));
	if (w->catchup == NULL) {
		w->mark.uid = w->probed;
		return (watcher_begin(w, &w->mark, 1, f));
	}
	if (w->probed >= w->probe_from) {
		w->lying_uidnext = 1;
		log_write(LOG_INFO, "watcher", w->name,
		    "the server says UIDNEXT %u and lists UID %u: UIDNEXT is "
		    "not believed",
		    w->probe_from, w->probed);
		return (0);
	}
	(void)snprintf(why, sizeof(why),
	    "UIDNEXT went back to %u, below UID %u which was read, and "
	    "UIDVALIDITY stays %llu: the mailbox was restored",
	    w->probe_from, watcher_names_highest(w),
	    (unsigned long long)w->uidvalidity);
	return (watcher_reset(w, why, f));
}

/* Does the stored row lead on?  One that is not the last was left once: mails
 * were published under other numbers since. */
static const struct checkpoint *
find_row(const struct watcher *w, uint64_t uidvalidity)
{
	size_t i;

	for (i = 0; i < w->nrows && w->catchup == NULL; i++) {
		if (w->rows[i].uidvalidity == uidvalidity &&
		    (i == 0 || w->account->on_reset != CONFIG_RESET_MATCH))
			return (&w->rows[i]);
	}
	return (NULL);
}

int
watcher_selected(
    struct watcher *w, const struct session_event *ev, struct fault *f)
{
	const struct checkpoint *row;
	char why[200];

	if (ev->uidvalidity == 0)
		return (fault_set(f, FAULT_RETRY,
		    "EXAMINE %s: the server tells no UIDVALIDITY that lasts, "
		    "without which no place in the mailbox can be remembered",
		    w->mailbox));
	if (w->host->replay != NULL)
		return (watcher_replay_selected(w, ev, f));
	/* What was to be done for the numbers that it had a while ago. */
	free(w->due);
	w->due = NULL;
	if (w->match != NULL && w->uidvalidity == ev->uidvalidity)
		return (watcher_match_again(w, ev, f));
	if (w->catchup != NULL && w->uidvalidity == ev->uidvalidity)
		return (watcher_check_numbers(w, ev, f));
	if (!w->resetting && (row = find_row(w, ev->uidvalidity)) != NULL) {
		if (watcher_begin(w, row, 0, f) == -1 ||
		    watcher_reset_load(w, f) == -1 ||
		    watcher_below_load(w, row, f) == -1)
			return (-1);
		return (watcher_check_numbers(w, ev, f));
	}
	if (w->catchup == NULL && w->nrows == 0 && !w->resetting)
		return (begin_new(w, ev, f));
	/* From where it stood, whose own reset the sinks may not know yet. */
	if (w->catchup == NULL && !w->resetting &&
	    (watcher_begin(w, &w->rows[0], 0, f) == -1 ||
		watcher_reset_load(w, f) == -1 ||
		watcher_below_load(w, &w->rows[0], f) == -1))
		return (-1);
	watcher_note_reset(w, ev);
	(void)snprintf(why, sizeof(why),
	    "UIDVALIDITY changed from %llu to %llu: the server numbers the "
	    "mailbox anew",
	    (unsigned long long)w->reset_from.old_uidvalidity,
	    (unsigned long long)ev->uidvalidity);
	return (watcher_reset(w, why, f));
}

void
watcher_look(struct watcher *w)
{
	if (w->is_guest && w->swept_at != 0 &&
	    uv_now(w->host->loop) - w->swept_at <
		w->account->sweep_seconds * 1000ULL) {
		catchup_hint(w->catchup);
		return;
	}
	w->swept_at = uv_now(w->host->loop);
	catchup_sweep(w->catchup);
}

void
watcher_refused_mailbox(struct watcher *w, struct fault *f)
{
	char text[FAULT_TEXT_MAX];

	if (!verdict_is_missing(f->text)) {
		w->missing = 0;
		return;
	}
	w->missing++;
	(void)snprintf(text, sizeof(text), "%.*s", 300, f->text);
	fault_set(f, FAULT_RETRY,
	    "%s; it was deleted or renamed: its checkpoint is kept, and it "
	    "goes on when the mailbox is there again",
	    text);
}
