/* A watcher that publishes some messages again and then stops. */
#include <string.h>

#include "bridge/imap/session.h"
#include "bridge/watch/catchup.h"
#include "bridge/watch/watcher_private.h"

int
watcher_replay_selected(
    struct watcher *w, const struct session_event *ev, struct fault *f)
{
	const struct watcher_replay *r = w->host->replay;
	struct checkpoint mark = { .uidvalidity = ev->uidvalidity,
		.uid = r->lo - 1 };
	uint32_t last = r->hi;

	if (w->catchup != NULL) {
		if (w->uidvalidity == ev->uidvalidity)
			return (0);
		return (fault_set(f, FAULT_DATA,
		    "UIDVALIDITY changed from %llu to %llu during the replay: "
		    "the UIDs mean other mail now",
		    (unsigned long long)w->uidvalidity,
		    (unsigned long long)ev->uidvalidity));
	}
	if (r->since[0] != '\0') {
		memcpy(mark.since, r->since, sizeof(mark.since));
		mark.since_below = UINT32_MAX;
	}
	/* What arrives from now on is the daemon's. */
	if (ev->uidnext != 0 && last >= ev->uidnext)
		last = ev->uidnext - 1;
	if (watcher_begin(w, &mark, 0, f) == -1)
		return (-1);
	catchup_until(w->catchup, last);
	if (watcher_reset_load(w, f) == -1)
		return (-1);
	r->opened(r->arg, ev->uidvalidity, last);
	return (0);
}

void
watcher_replay_found(struct watcher *w, uint32_t lo, uint32_t hi)
{
	const struct watcher_replay *r = w->host->replay;

	if (lo < r->lo)
		lo = r->lo;
	if (hi > r->hi)
		hi = r->hi;
	if (lo <= hi)
		r->found(r->arg, lo, hi);
}

int
watcher_replay_looks(const struct watcher *w)
{
	return (w->host->replay != NULL && w->host->replay->dry);
}
