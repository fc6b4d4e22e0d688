#include <stdlib.h>
#include <unistd.h>

#include "sinks/kafka/kafka_private.h"

/* A fatal error leaves messages at the brokers: their fate comes in this time,
 * or they are called back. */
#define DRAIN_MS 2000
#define CLOSE_DRAIN_MS 3000
#define PURGE_MS 1000

#define PROBE_MS 5000

static void enter(struct kafka *k, enum kafka_phase phase, uint64_t ms);

static void
after(uv_timer_t *timer, uv_timer_cb cb, uint64_t ms)
{
	uv_update_time(timer->loop);
	uv_timer_start(timer, cb, ms, 0);
}

static void
on_handle_closed(uv_handle_t *handle)
{
	struct kafka *k = handle->data;
	void (*closed)(void *) = k->closed;
	void *arg = k->closed_arg;
	struct fault f;

	if (--k->nhandles > 0)
		return;
	/* Those of a transaction whose outcome was still to be found out. */
	fault_set(&f, FAULT_RETRY,
	    "sink %s: kafka %s: closed before it was known to be delivered",
	    k->sink.host.name, k->config.topic);
	kafka_give_back(k, &f);
	close(k->wake_fd);
	kafka_config_clear(&k->config);
	free(k);
	closed(arg);
}

static void
gone(struct kafka *k)
{
	uv_close((uv_handle_t *)&k->poll, on_handle_closed);
	uv_close((uv_handle_t *)&k->phase_timer, on_handle_closed);
	uv_close((uv_handle_t *)&k->pause_timer, on_handle_closed);
	uv_close((uv_handle_t *)&k->probe_timer, on_handle_closed);
	uv_close((uv_handle_t *)&k->late_timer, on_handle_closed);
	uv_close((uv_handle_t *)&k->once.timer, on_handle_closed);
}

static void
destroy_work(uv_work_t *work)
{
	struct kafka *k = work->data;

	kafka_producer_free(k->making);
}

static void
on_destroyed(uv_work_t *work, int status)
{
	struct kafka *k = work->data;
	struct fault f;

	(void)status; /* never cancelled */
	k->making = NULL;
	fault_set(&f, FAULT_RETRY, "sink %s: kafka %s: %s", k->sink.host.name,
	    k->config.topic,
	    k->closed != NULL ? "closed before it was delivered"
			      : "the producer was made anew");
	/* What may be committed is answered when that is known. */
	if (!k->once.unknown || k->closed != NULL || k->resting)
		kafka_give_back(k, &f);
	if (k->closed != NULL)
		enter(k, KAFKA_GONE, 0);
	else if (k->resting)
		enter(k, KAFKA_REST, 0);
	else
		enter(k, KAFKA_PAUSE, backoff_next(&k->backoff));
}

static void
make_work(uv_work_t *work)
{
	struct kafka *k = work->data;

	k->making = kafka_producer_new(
	    &k->config, k->once.on, k->wake_fd, &k->make_fault);
}

static void
on_made(uv_work_t *work, int status)
{
	struct kafka *k = work->data;

	(void)status;
	k->producer = k->making;
	k->making = NULL;
	if (k->closed != NULL)
		enter(k, KAFKA_DESTROY, 0);
	else if (k->producer != NULL) {
		enter(k, KAFKA_LIVE, 0);
		kafka_once_start(k);
		kafka_life_probe(k);
		kafka_offer(k);
	} else {
		fault_prefix(
		    &k->make_fault, "sink %s: kafka", k->sink.host.name);
		health_down(&k->health, &k->make_fault);
		enter(k, KAFKA_PAUSE, backoff_next(&k->backoff));
	}
}

static void
on_phase_timer(uv_timer_t *timer)
{
	struct kafka *k = timer->data;

	if (k->phase == KAFKA_DRAIN && !k->once.on)
		enter(k, KAFKA_PURGE, PURGE_MS);
	else if (k->phase == KAFKA_DRAIN || k->phase == KAFKA_PURGE)
		enter(k, KAFKA_DESTROY, 0);
	else if (k->phase == KAFKA_PAUSE)
		enter(k, KAFKA_MAKE, 0);
}

/* The one place that changes the phase, and starts what it does. */
static void
enter(struct kafka *k, enum kafka_phase phase, uint64_t ms)
{
	static const uint64_t one = 1;

	k->phase = phase;
	uv_timer_stop(&k->phase_timer);
	switch (phase) {
	case KAFKA_LIVE:
		/* What came before we listened, or had the producer, woke
		 * nobody; and librdkafka wakes us only when its queue was
		 * empty. */
		(void)!write(k->wake_fd, &one, sizeof(one));
		break;
	case KAFKA_REST:
		break;
	case KAFKA_DRAIN:
	case KAFKA_PAUSE:
		after(&k->phase_timer, on_phase_timer, ms);
		break;
	case KAFKA_PURGE:
		(void)rd_kafka_purge(k->producer->rk,
		    RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
			RD_KAFKA_PURGE_F_NON_BLOCKING);
		after(&k->phase_timer, on_phase_timer, ms);
		break;
	case KAFKA_DESTROY:
		/* A worker or an event of it uses it, for a bounded time, and
		 * then comes back here. */
		if (k->probing || k->once.busy || k->serving)
			break;
		if (k->producer == NULL) {
			enter(
			    k, k->closed != NULL ? KAFKA_GONE : KAFKA_PAUSE, 0);
			break;
		}
		kafka_producer_mute(k->producer);
		k->making = k->producer;
		k->producer = NULL;
		uv_queue_work(
		    k->sink.host.loop, &k->work, destroy_work, on_destroyed);
		break;
	case KAFKA_MAKE:
		uv_queue_work(k->sink.host.loop, &k->work, make_work, on_made);
		break;
	case KAFKA_GONE:
		gone(k);
		break;
	}
}

/* A transaction is not waited for, unless to be closed in peace: what it held
 * is either committed or not. */
static void
end_transactions(struct kafka *k)
{
	if (k->closed != NULL && kafka_once_finish(k))
		enter(k, KAFKA_DRAIN, CLOSE_DRAIN_MS);
	else {
		kafka_once_ended(
		    k, rd_kafka_fatal_error(k->producer->rk, NULL, 0));
		enter(k, KAFKA_DESTROY, 0);
	}
}

void
kafka_life_rest(struct kafka *k, const struct fault *why)
{
	k->resting = 1;
	kafka_life_end(k, why);
}

void
kafka_life_worked(struct kafka *k)
{
	if (k->producer != NULL &&
	    (k->phase == KAFKA_DRAIN || k->phase == KAFKA_DESTROY))
		enter(k, KAFKA_DESTROY, 0);
}

void
kafka_life_end(struct kafka *k, const struct fault *why)
{
	switch (k->phase) {
	case KAFKA_LIVE:
		if (why != NULL) {
			k->remade++;
			health_down(&k->health, why);
		}
		if (k->phase != KAFKA_LIVE) /* the host closed us in there */
			break;
		uv_timer_stop(&k->probe_timer);
		if (k->once.on) {
			end_transactions(k);
			break;
		}
		/* What no broker has yet goes back at once. */
		if (k->closed == NULL)
			(void)rd_kafka_purge(k->producer->rk,
			    RD_KAFKA_PURGE_F_QUEUE |
				RD_KAFKA_PURGE_F_NON_BLOCKING);
		enter(k, KAFKA_DRAIN,
		    k->closed != NULL ? CLOSE_DRAIN_MS : DRAIN_MS);
		kafka_life_answered(k);
		break;
	case KAFKA_PAUSE:
	case KAFKA_REST:
		if (k->closed != NULL)
			enter(k, KAFKA_GONE, 0);
		break;
	default: /* on its way already */
		break;
	}
}

void
kafka_life_answered(struct kafka *k)
{
	if (k->serving || k->producer == NULL)
		return;
	if (k->phase == KAFKA_DESTROY ||
	    (k->nops == 0 && !k->once.busy &&
		(k->phase == KAFKA_DRAIN || k->phase == KAFKA_PURGE)))
		enter(k, KAFKA_DESTROY, 0);
}

static void
probe_work(uv_work_t *work)
{
	struct kafka *k = work->data;

	k->probe_error = kafka_producer_probe(k->producer, PROBE_MS);
}

static void on_probe_timer(uv_timer_t *);

static void
on_probed(uv_work_t *work, int status)
{
	struct kafka *k = work->data;
	enum kafka_trouble trouble;
	struct fault f;

	(void)status;
	k->probing = 0;
	if (k->phase == KAFKA_DESTROY)
		enter(k, KAFKA_DESTROY, 0);
	if (k->phase != KAFKA_LIVE)
		return;
	if (k->probe_error == RD_KAFKA_RESP_ERR_NO_ERROR) {
		backoff_reset(&k->probe_backoff);
		k->away = 0;
		/* Trouble with messages is over only when one is stored. */
		if (!k->paused && kafka_once_ready(k))
			health_up(&k->health);
		return;
	}
	after(&k->probe_timer, on_probe_timer, backoff_next(&k->probe_backoff));
	trouble = kafka_error_judge(
	    k->probe_error, k->detail[0] != '\0' ? k->detail : NULL, &f);
	/* A topic may take a moment to be created; the second look counts. */
	if (trouble == KAFKA_PERSON && k->probe_backoff.tries < 3)
		return;
	if (trouble == KAFKA_AWAY || trouble == KAFKA_PERSON)
		kafka_trouble(k, trouble, &f);
}

static void
on_probe_timer(uv_timer_t *timer)
{
	struct kafka *k = timer->data;

	if (k->phase != KAFKA_LIVE || k->probing)
		return;
	k->probing = 1;
	uv_queue_work(k->sink.host.loop, &k->probe, probe_work, on_probed);
}

void
kafka_life_probe(struct kafka *k)
{
	if (k->phase != KAFKA_LIVE || k->probing ||
	    uv_is_active((uv_handle_t *)&k->probe_timer))
		return;
	after(&k->probe_timer, on_probe_timer,
	    k->health.state == HEALTH_UNKNOWN
		? 0
		: backoff_next(&k->probe_backoff));
}

void
kafka_life_start(struct kafka *k, uv_poll_cb on_wake)
{
	uv_timer_t *timers[] = { &k->phase_timer, &k->pause_timer,
		&k->probe_timer, &k->late_timer, &k->once.timer };
	size_t i;

	for (i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
		uv_timer_init(k->sink.host.loop, timers[i]);
		timers[i]->data = k;
	}
	/* An eventfd can always be polled. */
	(void)uv_poll_init(k->sink.host.loop, &k->poll, k->wake_fd);
	k->poll.data = k->work.data = k->probe.data = k;
	uv_poll_start(&k->poll, UV_READABLE, on_wake);
	k->nhandles = 6;
	enter(k, KAFKA_LIVE, 0);
	kafka_once_start(k);
	kafka_life_probe(k);
}
