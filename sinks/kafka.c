#include <sys/eventfd.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge/config/section.h"
#include "bridge/envelope/event.h"
#include "bridge/ops/log.h"
#include "sinks/kafka_private.h"
#include "sinks/sinks.h"

/* Taken and not answered.  Less than librdkafka's own queue, so that its limits
 * are never met, but enough to fill batches for many partitions. */
#define WINDOW_EVENTS 10000
#define WINDOW_BYTES (256U * 1024 * 1024)

/* Delivery reports in one turn of the loop, before others get theirs. */
#define TURN_MESSAGES 2000

static int
has_room(const struct kafka *k)
{
	return (k->phase == KAFKA_LIVE && k->closed == NULL && !k->paused &&
	    k->late == NULL && k->late_error == RD_KAFKA_RESP_ERR_NO_ERROR &&
	    k->nops < (k->careful > 0 ? 1 : WINDOW_EVENTS) &&
	    k->bytes < WINDOW_BYTES);
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

static void
settle(struct kafka *k, struct kafka_op *op, enum sink_verdict verdict,
    const struct fault *why)
{
	const struct sink_host *host = &k->sink.host;
	void *ticket = op->ticket;

	TAILQ_REMOVE(&k->ops, op, next);
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
		settle(k, TAILQ_FIRST(&k->ops), SINK_RETRY, why);
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
stored(struct kafka *k, struct kafka_op *op)
{
	if (k->careful > 0)
		k->careful--;
	/* Not from a producer that is at its end. */
	if (k->phase == KAFKA_LIVE) {
		backoff_reset(&k->backoff);
		k->away = 0;
		health_up(&k->health);
	}
	settle(k, op, SINK_STORED, NULL);
}

/* The broker refused a message, or the batch that it was in: one that is too
 * large takes all others of its batch with it.  Only one that was sent alone is
 * known to be at fault itself. */
static void
suspect(struct kafka *k, struct kafka_op *op, rd_kafka_resp_err_t err,
    struct fault *f)
{
	if (!op->alone) {
		if (k->careful < WINDOW_EVENTS)
			k->careful++;
		settle(k, op, SINK_RETRY, f);
		return;
	}
	if (k->careful > 0)
		k->careful--;
	if (err != RD_KAFKA_RESP_ERR_INVALID_RECORD)
		fault_set(f, FAULT_RETRY,
		    "sink %s: kafka topic %s: an event of %zu bytes is over "
		    "the brokers' limit (message.max.bytes there, or "
		    "max.message.bytes of the topic), which is below the "
		    "message.max.bytes of this sink, %zu; make them equal",
		    k->sink.host.name, k->config.topic, op->ev->len,
		    k->config.max_message_bytes);
	else
		fault_prefix(f, "sink %s: kafka topic %s", k->sink.host.name,
		    k->config.topic);
	settle(k, op, SINK_REFUSED, f);
}

/* The delivery report of ${op}: the only thing that proves it stored. */
static void
delivered(struct kafka *k, struct kafka_op *op, rd_kafka_resp_err_t err)
{
	enum kafka_trouble trouble;
	struct fault f;

	if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		stored(k, op);
		return;
	}
	trouble = kafka_error_judge(err, NULL, &f);
	if (err == RD_KAFKA_RESP_ERR_INVALID_RECORD &&
	    k->config.key == KAFKA_KEY_NONE) {
		/* A compacted topic refuses every message without a key. */
		trouble = KAFKA_PERSON;
		fault_set(&f, FAULT_CONFIG,
		    "%s (a compacted topic needs another key than none)",
		    rd_kafka_err2str(err));
	}
	if (trouble == KAFKA_MESSAGE) {
		suspect(k, op, err, &f);
		return;
	}
	if (trouble != KAFKA_ENDED && k->phase == KAFKA_LIVE)
		kafka_trouble(k, trouble, &f);
	else
		fault_prefix(&f, "sink %s: kafka topic %s", k->sink.host.name,
		    k->config.topic);
	settle(k, op, SINK_RETRY, &f);
}

static size_t
on_deliveries(struct kafka *k, rd_kafka_event_t *ev)
{
	const rd_kafka_message_t *m;
	size_t n = 0;

	while ((m = rd_kafka_event_message_next(ev)) != NULL) {
		delivered(k, m->_private, m->err);
		n++;
	}
	return (n);
}

/* Has the producer come to its end?  Then ${f} says why. */
static int
is_fatal(struct kafka *k, struct fault *f)
{
	rd_kafka_resp_err_t err;
	char text[256];

	err = rd_kafka_fatal_error(k->producer->rk, text, sizeof(text));
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return (0);
	fault_set(f, FAULT_RETRY,
	    "sink %s: kafka %s: fatal error %s: %.200s; the producer is made "
	    "anew (%lu since the start)",
	    k->sink.host.name, k->config.brokers, rd_kafka_err2name(err), text,
	    k->remade + 1);
	return (1);
}

/* An error of no message; returns 1 with ${f} if it ended the producer. */
static int
on_error(struct kafka *k, rd_kafka_event_t *ev, struct fault *f)
{
	rd_kafka_resp_err_t err = rd_kafka_event_error(ev);
	enum kafka_trouble trouble;
	char text[256];

	if (rd_kafka_event_error_is_fatal(ev) ||
	    err == RD_KAFKA_RESP_ERR__FATAL)
		return (is_fatal(k, f));
	(void)snprintf(
	    text, sizeof(text), "%s", rd_kafka_event_error_string(ev));
	if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
		trouble = kafka_error_judge(
		    err, k->detail[0] != '\0' ? k->detail : NULL, f);
		kafka_trouble(k, trouble, f);
		return (0);
	}
	trouble = kafka_error_judge(err, text, f);
	if (trouble == KAFKA_PERSON && k->phase == KAFKA_LIVE)
		kafka_trouble(k, trouble, f);
	else {
		/* Of one connection: the reason if it was the last one. */
		memcpy(k->detail, text, sizeof(k->detail));
		log_write(LOG_DEBUG, "kafka", k->sink.host.name, "%s", text);
	}
	return (0);
}

static void
on_log(struct kafka *k, rd_kafka_event_t *ev)
{
	/* By syslog's severities, 0 to 7. */
	static const enum log_level levels[] = { LOG_ERROR, LOG_ERROR,
		LOG_ERROR, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_INFO, LOG_DEBUG };
	const char *facility, *text;
	int level;

	if (rd_kafka_event_log(ev, &facility, &text, &level) != 0)
		return;
	/* Each failed connection: what matters of it state() tells. */
	if (strcmp(facility, "FAIL") == 0)
		level = 7;
	log_write(levels[level & 7], "kafka", k->sink.host.name,
	    "librdkafka: %s: %s", facility, text);
}

/* librdkafka has events.  It wakes us only when its queue was empty, so what is
 * left for the next turn must wake us itself. */
static void
on_wake(uv_poll_t *poll, int status, int events)
{
	struct kafka *k = poll->data;
	rd_kafka_event_t *ev;
	struct fault f;
	uint64_t count = 1;
	size_t n = 0;
	int fatal = 0;

	(void)status;
	(void)events;
	if (read(k->wake_fd, &count, sizeof(count)) == -1)
		count = 1;
	/* No phase may end below us: the event is the producer's. */
	k->serving = 1;
	while (k->producer != NULL && n < TURN_MESSAGES &&
	    (ev = rd_kafka_queue_poll(k->producer->queue, 0)) != NULL) {
		n++;
		switch (rd_kafka_event_type(ev)) {
		case RD_KAFKA_EVENT_DR:
			n += on_deliveries(k, ev);
			break;
		case RD_KAFKA_EVENT_ERROR:
			fatal |= on_error(k, ev, &f);
			break;
		case RD_KAFKA_EVENT_LOG:
			on_log(k, ev);
			break;
		default:
			break;
		}
		rd_kafka_event_destroy(ev);
		if (fatal)
			break;
	}
	k->serving = 0;
	count = 1;
	if (n >= TURN_MESSAGES || fatal)
		(void)!write(k->wake_fd, &count, sizeof(count));
	if (fatal)
		kafka_life_end(k, &f);
	kafka_life_answered(k);
	kafka_offer(k);
}

static void
on_late_timer(uv_timer_t *timer)
{
	struct kafka *k = timer->data;
	struct kafka_op *op = k->late;
	enum kafka_trouble trouble;
	struct fault f;

	if (k->late_error != RD_KAFKA_RESP_ERR_NO_ERROR &&
	    k->phase == KAFKA_LIVE && is_fatal(k, &f)) {
		k->late_error = RD_KAFKA_RESP_ERR_NO_ERROR;
		kafka_life_end(k, &f);
	} else if (k->late_error != RD_KAFKA_RESP_ERR_NO_ERROR) {
		trouble = kafka_error_judge(k->late_error, NULL, &f);
		k->late_error = RD_KAFKA_RESP_ERR_NO_ERROR;
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
		settle(k, op, SINK_REFUSED, &f);
	}
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
	return (1);

full:
	free(op);
	k->hungry = 1;
	return (0);
}

static void
kafka_flush(struct sink *s)
{
	(void)s; /* linger.ms bounds what is held back */
}

static size_t
kafka_max_event_bytes(const struct sink *s)
{
	const struct kafka *k = (const struct kafka *)s;

	return (kafka_producer_max_event(&k->config));
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
	k->producer = kafka_producer_new(&k->config, k->wake_fd, f);
	if (k->producer == NULL)
		goto fail;
	kafka_life_start(k, on_wake);
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
	.close = kafka_close,
};
