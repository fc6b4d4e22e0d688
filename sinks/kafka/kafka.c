#include <sys/eventfd.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge/config/section.h"
#include "bridge/envelope/event.h"
#include "sinks/kafka/kafka_private.h"
#include "sinks/sinks.h"

static int
has_room(const struct kafka *k)
{
	return (k->phase == KAFKA_LIVE && k->closed == NULL && !k->paused &&
	    k->late == NULL && k->late_error == RD_KAFKA_RESP_ERR_NO_ERROR &&
	    kafka_once_room(k) &&
	    k->nops < (k->careful > 0 ? 1 : KAFKA_WINDOW_EVENTS) &&
	    k->bytes < KAFKA_WINDOW_BYTES);
}

void
kafka_offer(struct kafka *k)
{
	const struct sink_host *host = &k->sink.host;

	if (k->hungry && has_room(k)) {
		k->hungry = 0;
		host->ready(host->arg);
	}
}

void
kafka_settle(struct kafka *k, struct kafka_op *op, enum sink_verdict verdict,
    const struct fault *why)
{
	const struct sink_host *host = &k->sink.host;
	void *ticket = op->ticket;

	TAILQ_REMOVE(&k->ops, op, next);
	assert(op != TAILQ_FIRST(&k->ops)); /* clang-tidy doubts it */
	k->nops--;
	k->bytes -= op->ev->len;
	free(op);
	host->answer(host->arg, ticket, verdict, why);
}

void
kafka_give_back(struct kafka *k, const struct fault *why)
{
	k->late = NULL;
	while (!TAILQ_EMPTY(&k->ops))
		kafka_settle(k, TAILQ_FIRST(&k->ops), SINK_RETRY, why);
}

static void
on_pause_timer(uv_timer_t *timer)
{
	struct kafka *k = timer->data;

	k->paused = 0;
	kafka_offer(k);
}

void
kafka_trouble(struct kafka *k, enum kafka_trouble trouble, struct fault *f)
{
	fault_prefix(f, "sink %s: kafka %s, topic %s", k->sink.host.name,
	    k->config.brokers, k->config.topic);
	f->retry_ms = trouble == KAFKA_PERSON ? backoff_slow(&k->backoff)
					      : backoff_next(&k->backoff);
	if (!k->paused && trouble != KAFKA_AWAY && k->closed == NULL) {
		k->paused = 1;
		uv_update_time(k->sink.host.loop);
		uv_timer_start(&k->pause_timer, on_pause_timer, f->retry_ms, 0);
	}
	/* One outage has many texts: of each connection and each try. */
	if (trouble == KAFKA_AWAY && k->away && k->health.state == HEALTH_DOWN)
		return;
	k->away = trouble == KAFKA_AWAY;
	health_down(&k->health, f);
	kafka_life_probe(k);
}

static void
on_late_timer(uv_timer_t *timer)
{
	struct kafka *k = timer->data;
	struct kafka_op *op = k->late;
	enum kafka_trouble trouble;
	struct fault f;

	if (k->late_error != RD_KAFKA_RESP_ERR_NO_ERROR &&
	    k->phase == KAFKA_LIVE && kafka_event_fatal(k, &f)) {
		k->late_error = RD_KAFKA_RESP_ERR_NO_ERROR;
		kafka_life_end(k, &f);
	} else if (k->late_error != RD_KAFKA_RESP_ERR_NO_ERROR) {
		trouble = kafka_error_judge(k->late_error, NULL, &f);
		k->late_error = RD_KAFKA_RESP_ERR_NO_ERROR;
		if (k->once.on) /* the transaction is of no use any more */
			kafka_once_reported(k, NULL, RD_KAFKA_RESP_ERR__FAIL);
		if (k->phase == KAFKA_LIVE)
			kafka_trouble(k, trouble, &f);
	}
	if (op != NULL) {
		k->late = NULL;
		fault_set(&f, FAULT_RETRY,
		    "sink %s: kafka topic %s: an event of %zu bytes does not "
		    "fit into this sink's message.max.bytes, %zu",
		    k->sink.host.name, k->config.topic, op->ev->len,
		    k->config.max_message_bytes);
		kafka_settle(k, op, SINK_REFUSED, &f);
	}
	kafka_once_late(k);
	kafka_life_answered(k);
	kafka_offer(k);
}

static int
kafka_submit(struct sink *s, struct event *ev, void *ticket)
{
	struct kafka *k = (struct kafka *)s;
	struct kafka_op *op = NULL;
	rd_kafka_resp_err_t err;

	if (!has_room(k) || (op = malloc(sizeof(*op))) == NULL)
		goto full;
	op->ev = ev;
	op->ticket = ticket;
	op->alone = k->careful > 0 && k->nops == 0;
	op->error = RD_KAFKA_RESP_ERR_NO_ERROR;
	err = kafka_producer_send(k->producer, &k->config, ev, op);
	if (err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
		k->late = op;
		uv_timer_start(&k->late_timer, on_late_timer, 0, 0);
	} else if (err == RD_KAFKA_RESP_ERR__QUEUE_FULL && k->nops > 0)
		goto full;
	else if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		k->late_error = err;
		uv_timer_start(&k->late_timer, on_late_timer, 0, 0);
		goto full;
	}
	TAILQ_INSERT_TAIL(&k->ops, op, next);
	k->nops++;
	k->bytes += ev->len;
	kafka_once_sent(k);
	return (1);

full:
	free(op);
	k->hungry = 1;
	return (0);
}

static void
kafka_flush(struct sink *s)
{
	/* Without transactions linger.ms bounds what is held back. */
	kafka_once_flush((struct kafka *)s);
}

static size_t
kafka_max_event_bytes(const struct sink *s)
{
	const struct kafka *k = (const struct kafka *)s;

	return (kafka_producer_max_event(&k->config));
}

static int
kafka_stores_marks(const struct sink *s)
{
	return (((const struct kafka *)s)->once.on);
}

static void
kafka_close(struct sink *s, void (*closed)(void *), void *arg)
{
	struct kafka *k = (struct kafka *)s;

	k->closed = closed;
	k->closed_arg = arg;
	kafka_life_end(k, NULL);
}

static struct sink *
kafka_open(struct section *s, const struct sink_host *host, struct fault *f)
{
	struct kafka_config config;
	struct kafka *k;

	f->kind = FAULT_NONE;
	kafka_config_read(&config, s);
	if (section_failed(s) && host != NULL)
		fault_set(f, FAULT_CONFIG, "%s: mistakes in the section",
		    section_where(s));
	if (section_failed(s) || host == NULL) {
		kafka_config_clear(&config);
		return (NULL);
	}
	if ((k = calloc(1, sizeof(*k))) == NULL) {
		kafka_config_clear(&config);
		fault_set(f, FAULT_RETRY, "sink %s: out of memory", host->name);
		return (NULL);
	}
	k->sink.ops = &kafka_ops;
	k->sink.host = *host;
	k->config = config;
	TAILQ_INIT(&k->ops);
	health_init(&k->health, &k->sink);
	if ((k->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) == -1) {
		fault_set(f, FAULT_RETRY, "eventfd: %s", strerror(errno));
		goto fail;
	}
	kafka_once_init(k);
	k->producer = kafka_producer_new(&k->config, k->once.on, k->wake_fd, f);
	if (k->producer == NULL)
		goto fail;
	kafka_life_start(k, kafka_event_wake);
	return (&k->sink);

fail:
	fault_prefix(f, "sink %s: kafka", host->name);
	if (k->wake_fd != -1)
		close(k->wake_fd);
	kafka_config_clear(&k->config);
	free(k);
	return (NULL);
}

const struct sink_ops kafka_ops = {
	.type = "kafka",
	.open = kafka_open,
	.submit = kafka_submit,
	.flush = kafka_flush,
	.max_event_bytes = kafka_max_event_bytes,
	.stores_marks = kafka_stores_marks,
	.close = kafka_close,
};
