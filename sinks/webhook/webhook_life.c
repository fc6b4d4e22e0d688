/* Is the server there?  At the start a connection is made, TLS included, and
 * nothing sent: that is all that `check` wants to know.  After trouble the sink
 * rests, and then sends one event at a time until one is taken.  What was not
 * sent yet goes back meanwhile, so that a mailbox's order stays as it is. */
#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "sinks/webhook/webhook_private.h"

/* ${same}: it answered the same event badly before.  If others were taken
 * since, it is not the server that has the trouble. */
static void
rest(struct webhook *w, int slow, int same, struct fault *f)
{
	uint64_t asked = f->retry_ms;

	fault_prefix(f, "sink %s: %s", w->sink.host.name, w->config.address);
	w->careful = 1;
	/* Of requests that fail together the first one decides. */
	if (w->phase == WEBHOOK_RESTING) {
		f->retry_ms = uv_timer_get_due_in(&w->timer);
	} else if (w->closed == NULL) {
		f->retry_ms = slow ? backoff_slow(&w->backoff)
				   : backoff_next(&w->backoff);
		if (asked > f->retry_ms)
			f->retry_ms = asked;
		w->phase = WEBHOOK_RESTING;
		uv_update_time(w->sink.host.loop);
		uv_timer_start(&w->timer, webhook_life_timer, f->retry_ms, 0);
		if (!same || w->health.state != HEALTH_UP)
			health_down(&w->health, f);
	}
	webhook_give_back(w, f);
}

void
webhook_life_unreached(struct webhook *w, int person, struct fault *f)
{
	w->unreached = w->phase != WEBHOOK_RESTING || w->unreached;
	rest(w, person, 0, f);
}

void
webhook_life_trouble(
    struct webhook *w, const struct webhook_op *op, int slow, struct fault *f)
{
	uint64_t hash = webhook_hash(op->lane, op->ev->id);
	int same = hash == w->troubled;

	if (w->phase != WEBHOOK_RESTING)
		w->unreached = 0;
	w->troubled = hash;
	rest(w, slow, same, f);
}

void
webhook_life_connected(struct webhook *w)
{
	if (w->closed != NULL)
		return;
	w->phase = WEBHOOK_LIVE;
	health_up(&w->health);
}

void
webhook_life_good(struct webhook *w)
{
	if (w->phase != WEBHOOK_LIVE)
		return; /* one that was under way when another failed */
	w->careful = 0;
	backoff_reset(&w->backoff);
	health_up(&w->health);
}

static void
connect_only(struct webhook *w)
{
	struct fault f;

	w->phase = WEBHOOK_CONNECTING;
	if (webhook_request_init(&w->probe, w, 1) == 0 &&
	    webhook_request_start(&w->probe, NULL) == 0)
		return;
	webhook_request_free(&w->probe);
	fault_set(&f, FAULT_RETRY, "out of memory");
	rest(w, 0, 0, &f);
}

/* What was refused may be a secret that has been rotated since. */
static int
reload(struct webhook *w, struct fault *f)
{
	struct webhook_secrets fresh;

	if (webhook_secrets_load(&fresh, &w->config, f) == -1)
		return (-1);
	webhook_secrets_clear(&w->secrets);
	w->secrets = fresh;
	return (0);
}

void
webhook_life_timer(uv_timer_t *timer)
{
	struct webhook *w = timer->data;
	struct fault f;

	if (w->closed != NULL) {
		webhook_finish(w);
		return;
	}
	if (w->starved) {
		w->starved = 0;
		fault_set(&f, FAULT_RETRY, "out of memory");
		rest(w, 0, 0, &f);
		return;
	}
	if (w->careful && reload(w, &f) == -1) {
		w->phase = WEBHOOK_CONNECTING; /* so that it rests again */
		rest(w, 1, 0, &f);
		return;
	}
	if (w->unreached)
		connect_only(w);
	else
		w->phase = WEBHOOK_LIVE;
	webhook_go_on(w);
}

int
webhook_life_reload(struct webhook *w, struct fault *f)
{
	if (reload(w, f) == -1)
		return (fault_prefix(f, "sink %s", w->sink.host.name));
	if (w->phase == WEBHOOK_RESTING && w->closed == NULL)
		uv_timer_start(&w->timer, webhook_life_timer, 0, 0);
	return (0);
}
