#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/auth/secret.h"
#include "bridge/config/section.h"
#include "bridge/fault.h"
#include "sinks/kafka/kafka_config.h"

#define ERRSTR 256

struct pair {
	const char *name;
	const char *value;
};

/* What properties may change.  murmur2_random puts a key where Java producers
 * put it; the timeout 0 keeps a message until it is delivered, however long
 * the brokers are away. */
static const struct pair defaults[] = {
	{ "enable.idempotence", "true" },
	{ "acks", "all" },
	{ "message.timeout.ms", "0" },
	{ "partitioner", "murmur2_random" },
	{ "compression.type", "zstd" },
	{ "linger.ms", "5" },
	{ "client.id", "mailbridge" },
	{ "socket.keepalive.enable", "true" },
	{ "reconnect.backoff.max.ms", "10000" },
};

/* What they may not change, but to the same. */
static const struct {
	const char *name;
	const char *allowed[3];
	const char *why;
} promises[] = {
	{ "enable.idempotence", { "true", NULL },
	    "must be true: without it a retry can store a mail twice or out "
	    "of order" },
	{ "acks", { "all", "-1", NULL },
	    "must be all: fewer lose acknowledged mails when a broker dies" },
	{ "request.required.acks", { "all", "-1", NULL },
	    "must be all: fewer lose acknowledged mails when a broker dies" },
	{ "message.timeout.ms", { "0", NULL },
	    "must be 0: mailbridge waits for the brokers however long they "
	    "are away" },
	{ "delivery.timeout.ms", { "0", NULL },
	    "must be 0: mailbridge waits for the brokers however long they "
	    "are away" },
	{ "delivery.report.only.error", { "false", NULL },
	    "must be false: what is delivered is known from its report" },
	{ "bootstrap.servers", { NULL }, "is set by brokers" },
	{ "metadata.broker.list", { NULL }, "is set by brokers" },
	{ "log.queue", { "true", NULL }, "is used by mailbridge itself" },
	{ "transactional.id", { NULL }, "is set by transactional_id" },
	{ "isolation.level", { "read_committed", NULL },
	    "must be read_committed: what was aborted is no checkpoint" },
};

static const char *const secrets[] = { "sasl.password", "ssl.key.password",
	"ssl.key.pem", "ssl.keystore.password",
	"sasl.oauthbearer.client.secret" };

static int
is_secret(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		if (strcmp(secrets[i], name) == 0)
			return (1);
	}
	return (0);
}

/* Why ${name} may not be ${value}, or NULL. */
static const char *
broken_promise(const char *name, const char *value)
{
	const char *const *allowed;
	size_t i;

	for (i = 0; i < sizeof(promises) / sizeof(promises[0]); i++) {
		if (strcmp(promises[i].name, name) != 0)
			continue;
		for (allowed = promises[i].allowed; *allowed != NULL;
		     allowed++) {
			if (value != NULL && strcmp(*allowed, value) == 0)
				return (NULL);
		}
		return (promises[i].why);
	}
	return (NULL);
}

/* A value as librdkafka wants it: text.  NULL if it is of another kind. */
static char *
as_text(const json_t *value)
{
	char *text = NULL;

	switch (json_typeof(value)) {
	case JSON_STRING:
		return (strdup(json_string_value(value)));
	case JSON_INTEGER:
		if (asprintf(&text, "%" JSON_INTEGER_FORMAT,
			json_integer_value(value)) == -1)
			text = NULL;
		return (text);
	case JSON_REAL:
		if (asprintf(&text, "%g", json_real_value(value)) == -1)
			text = NULL;
		return (text);
	case JSON_TRUE:
		return (strdup("true"));
	case JSON_FALSE:
		return (strdup("false"));
	default:
		return (NULL);
	}
}

static void
read_property(struct kafka_property *p, rd_kafka_conf_t *trial,
    struct section *s, const char *name)
{
	const json_t *value = section_value(s, name);
	char errstr[ERRSTR];
	const char *why;

	p->name = strdup(name);
	if (is_secret(name) || json_is_object(value)) {
		p->secret = section_secret(s, name);
	} else if ((p->value = as_text(value)) == NULL)
		section_error(s, name,
		    "expected a string, a number, true or false, or for a "
		    "secret {file: PATH}");
	if ((why = broken_promise(name, p->value)) != NULL)
		section_error(s, name, "%s", why);
	if (rd_kafka_conf_set(trial, name,
		p->value != NULL ? p->value : "secret", errstr,
		sizeof(errstr)) != RD_KAFKA_CONF_OK)
		section_error(s, name, "%s", errstr);
}

static void
read_properties(
    struct kafka_config *c, rd_kafka_conf_t *trial, struct section *parent)
{
	struct section *s;
	json_t *object, *value;
	const char *name;

	object = section_value(parent, "properties");
	if ((s = section_child(parent, "properties")) == NULL)
		return;
	c->properties =
	    calloc(json_object_size(object) + 1, sizeof(*c->properties));
	if (c->properties == NULL)
		section_error(s, NULL, "out of memory");
	else {
		json_object_foreach(object, name, value)
		{
			read_property(
			    &c->properties[c->nproperties++], trial, s, name);
		}
	}
	(void)section_end(s, NULL);
}

static int
set(rd_kafka_conf_t *conf, const char *name, const char *value, struct fault *f)
{
	char errstr[ERRSTR];

	if (rd_kafka_conf_set(conf, name, value, errstr, sizeof(errstr)) ==
	    RD_KAFKA_CONF_OK)
		return (0);
	/* librdkafka's text may quote the value. */
	return (fault_set(f, FAULT_CONFIG, "property %s: %s", name,
	    is_secret(name) ? "refused by librdkafka" : errstr));
}

static int
set_defaults(rd_kafka_conf_t *conf, int transactions, struct fault *f)
{
	size_t i;

	for (i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		/* A transaction ends in transaction.timeout.ms, whatever comes;
		 * librdkafka makes the two agree. */
		if (transactions &&
		    strcmp(defaults[i].name, "message.timeout.ms") == 0)
			continue;
		if (set(conf, defaults[i].name, defaults[i].value, f) == -1)
			return (-1);
	}
	return (0);
}

/* The keys that exist only with it. */
static void
read_exactly_once(struct kafka_config *c, struct section *s)
{
	char *id = NULL, *topic = NULL;

	if (asprintf(&id, "mailbridge-%s", c->topic) == -1)
		id = NULL;
	if (asprintf(&topic, "%s-checkpoints", c->topic) == -1)
		topic = NULL;
	c->transactional_id = strdup(section_string(s, "transactional_id", id));
	c->checkpoint_topic =
	    strdup(section_string(s, "checkpoint_topic", topic));
	if (strcmp(c->checkpoint_topic, c->topic) == 0)
		section_error(s, "checkpoint_topic",
		    "must be another one than topic, and be compacted");
	free(id);
	free(topic);
}

void
kafka_config_read(struct kafka_config *c, struct section *s)
{
	static const char *const keys[] = { "mailbox", "thread", "message_id",
		"none", NULL };
	static const char *const deliveries[] = { "at_least_once",
		"exactly_once", NULL };
	rd_kafka_conf_t *trial;
	char text[32];
	struct fault f;
	size_t size;

	memset(c, 0, sizeof(*c));
	c->brokers = strdup(section_required(s, "brokers"));
	c->topic = strdup(section_required(s, "topic"));
	c->key = (enum kafka_key)section_choice(s, "key", keys, 0);
	if (section_choice(s, "delivery", deliveries, 0) != 0)
		read_exactly_once(c, s);
	trial = rd_kafka_conf_new();
	if (set_defaults(trial, 0, &f) == -1)
		section_error(s, NULL, "%s", f.text);
	read_properties(c, trial, s);
	size = sizeof(text);
	c->max_message_bytes = 1000000;
	if (rd_kafka_conf_get(trial, "message.max.bytes", text, &size) ==
	    RD_KAFKA_CONF_OK)
		c->max_message_bytes = strtoul(text, NULL, 10);
	rd_kafka_conf_destroy(trial);
}

static int
set_property(
    rd_kafka_conf_t *conf, const struct kafka_property *p, struct fault *f)
{
	char *value;
	size_t len;
	int rc;

	if (p->secret == NULL)
		return (set(conf, p->name, p->value, f));
	if ((value = secret_read(p->secret, &len, f)) == NULL)
		return (fault_prefix(f, "property %s", p->name));
	rc = set(conf, p->name, value, f);
	secret_wipe(value, len);
	return (rc);
}

/* A reader joins no group and commits no offsets. */
static const struct pair reading[] = {
	{ "group.id", "mailbridge-checkpoints" },
	{ "enable.auto.commit", "false" },
	{ "enable.auto.offset.store", "false" },
	{ "enable.partition.eof", "true" },
	{ "isolation.level", "read_committed" },
	{ "allow.auto.create.topics", "false" },
};

rd_kafka_conf_t *
kafka_config_conf(
    const struct kafka_config *c, enum kafka_client client, struct fault *f)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	size_t i;

	if (set_defaults(conf, client == KAFKA_TRANSACTIONS, f) == -1)
		goto fail;
	for (i = 0; i < c->nproperties; i++) {
		if (set_property(conf, &c->properties[i], f) == -1)
			goto fail;
	}
	if (set(conf, "bootstrap.servers", c->brokers, f) == -1 ||
	    set(conf, "log.queue", client == KAFKA_READER ? "false" : "true",
		f) == -1)
		goto fail;
	if (client == KAFKA_TRANSACTIONS &&
	    set(conf, "transactional.id", c->transactional_id, f) == -1)
		goto fail;
	/* What it has to say the producer says too. */
	if (client == KAFKA_READER)
		rd_kafka_conf_set_log_cb(conf, NULL);
	for (i = 0;
	     client == KAFKA_READER && i < sizeof(reading) / sizeof(reading[0]);
	     i++) {
		if (set(conf, reading[i].name, reading[i].value, f) == -1)
			goto fail;
	}
	return (conf);

fail:
	rd_kafka_conf_destroy(conf);
	return (NULL);
}

void
kafka_config_clear(struct kafka_config *c)
{
	size_t i;

	for (i = 0; i < c->nproperties; i++) {
		free(c->properties[i].name);
		free(c->properties[i].value);
		secret_free(c->properties[i].secret);
	}
	free(c->properties);
	free(c->brokers);
	free(c->topic);
	free(c->transactional_id);
	free(c->checkpoint_topic);
	memset(c, 0, sizeof(*c));
}
