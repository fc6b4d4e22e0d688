#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "kafka_mock.h"
#include "sink_contract.h"
#include "sinks/sinks.h"

#define PARTITIONS 2

struct kafka_mock *
kafka_mock_make(const char *topic)
{
	struct kafka_mock *k = calloc(1, sizeof(*k));
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char errstr[256];

	assert_non_null(k);
	/* It has no brokers of its own, and says so. */
	rd_kafka_conf_set(conf, "log_level", "4", NULL, 0);
	k->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, errstr, sizeof(errstr));
	assert_non_null(k->rk);
	k->cluster = rd_kafka_mock_cluster_new(k->rk, 1);
	assert_non_null(k->cluster);
	if (topic != NULL)
		assert_int_equal(rd_kafka_mock_topic_create(
				     k->cluster, topic, PARTITIONS, 1),
		    0);
	return (k);
}

void
kafka_mock_config(
    struct kafka_mock *k, char *config, size_t size, const char *more)
{
	(void)snprintf(config, size,
	    "{\"brokers\": \"%s\", \"topic\": \"mail\"%s}",
	    rd_kafka_mock_cluster_bootstraps(k->cluster), more);
}

static void *
far_up(char *config, size_t size)
{
	struct kafka_mock *k = kafka_mock_make("mail");

	kafka_mock_config(k, config, size,
	    ", \"properties\": {\"reconnect.backoff.max.ms\": 500}");
	return (k);
}

static void
far_lose(void *far)
{
	struct kafka_mock *k = far;

	rd_kafka_mock_broker_set_down(k->cluster, 1);
}

static void
far_regain(void *far)
{
	struct kafka_mock *k = far;

	rd_kafka_mock_broker_set_up(k->cluster, 1);
}

unsigned
kafka_mock_count(void *far, const struct event *ev)
{
	struct kafka_mock *k = far;

	return (kafka_seen_count(&k->seen,
	    rd_kafka_mock_cluster_bootstraps(k->cluster), "mail", ev));
}

void
kafka_mock_end(void *far)
{
	struct kafka_mock *k = far;

	kafka_seen_free(&k->seen);
	rd_kafka_mock_cluster_destroy(k->cluster);
	rd_kafka_destroy(k->rk);
	free(k);
}

const struct sink_far kafka_mock_far = {
	.ops = &kafka_ops,
	.up = far_up,
	.lose = far_lose,
	.regain = far_regain,
	.count = kafka_mock_count,
	.down = kafka_mock_end,
};
