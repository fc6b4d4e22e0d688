#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bridge/envelope/event.h"
#include "bridge/ops/log.h"
#include "sinks/kafka/kafka_private.h"

/* Delivery reports in one turn of the loop, before others get theirs. */
#define TURN_MESSAGES 2000

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
	kafka_settle(k, op, SINK_STORED, NULL);
}

/* The broker refused a message, or the batch that it was in: one that is too
 * large takes all others of its batch with it.  Only one that was sent alone is
 * known to be at fault itself. */
void
kafka_event_suspect(struct kafka *k, struct kafka_op *op,
    rd_kafka_resp_err_t err, struct fault *f)
{
	if (!op->alone) {
		if (k->careful < KAFKA_WINDOW_EVENTS)
			k->careful++;
		kafka_settle(k, op, SINK_RETRY, f);
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
	kafka_settle(k, op, SINK_REFUSED, f);
}

/* The delivery report of ${op}: the only thing that proves it stored. */
static void
delivered(struct kafka *k, struct kafka_op *op, rd_kafka_resp_err_t err)
{
	enum kafka_trouble trouble;
	struct fault f;

	if (k->once.on) {
		kafka_once_reported(k, op, err);
		return;
	}
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
		kafka_event_suspect(k, op, err, &f);
		return;
	}
	if (trouble != KAFKA_ENDED && k->phase == KAFKA_LIVE)
		kafka_trouble(k, trouble, &f);
	else
		fault_prefix(&f, "sink %s: kafka topic %s", k->sink.host.name,
		    k->config.topic);
	kafka_settle(k, op, SINK_RETRY, &f);
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

int
kafka_event_fatal(struct kafka *k, struct fault *f)
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
		return (kafka_event_fatal(k, f));
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
		/* Of one connection: the reason if it was the last one, which
		 * librdkafka may say late or, of a broker that it does not
		 * connect to again by itself, never: look. */
		memcpy(k->detail, text, sizeof(k->detail));
		log_write(LOG_DEBUG, "kafka", k->sink.host.name, "%s", text);
		if (trouble == KAFKA_AWAY)
			kafka_life_probe(k);
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
void
kafka_event_wake(uv_poll_t *poll, int status, int events)
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
