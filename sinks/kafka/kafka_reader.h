/* kafka_reader.h - what is committed in the checkpoint topic. */
#ifndef KAFKA_READER_H
#define KAFKA_READER_H

#include <jansson.h>
#include <librdkafka/rdkafka.h>

struct fault;
struct kafka_config;

/* Read the topic to its end, with read_committed: an object that holds the last
 * record of each key, for the caller to free.  Makes the topic, compacted, if
 * there is none (with ${rk}, a producer).  Waits for transactions that are open
 * in it, since records after them are not shown before they end.  Blocks, on a
 * worker, for some seconds at most; *cancel ends it sooner.  NULL with ${f}:
 * FAULT_RETRY, or FAULT_CONFIG where a person must mend something. */
json_t *kafka_reader_load(const struct kafka_config *, rd_kafka_t *rk,
    const int *cancel, struct fault *f);

#endif
