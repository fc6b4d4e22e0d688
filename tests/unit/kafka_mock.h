/* kafka_mock.h - the far side of a Kafka sink: librdkafka's mock brokers, in
 * this process. */
#ifndef KAFKA_MOCK_H
#define KAFKA_MOCK_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stddef.h>

#include "kafka_seen.h"

struct event;
struct sink_far;

struct kafka_mock {
	rd_kafka_t *rk; /* carries the cluster */
	rd_kafka_mock_cluster_t *cluster;
	struct kafka_seen seen;
};

/* For the contract; the functions take a struct kafka_mock. */
extern const struct sink_far kafka_mock_far;

/* One broker, with ${topic} if that is not NULL. */
struct kafka_mock *kafka_mock_make(const char *topic);

/* The section of a sink on it, with ", KEY: VALUE" of ${more}. */
void kafka_mock_config(
    struct kafka_mock *, char *config, size_t size, const char *more);

/* How often the event is in the topic "mail". */
unsigned kafka_mock_count(void *mock, const struct event *);

void kafka_mock_end(void *mock);

#endif
