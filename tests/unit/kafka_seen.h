/* kafka_seen.h - what an ordinary consumer finds in a topic. */
#ifndef KAFKA_SEEN_H
#define KAFKA_SEEN_H

#include <librdkafka/rdkafka.h>
#include <stddef.h>

struct event;

/* All that is committed, from the first message to the last one when it was
 * loaded; zeroed before. */
struct kafka_seen {
	rd_kafka_message_t **messages;
	size_t n;
	rd_kafka_t *consumer;
};

/* Read the topic, unless that was done already. */
void kafka_seen_load(
    struct kafka_seen *, const char *brokers, const char *topic);

/* How often the event is there, with its data and attributes; loads it. */
unsigned kafka_seen_count(struct kafka_seen *, const char *brokers,
    const char *topic, const struct event *);

/* Forget it. */
void kafka_seen_free(struct kafka_seen *);

#endif
