/* kafka_producer.h - one librdkafka producer for one topic, from its making to
 * its end.  After a fatal error it is thrown away whole and another is made. */
#ifndef KAFKA_PRODUCER_H
#define KAFKA_PRODUCER_H

#include <stddef.h>
#include <librdkafka/rdkafka.h>

struct event;
struct fault;
struct kafka_config;

struct kafka_producer {
	rd_kafka_t *rk;
	rd_kafka_topic_t *topic;
	rd_kafka_queue_t *queue; /* all its events: delivery reports, errors,
				  * logs */
};

/* Make one, with ${transactions} under its transactional id; its events make
 * ${wake_fd} (an eventfd) readable.  May take a moment (certificates), and may
 * run on a worker.  NULL with ${f}. */
struct kafka_producer *kafka_producer_new(const struct kafka_config *,
    int transactions, int wake_fd, struct fault *f);

/* Enqueue ${ev}, whose bytes are not copied: it stays as it is until its
 * delivery report, which carries ${opaque}. */
rd_kafka_resp_err_t kafka_producer_send(struct kafka_producer *,
    const struct kafka_config *, struct event *ev, void *opaque);

/* The largest event data that a message of this config has room for. */
size_t kafka_producer_max_event(const struct kafka_config *);

/* End its events.  From the loop's thread, before it is freed elsewhere. */
void kafka_producer_mute(struct kafka_producer *);

/* Ask the cluster for the topic; blocks for ${ms} at most, so on a worker.  No
 * error: it is there and has a leader. */
rd_kafka_resp_err_t kafka_producer_probe(struct kafka_producer *, int ms);

/* Destroy it.  Blocks until its threads have ended: on a worker.  What has no
 * delivery report by then will have none, and is not used any more. */
void kafka_producer_free(struct kafka_producer *);

#endif
