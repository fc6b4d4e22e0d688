#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/envelope/event.h"
#include "kafka_seen.h"

#define WAIT_MS 30000

static void
start_consumer(struct kafka_seen *s, const char *brokers)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char errstr[256];

	rd_kafka_conf_set(conf, "bootstrap.servers", brokers, NULL, 0);
	rd_kafka_conf_set(conf, "group.id", "test", NULL, 0);
	rd_kafka_conf_set(conf, "enable.partition.eof", "true", NULL, 0);
	rd_kafka_conf_set(conf, "enable.auto.commit", "false", NULL, 0);
	rd_kafka_conf_set(conf, "isolation.level", "read_committed", NULL, 0);
	s->consumer =
	    rd_kafka_new(RD_KAFKA_CONSUMER, conf, errstr, sizeof(errstr));
	assert_non_null(s->consumer);
	rd_kafka_poll_set_consumer(s->consumer);
}

/* Read all partitions from their beginning; how many there are. */
static int
assign(struct kafka_seen *s, const char *topic)
{
	rd_kafka_topic_t *t = rd_kafka_topic_new(s->consumer, topic, NULL);
	const struct rd_kafka_metadata *md;
	rd_kafka_topic_partition_list_t *parts;
	int i, n;

	assert_int_equal(rd_kafka_metadata(s->consumer, 0, t, &md, WAIT_MS), 0);
	assert_int_equal(md->topic_cnt, 1);
	n = md->topics[0].partition_cnt;
	parts = rd_kafka_topic_partition_list_new(n);
	for (i = 0; i < n; i++)
		rd_kafka_topic_partition_list_add(parts, topic, i)->offset =
		    RD_KAFKA_OFFSET_BEGINNING;
	assert_int_equal(rd_kafka_assign(s->consumer, parts), 0);
	rd_kafka_topic_partition_list_destroy(parts);
	rd_kafka_metadata_destroy(md);
	rd_kafka_topic_destroy(t);
	return (n);
}

void
kafka_seen_load(struct kafka_seen *s, const char *brokers, const char *topic)
{
	rd_kafka_message_t *m;
	int left;

	if (s->consumer != NULL)
		return;
	start_consumer(s, brokers);
	left = assign(s, topic);
	while (left > 0) {
		m = rd_kafka_consumer_poll(s->consumer, WAIT_MS);
		assert_non_null(m);
		if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
			left -= m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
			rd_kafka_message_destroy(m);
			continue;
		}
		s->messages =
		    reallocarray(s->messages, s->n + 1, sizeof(void *));
		s->messages[s->n++] = m;
	}
}

static int
has_header(rd_kafka_message_t *m, const char *name, const char *value)
{
	rd_kafka_headers_t *headers;
	const void *found;
	size_t len;

	return (rd_kafka_message_headers(m, &headers) == 0 &&
	    rd_kafka_header_get_last(headers, name, &found, &len) == 0 &&
	    len == strlen(value) && memcmp(found, value, len) == 0);
}

unsigned
kafka_seen_count(struct kafka_seen *s, const char *brokers, const char *topic,
    const struct event *ev)
{
	rd_kafka_message_t *m;
	unsigned n = 0;
	size_t i;

	kafka_seen_load(s, brokers, topic);
	for (i = 0; i < s->n; i++) {
		m = s->messages[i];
		if (m->len == ev->len &&
		    memcmp(m->payload, ev->data, m->len) == 0 &&
		    has_header(m, "ce_id", ev->id) &&
		    has_header(m, "ce_source", ev->source))
			n++;
	}
	return (n);
}

void
kafka_seen_free(struct kafka_seen *s)
{
	while (s->n > 0)
		rd_kafka_message_destroy(s->messages[--s->n]);
	free(s->messages);
	s->messages = NULL;
	if (s->consumer != NULL) {
		rd_kafka_consumer_close(s->consumer);
		rd_kafka_destroy(s->consumer);
	}
	s->consumer = NULL;
}
