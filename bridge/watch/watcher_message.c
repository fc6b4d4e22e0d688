/* Message data on its way from a connection to the pipeline. */
#include <stdlib.h>

#include "bridge/watch/catchup.h"
#include "bridge/counts.h"
#include "bridge/config/config.h"
#include "bridge/imap/placeholder.h"
#include "bridge/imap/session.h"
#include "bridge/imap/verdict.h"
#include "bridge/limits.h"
#include "bridge/message.h"
#include "bridge/ops/log.h"
#include "bridge/publish/route.h"
#include "bridge/watch/watcher_private.h"

/* FETCHes in a row that fail and bring nothing, before the connection is given
 * up and the ladder slows us down. */
#define BARREN_MAX 3

void
watcher_fetch(struct watcher *w, const struct catchup_next *next)
{
	uint64_t part = w->host->max_message_bytes;

	w->form = next->form;
	if (watcher_match_looks(w) && w->form != FETCH_SIZES)
		w->form = FETCH_LOOK;
	if (w->form == FETCH_START && part > LIMIT_FETCH_START)
		part = LIMIT_FETCH_START;
	if (w->form == FETCH_REST) {
		if (watcher_rest_fetch(w))
			return;
		watcher_rest_drop(w);
		w->form = FETCH_WHOLE;
	}
	if (watcher_known_fetch(w, next->text))
		return;
	session_fetch(
	    w->line->session, next->text, w->form, part, uv_now(w->host->loop));
}

/* The budget allows it: read on. */
static int
accept_body(struct watcher *w, struct fault *f)
{
	char *buffer;

	w->charge = route_charge(w->route, w->keep);
	w->body_at = uv_now(w->host->loop);
	w->slow = 0;
	if ((buffer = malloc(w->keep + 1)) == NULL)
		return (fault_set(f, FAULT_RETRY,
		    "no memory for a message of %zu octets", w->keep));
	session_body(w->line->session, buffer, w->keep);
	return (0);
}

static void
on_granted(void *arg)
{
	struct watcher *w = arg;
	struct fault f;

	session_pause(w->line->session, 0, uv_now(w->host->loop));
	if (accept_body(w, &f) == -1) {
		watcher_fail(w, &f);
		return;
	}
	connection_pause(w->line->connection, 0);
	watcher_pump(w);
}

int
watcher_body(struct watcher *w, const struct session_event *ev, struct fault *f)
{
	uint64_t keep = ev->size, discard = LIMIT_DISCARD;

	if (w->form == FETCH_PART || w->form == FETCH_START)
		discard = LIMIT_DISCARD_PART;
	if (ev->size > w->host->max_message_bytes + discard) {
		/* Larger than the server said.  A new connection is cheaper
		 * than what would be thrown away, and an end of it may never
		 * come. */
		log_write(LOG_INFO, "watcher", w->name,
		    "a message of %llu octets (UID %u) is read in part only: "
		    "limits.max_message_bytes is %llu",
		    (unsigned long long)ev->size, ev->uid,
		    (unsigned long long)w->host->max_message_bytes);
		if (w->catchup != NULL)
			catchup_oversized(w->catchup, ev->uid);
		watcher_renew(w);
		return (0);
	}
	if (keep > w->host->max_message_bytes)
		keep = w->host->max_message_bytes;
	w->keep = (size_t)keep;
	w->body_size = ev->size;
	w->body_uid = ev->uid;
	if (w->body_uid == 0 && w->catchup != NULL)
		w->body_uid = catchup_only(w->catchup);
	w->waiter.granted = on_granted;
	w->waiter.arg = w;
	watcher_release(w); /* a server that sends one message twice */
	if (ev->origin != 0) {
		w->body_at = uv_now(w->host->loop);
		w->slow = 0;
		watcher_rest_body(w, ev);
		return (0);
	}
	if (budget_take(route_budget(w->route), route_charge(w->route, w->keep),
		&w->waiter))
		return (accept_body(w, f));
	session_pause(w->line->session, 1, uv_now(w->host->loop));
	connection_pause(w->line->connection, 1);
	return (0);
}

void
watcher_release(struct watcher *w)
{
	size_t charge = w->charge;

	budget_cancel(route_budget(w->route), &w->waiter);
	w->charge = 0;
	if (charge == 0)
		return;
	w->held = 0; /* who is woken now are the others */
	route_give(w->route, charge);
}

static int
hand_on(struct watcher *w, struct message *m, struct fault *f)
{
	size_t charge = w->charge, whole = route_charge(w->route, m->raw_len);

	m->account = w->account->name;
	m->mailbox = w->mailbox;
	m->replay = w->host->replay != NULL;
	watcher_reset_mark(w, m);
	if (charge == 0 || (w->slow && charge < whole)) {
		budget_force(route_budget(w->route), whole - charge);
		charge = whole;
	}
	w->charge = 0;
	doorman_counts(w->own.doorman)->received++;
	doorman_counts(w->own.doorman)->received_bytes += m->raw_len;
	if (m->uid > w->highest)
		w->highest = m->uid;
	w->inflight++;
	if (route_submit(w->lane, m, charge) == 0)
		return (0);
	w->inflight--;
	return (fault_set(f, FAULT_RETRY, "out of memory"));
}

int
watcher_message(struct watcher *w, struct message *m, struct fault *f)
{
	w->barren = 0;
	if (m->uid == 0 && w->catchup != NULL)
		m->uid = catchup_only(w->catchup);
	m->placeholder = placeholder_is(m);
	if (m->placeholder &&
	    (w->catchup == NULL || !catchup_placeholder(w->catchup, m->uid))) {
		/* Not the message: as if nothing had come. */
		log_write(LOG_INFO, "watcher", w->name,
		    "the server sent a placeholder in place of UID %u: it is "
		    "asked for again",
		    m->uid);
		message_free(m);
		watcher_release(w);
		return (0);
	}
	if (w->match != NULL) {
		watcher_match_message(w, m);
		return (0);
	}
	if (w->catchup == NULL || w->draining ||
	    !catchup_received(w->catchup, m->uid, m->size)) {
		message_free(m);
		watcher_release(w);
		return (0);
	}
	return (hand_on(w, m, f));
}

int
watcher_fetched(
    struct watcher *w, const struct session_event *ev, struct fault *f)
{
	struct catchup_end end = { .ok = ev->ok, .limit = ev->limit };

	if (w->form == FETCH_REST) {
		watcher_release(w); /* it was of no use */
		watcher_rest_drop(w);
	}
	if (w->catchup != NULL && !watcher_known_end(w))
		catchup_fetched(w->catchup, &end, uv_now(w->host->loop));
	if (w->other != 0) {
		/* Opened anew, it says how things are. */
		watcher_renew(w);
		return (0);
	}
	if (ev->ok)
		return (0);
	if (w->form == FETCH_SIZES)
		w->known.uid = 0; /* maybe it is gone, and was the reason */
	log_write(
	    LOG_INFO, "watcher", w->name, "UID FETCH refused: %s", ev->text);
	if (++w->barren < BARREN_MAX && verdict_backoff(ev->text) == 0)
		return (0);
	fault_set(f, FAULT_RETRY, "UID FETCH: %s", ev->text);
	f->retry_ms = verdict_backoff(ev->text);
	return (-1);
}

int
watcher_stub(struct watcher *w, uint32_t uid, struct fault *f)
{
	struct message *m;

	if ((m = message_new()) == NULL)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	m->uidvalidity = w->uidvalidity;
	m->uid = uid;
	m->unavailable = 1;
	log_write(LOG_WARN, "watcher", w->name,
	    "the server lists UID %u but never sends it: published as a stub",
	    uid);
	return (hand_on(w, m, f));
}
