/* kafka_config.h - the keys of a sink of type kafka. */
#ifndef KAFKA_CONFIG_H
#define KAFKA_CONFIG_H

#include <stddef.h>
#include <librdkafka/rdkafka.h>

struct fault;
struct secret;
struct section;

enum kafka_key {
	KAFKA_KEY_MAILBOX,
	KAFKA_KEY_THREAD,
	KAFKA_KEY_MESSAGE_ID,
	KAFKA_KEY_NONE
};

struct kafka_property {
	char *name;
	char *value;	       /* NULL: the secret has it */
	struct secret *secret; /* or NULL */
};

struct kafka_config {
	char *brokers;
	char *topic;
	enum kafka_key key;
	struct kafka_property *properties;
	size_t nproperties;
	size_t max_message_bytes; /* message.max.bytes, as set or by default */
	/* delivery: exactly_once; else NULL. */
	char *transactional_id;
	char *checkpoint_topic;
};

/* Read the section; mistakes are noted in it, those that librdkafka finds in
 * the properties included.  The caller gives it back with
 * kafka_config_clear(). */
void kafka_config_read(struct kafka_config *c, struct section *s);

enum kafka_client {
	KAFKA_PRODUCER,
	KAFKA_TRANSACTIONS, /* a producer under the transactional_id */
	KAFKA_READER	    /* a consumer of what was committed */
};

/* Make librdkafka's configuration, reading the secrets anew.  Belongs to the
 * caller.  NULL with ${f}. */
rd_kafka_conf_t *kafka_config_conf(
    const struct kafka_config *, enum kafka_client, struct fault *f);

void kafka_config_clear(struct kafka_config *);

#endif
