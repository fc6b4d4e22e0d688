#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "sinks/kafka/kafka_config.h"
#include "sinks/kafka/kafka_producer.h"

#define ERRSTR 384

/* Left for key, headers and framing.  The source is as long as account and
 * mailbox, percent-encoded; keys are cut. */
#define OVERHEAD 8192
#define KEY_MAX 1024

struct kafka_producer *
kafka_producer_new(const struct kafka_config *config, int transactions,
    int wake_fd, struct fault *f)
{
	static const uint64_t one = 1;
	struct kafka_producer *p = NULL;
	rd_kafka_conf_t *conf;
	char errstr[ERRSTR];

	if ((conf = kafka_config_conf(config,
		 transactions ? KAFKA_TRANSACTIONS : KAFKA_PRODUCER, f)) ==
	    NULL)
		return (NULL);
	rd_kafka_conf_set_events(conf,
	    RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
	if ((p = calloc(1, sizeof(*p))) == NULL) {
		fault_set(f, FAULT_RETRY, "out of memory");
		goto fail;
	}
	p->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, errstr, sizeof(errstr));
	if (p->rk == NULL) {
		fault_set(f, FAULT_CONFIG, "%s", errstr);
		goto fail;
	}
	conf = NULL; /* the producer has it */
	p->queue = rd_kafka_queue_get_main(p->rk);
	(void)rd_kafka_set_log_queue(p->rk, NULL);
	rd_kafka_queue_io_event_enable(p->queue, wake_fd, &one, sizeof(one));
	if ((p->topic = rd_kafka_topic_new(p->rk, config->topic, NULL)) ==
	    NULL) {
		fault_set(f, FAULT_CONFIG, "topic %s: %s", config->topic,
		    rd_kafka_err2str(rd_kafka_last_error()));
		goto fail;
	}
	return (p);

fail:
	if (conf != NULL)
		rd_kafka_conf_destroy(conf);
	kafka_producer_free(p);
	return (NULL);
}

/* "account/mailbox" into ${buf}, or one of the ids of the mail. */
static const char *
make_key(const struct kafka_config *config, const struct event *ev,
    char buf[KEY_MAX + 1], size_t *len)
{
	const char *key = NULL;

	switch (config->key) {
	case KAFKA_KEY_THREAD:
		key = ev->thread_id;
		break;
	case KAFKA_KEY_MESSAGE_ID:
		key = ev->message_id;
		break;
	case KAFKA_KEY_NONE:
		*len = 0;
		return (NULL);
	case KAFKA_KEY_MAILBOX:
		break;
	}
	if (key == NULL) {
		(void)snprintf(
		    buf, KEY_MAX + 1, "%s/%s", ev->account, ev->mailbox);
		key = buf;
	}
	*len = strnlen(key, KEY_MAX);
	return (key);
}

/* CloudEvents 1.0, Kafka protocol binding: the attributes are headers in binary
 * content mode, in structured mode the content type alone tells. */
static rd_kafka_headers_t *
make_headers(const struct event *ev)
{
	rd_kafka_headers_t *h = rd_kafka_headers_new(6);

	if (ev->attributes) {
		rd_kafka_header_add(h, "ce_specversion", -1, "1.0", -1);
		rd_kafka_header_add(h, "ce_id", -1, ev->id, -1);
		rd_kafka_header_add(h, "ce_source", -1, ev->source, -1);
		rd_kafka_header_add(h, "ce_type", -1, ev->type, -1);
		if (ev->time[0] != '\0')
			rd_kafka_header_add(h, "ce_time", -1, ev->time, -1);
	}
	rd_kafka_header_add(h, "content-type", -1, ev->content_type, -1);
	return (h);
}

rd_kafka_resp_err_t
kafka_producer_send(struct kafka_producer *p, const struct kafka_config *c,
    struct event *ev, void *opaque)
{
	rd_kafka_headers_t *headers;
	rd_kafka_resp_err_t err;
	char buf[KEY_MAX + 1];
	const char *key;
	size_t keylen;

	key = make_key(c, ev, buf, &keylen);
	headers = make_headers(ev);
	/* Not produceva, which frees the headers twice in librdkafka < 2.12
	 * when the partition does not exist. */
	err = rd_kafka_producev(p->rk, RD_KAFKA_VTYPE_RKT, p->topic,
	    RD_KAFKA_VTYPE_MSGFLAGS, 0, RD_KAFKA_VTYPE_KEY, key, keylen,
	    RD_KAFKA_VTYPE_VALUE, ev->data, ev->len, RD_KAFKA_VTYPE_HEADERS,
	    headers, RD_KAFKA_VTYPE_OPAQUE, opaque, RD_KAFKA_VTYPE_END);
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_headers_destroy(headers);
	return (err);
}

size_t
kafka_producer_max_event(const struct kafka_config *c)
{
	size_t max = c->max_message_bytes;

	return (max - (max / 2 < OVERHEAD ? max / 2 : OVERHEAD));
}

void
kafka_producer_mute(struct kafka_producer *p)
{
	rd_kafka_queue_io_event_enable(p->queue, -1, NULL, 0);
}

rd_kafka_resp_err_t
kafka_producer_probe(struct kafka_producer *p, int ms)
{
	const struct rd_kafka_metadata *md;
	rd_kafka_resp_err_t err;

	err = rd_kafka_metadata(p->rk, 0, p->topic, &md, ms);
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return (err);
	if (md->topic_cnt != 1)
		err = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	else
		err = md->topics[0].err;
	rd_kafka_metadata_destroy(md);
	return (err);
}

void
kafka_producer_free(struct kafka_producer *p)
{
	if (p == NULL)
		return;
	if (p->topic != NULL)
		rd_kafka_topic_destroy(p->topic);
	if (p->queue != NULL)
		rd_kafka_queue_destroy(p->queue);
	if (p->rk != NULL)
		rd_kafka_destroy(p->rk);
	free(p);
}
