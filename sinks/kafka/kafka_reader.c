#include <stdlib.h>
#include <string.h>

#include "bridge/fault.h"
#include "sinks/kafka/kafka_config.h"
#include "sinks/kafka/kafka_error.h"
#include "sinks/kafka/kafka_reader.h"

#define ERRSTR 256

/* One answer of a broker; and all of the reading, in which nothing comes for
 * this long. */
#define ASK_MS 5000
#define SILENCE_MS 10000
#define POLL_MS 100

/* Kafka compacts only closed segments: small ones keep the start short. */
#define SEGMENT_BYTES "33554432"

static int
failed(const struct kafka_config *c, const char *what, rd_kafka_resp_err_t err,
    const char *text, struct fault *f)
{
	(void)kafka_error_judge(err, text, f);
	return (fault_prefix(f, "topic %s: %s", c->checkpoint_topic, what));
}

/* Ask with ${send}, and give the answer back; NULL with ${f}. */
static rd_kafka_event_t *
answer(const struct kafka_config *c, const char *what, rd_kafka_queue_t *queue,
    struct fault *f)
{
	rd_kafka_event_t *ev = rd_kafka_queue_poll(queue, ASK_MS + 1000);

	if (ev == NULL) {
		(void)failed(c, what, RD_KAFKA_RESP_ERR__TIMED_OUT, NULL, f);
		return (NULL);
	}
	if (rd_kafka_event_error(ev) == RD_KAFKA_RESP_ERR_NO_ERROR)
		return (ev);
	(void)failed(c, what, rd_kafka_event_error(ev),
	    rd_kafka_event_error_string(ev), f);
	rd_kafka_event_destroy(ev);
	return (NULL);
}

static rd_kafka_AdminOptions_t *
options(rd_kafka_t *rk, rd_kafka_admin_op_t op)
{
	rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(rk, op);

	(void)rd_kafka_AdminOptions_set_request_timeout(o, ASK_MS, NULL, 0);
	return (o);
}

/* Make the topic.  Another may have been quicker. */
static int
create(const struct kafka_config *c, rd_kafka_t *rk, rd_kafka_queue_t *queue,
    struct fault *f)
{
	rd_kafka_AdminOptions_t *o;
	const rd_kafka_topic_result_t **results;
	rd_kafka_NewTopic_t *topic;
	rd_kafka_resp_err_t err;
	rd_kafka_event_t *ev;
	char errstr[ERRSTR];
	size_t n;
	int rc = 0;

	topic = rd_kafka_NewTopic_new(
	    c->checkpoint_topic, 1, -1, errstr, sizeof(errstr));
	if (topic == NULL)
		return (fault_set(f, FAULT_CONFIG, "checkpoint_topic %s: %s",
		    c->checkpoint_topic, errstr));
	rd_kafka_NewTopic_set_config(topic, "cleanup.policy", "compact");
	rd_kafka_NewTopic_set_config(topic, "segment.bytes", SEGMENT_BYTES);
	o = options(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	rd_kafka_CreateTopics(rk, &topic, 1, o, queue);
	rd_kafka_AdminOptions_destroy(o);
	rd_kafka_NewTopic_destroy(topic);
	if ((ev = answer(c, "create", queue, f)) == NULL)
		return (-1);
	results = rd_kafka_CreateTopics_result_topics(
	    rd_kafka_event_CreateTopics_result(ev), &n);
	err = n == 1 ? rd_kafka_topic_result_error(results[0])
		     : RD_KAFKA_RESP_ERR__FAIL;
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR &&
	    err != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
		rc = failed(c, "create", err,
		    n == 1 ? rd_kafka_topic_result_error_string(results[0])
			   : NULL,
		    f);
		fault_prefix(f, "make it yourself with cleanup.policy=compact");
	}
	rd_kafka_event_destroy(ev);
	return (rc);
}

/* A topic that forgets by age would make us publish all again. */
static int
check_policy(const struct kafka_config *c, rd_kafka_t *rk,
    rd_kafka_queue_t *queue, struct fault *f)
{
	const rd_kafka_ConfigResource_t **resources;
	const rd_kafka_ConfigEntry_t **entries;
	rd_kafka_ConfigResource_t *resource;
	rd_kafka_AdminOptions_t *o;
	rd_kafka_event_t *ev;
	const char *value;
	size_t i, n, nentries = 0;
	int rc = 0;

	resource = rd_kafka_ConfigResource_new(
	    RD_KAFKA_RESOURCE_TOPIC, c->checkpoint_topic);
	o = options(rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
	rd_kafka_DescribeConfigs(rk, &resource, 1, o, queue);
	rd_kafka_AdminOptions_destroy(o);
	rd_kafka_ConfigResource_destroy(resource);
	if ((ev = answer(c, "describe", queue, f)) == NULL)
		return (-1);
	resources = rd_kafka_DescribeConfigs_result_resources(
	    rd_kafka_event_DescribeConfigs_result(ev), &n);
	/* Who may not look (an ACL) is left to know it. */
	entries = n == 1 &&
		rd_kafka_ConfigResource_error(resources[0]) ==
		    RD_KAFKA_RESP_ERR_NO_ERROR
	    ? rd_kafka_ConfigResource_configs(resources[0], &nentries)
	    : NULL;
	for (i = 0; i < nentries; i++) {
		value = rd_kafka_ConfigEntry_value(entries[i]);
		if (strcmp(rd_kafka_ConfigEntry_name(entries[i]),
			"cleanup.policy") == 0 &&
		    value != NULL && strcmp(value, "compact") != 0)
			rc = fault_set(f, FAULT_CONFIG,
			    "topic %s: its cleanup.policy is %s: checkpoints "
			    "would be forgotten; make it compact "
			    "(kafka-configs "
			    "--alter --add-config cleanup.policy=compact)",
			    c->checkpoint_topic, value);
	}
	rd_kafka_event_destroy(ev);
	return (rc);
}

/* How many partitions the topic has; 0: there is none.  -1 with ${f}. */
static int
count_partitions(
    const struct kafka_config *c, rd_kafka_t *reader, struct fault *f)
{
	const struct rd_kafka_metadata *md;
	rd_kafka_topic_t *topic;
	rd_kafka_resp_err_t err;
	int n = 0;

	topic = rd_kafka_topic_new(reader, c->checkpoint_topic, NULL);
	if (topic == NULL)
		return (fault_set(f, FAULT_CONFIG, "checkpoint_topic %s: %s",
		    c->checkpoint_topic,
		    rd_kafka_err2str(rd_kafka_last_error())));
	err = rd_kafka_metadata(reader, 0, topic, &md, ASK_MS);
	rd_kafka_topic_destroy(topic);
	if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		if (md->topic_cnt == 1) {
			err = md->topics[0].err;
			n = md->topics[0].partition_cnt;
		}
		rd_kafka_metadata_destroy(md);
	}
	if (err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
	    err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
		return (0);
	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return (failed(c, "look", err, NULL, f));
	return (n);
}

/* Put a record in its place; a tombstone takes one away. */
static int
keep(const struct kafka_config *c, json_t *records, const rd_kafka_message_t *m,
    struct fault *f)
{
	json_t *record;
	char *key;
	int rc = 0;

	if (m->key == NULL || memchr(m->key, '\0', m->key_len) != NULL)
		return (fault_set(f, FAULT_DATA,
		    "topic %s: offset %lld has no key that is ours: "
		    "checkpoint_topic must be a topic of its own",
		    c->checkpoint_topic, (long long)m->offset));
	if ((key = strndup(m->key, m->key_len)) == NULL)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	if (m->payload == NULL)
		(void)json_object_del(records, key);
	else if ((record = json_loadb(m->payload, m->len, 0, NULL)) == NULL ||
	    json_object_set_new(records, key, record) == -1)
		rc = fault_set(f, FAULT_DATA,
		    "topic %s: the record of %s (offset %lld) is not JSON",
		    c->checkpoint_topic, key, (long long)m->offset);
	free(key);
	return (rc);
}

struct place {
	int64_t end; /* to be read up to here; -1: not known yet */
	int done;
};

/* Read each partition up to where its end was when we came. */
static int
read_all(const struct kafka_config *c, rd_kafka_t *reader, struct place *places,
    int n, const int *cancel, json_t *records, struct fault *f)
{
	int left = n, silent = 0, rc = 0;
	rd_kafka_message_t *m;
	struct place *p;
	int64_t low;

	while (rc == 0 && left > 0) {
		if (__atomic_load_n(cancel, __ATOMIC_RELAXED))
			return (fault_set(f, FAULT_RETRY, "closed"));
		if ((m = rd_kafka_consumer_poll(reader, POLL_MS)) == NULL) {
			silent += POLL_MS;
			if (silent >= SILENCE_MS)
				return (fault_set(f, FAULT_RETRY,
				    "topic %s: its end is not reached; the "
				    "brokers are slow, or somebody's "
				    "transaction is open in it",
				    c->checkpoint_topic));
			continue;
		}
		silent = 0;
		if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR &&
		    m->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
			/* Of a connection it mends itself. */
			if (m->err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN &&
			    m->err != RD_KAFKA_RESP_ERR__TRANSPORT)
				rc = failed(c, "read", m->err,
				    rd_kafka_message_errstr(m), f);
			rd_kafka_message_destroy(m);
			continue;
		}
		p = &places[m->partition];
		if (p->end < 0)
			(void)rd_kafka_get_watermark_offsets(reader,
			    c->checkpoint_topic, m->partition, &low, &p->end);
		if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
			rc = keep(c, records, m, f);
		/* What is committed ends at the first open transaction: the end
		 * is further, then. */
		if (!p->done && p->end >= 0 &&
		    m->offset + (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) >=
			p->end) {
			p->done = 1;
			left--;
		}
		rd_kafka_message_destroy(m);
	}
	return (rc);
}

static int
read_topic(const struct kafka_config *c, rd_kafka_t *reader, int n,
    const int *cancel, json_t *records, struct fault *f)
{
	rd_kafka_topic_partition_list_t *parts;
	struct place *places;
	int i, rc;

	if ((places = calloc((size_t)n, sizeof(*places))) == NULL)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	parts = rd_kafka_topic_partition_list_new(n);
	for (i = 0; i < n; i++) {
		places[i].end = -1;
		rd_kafka_topic_partition_list_add(parts, c->checkpoint_topic, i)
		    ->offset = RD_KAFKA_OFFSET_BEGINNING;
	}
	(void)rd_kafka_poll_set_consumer(reader);
	(void)rd_kafka_assign(reader, parts);
	rd_kafka_topic_partition_list_destroy(parts);
	rc = read_all(c, reader, places, n, cancel, records, f);
	free(places);
	return (rc);
}

json_t *
kafka_reader_load(const struct kafka_config *c, rd_kafka_t *rk,
    const int *cancel, struct fault *f)
{
	rd_kafka_queue_t *queue = NULL;
	rd_kafka_t *reader = NULL;
	json_t *records = NULL;
	rd_kafka_conf_t *conf;
	char errstr[ERRSTR];
	int n, rc = -1;

	if ((conf = kafka_config_conf(c, KAFKA_READER, f)) == NULL)
		return (NULL);
	reader = rd_kafka_new(RD_KAFKA_CONSUMER, conf, errstr, sizeof(errstr));
	if (reader == NULL) {
		rd_kafka_conf_destroy(conf);
		fault_set(f, FAULT_CONFIG, "%s", errstr);
		return (NULL);
	}
	queue = rd_kafka_queue_new(rk);
	if ((records = json_object()) == NULL) {
		fault_set(f, FAULT_RETRY, "out of memory");
		goto out;
	}
	if ((n = count_partitions(c, reader, f)) == -1)
		goto out;
	if (n == 0) {
		rc = create(c, rk, queue, f);
		goto out;
	}
	rc = check_policy(c, rk, queue, f);
	if (rc == 0)
		rc = read_topic(c, reader, n, cancel, records, f);
out:
	rd_kafka_queue_destroy(queue);
	rd_kafka_destroy(reader);
	if (rc == 0)
		return (records);
	json_decref(records);
	return (NULL);
}
