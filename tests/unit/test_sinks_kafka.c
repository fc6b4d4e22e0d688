#include <sys/resource.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <librdkafka/rdkafka.h>

#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "kafka_mock.h"
#include "kafka_real.h"
#include "kafka_seen.h"
#include "sink_contract.h"
#include "sinks/kafka/kafka_error.h"
#include "sinks/kafka/kafka_private.h"
#include "sinks/sinks.h"

#define PRODUCE 0 /* ApiKey */

static void
assert_header(rd_kafka_message_t *m, const char *name, const char *value)
{
	rd_kafka_headers_t *headers;
	const void *found;
	size_t len;

	assert_int_equal(rd_kafka_message_headers(m, &headers), 0);
	assert_int_equal(
	    rd_kafka_header_get_last(headers, name, &found, &len), 0);
	assert_int_equal(len, strlen(value));
	assert_memory_equal(found, value, len);
}

/* A cluster, a sink on it, and what it is asked to do. */
struct bench {
	struct kafka_mock *far;
	struct contract c;
};

static struct bench *
bench_make(const char *topic, const char *more)
{
	struct bench *b = calloc(1, sizeof(*b));
	char config[1024];

	assert_non_null(b);
	b->far = kafka_mock_make(topic);
	contract_init(&b->c);
	kafka_mock_config(b->far, config, sizeof(config), more);
	if (contract_open(&b->c, &kafka_ops, config) == NULL)
		fail_msg("%s", b->c.why);
	return (b);
}

static void
bench_end(struct bench *b)
{
	contract_close(&b->c, 0);
	contract_end(&b->c);
	kafka_mock_end(b->far);
	free(b);
}

static int
is_answered(struct contract *c, void *arg)
{
	(void)c;
	return (((struct contract_event *)arg)->answer != CONTRACT_TAKEN);
}

/* The CloudEvents binding, and the key. */
static void
test_message(void **state)
{
	static const struct {
		const char *config, *key;
	} keys[] = { { "", "acct/INBOX" },
		{ ", \"key\": \"thread\"", "thread-3@example.org" },
		{ ", \"key\": \"message_id\"", "3@example.org" },
		{ ", \"key\": \"none\"", NULL } };
	struct contract_event e;
	rd_kafka_message_t *m;
	struct bench *b;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		b = bench_make("mail", keys[i].config);
		e = contract_event("INBOX", 3, 100);
		contract_store(&b->c, &e, 1, 15000);
		kafka_seen_load(&b->far->seen,
		    rd_kafka_mock_cluster_bootstraps(b->far->cluster), "mail");
		assert_int_equal(b->far->seen.n, 1);
		m = b->far->seen.messages[0];
		assert_header(m, "ce_specversion", "1.0");
		assert_header(m, "ce_id", "77-3");
		assert_header(m, "ce_source", "/mailbridge/acct/INBOX");
		assert_header(m, "ce_type", EVENT_TYPE);
		assert_header(m, "ce_time", "2026-01-02T03:04:05Z");
		assert_header(m, "content-type", "application/json");
		if (keys[i].key == NULL)
			assert_int_equal(m->key_len, 0);
		else {
			assert_int_equal(m->key_len, strlen(keys[i].key));
			assert_memory_equal(m->key, keys[i].key, m->key_len);
		}
		bench_end(b);
	}
}

/* The idempotent producer's end is not ours: what it held comes back, another
 * takes over. */
static void
test_fatal(void **state)
{
	static struct contract_event e[500];
	struct bench *b = bench_make("mail", "");
	struct event *ev;
	unsigned round;
	size_t i;

	(void)state;
	for (i = 0; i < 500; i++)
		e[i] = contract_event("INBOX", (uint32_t)i + 1, 1000);
	contract_store(&b->c, e, 10, 15000);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 160; i++)
			(void)contract_submit(&b->c, &e[10 + round * 160 + i]);
		rd_kafka_test_fatal_error(
		    ((struct kafka *)b->c.sink)->producer->rk,
		    RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
		    "as a test");
		contract_wait_int(&b->c, &b->c.state, 0, 5000);
		assert_non_null(strstr(b->c.why, "fatal"));
		assert_non_null(strstr(b->c.why, "OUT_OF_ORDER"));
		contract_store(&b->c, e, 10 + (round + 1) * 160, 20000);
		assert_int_equal(b->c.state, 1);
	}
	contract_store(&b->c, e, 500, 20000);
	assert_int_equal(((struct kafka *)b->c.sink)->remade, 3);
	for (i = 0; i < 500; i++) {
		ev = contract_make(&e[i]);
		assert_true(kafka_mock_count(b->far, ev) >= 1);
		event_free(ev);
	}
	bench_end(b);
}

/* Errors that brokers mean for the moment: librdkafka or the host tries
 * again. */
static void
test_broker_errors(void **state)
{
	static struct contract_event e[100];
	struct bench *b = bench_make("mail", "");
	size_t i;

	(void)state;
	for (i = 0; i < 100; i++)
		e[i] = contract_event("INBOX", (uint32_t)i + 1, 1000);
	contract_wait_int(&b->c, &b->c.state, 1, 10000);
	rd_kafka_mock_push_request_errors(b->far->cluster, PRODUCE, 5,
	    RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
	    RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
	    RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT,
	    RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND);
	contract_store(&b->c, e, 100, 30000);
	assert_int_equal(b->c.state, 1);
	bench_end(b);
}

/* Not allowed: held and told, no mail is given up. */
static void
test_not_authorized(void **state)
{
	struct contract_event e = contract_event("INBOX", 1, 100);
	struct bench *b = bench_make("mail", "");

	(void)state;
	contract_wait_int(&b->c, &b->c.state, 1, 10000);
	rd_kafka_mock_push_request_errors(b->far->cluster, PRODUCE, 1,
	    RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	assert_true(contract_submit(&b->c, &e));
	contract_wait(&b->c, is_answered, &e, 10000);
	assert_int_equal(e.answer, CONTRACT_RETRY);
	assert_int_equal(b->c.state, 0);
	assert_non_null(strstr(b->c.why, "ACL"));
	assert_false(contract_submit(&b->c, &e));
	bench_end(b);
}

static void
test_no_topic(void **state)
{
	struct bench *b = bench_make(NULL, "");

	(void)state;
	rd_kafka_mock_topic_set_error(
	    b->far->cluster, "mail", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
	contract_wait_int(&b->c, &b->c.state, 0, 20000);
	assert_non_null(strstr(b->c.why, "create the topic"));
	bench_end(b);
}

/* Over our own limit: that one is refused, and no other. */
static void
test_over_own_limit(void **state)
{
	struct contract_event e[2] = { contract_event("INBOX", 1, 5000),
		contract_event("INBOX", 2, 500) };
	struct bench *b = bench_make(
	    "mail", ", \"properties\": {\"message.max.bytes\": 4000}");

	(void)state;
	assert_int_equal(b->c.sink->ops->max_event_bytes(b->c.sink), 2000);
	contract_wait_int(&b->c, &b->c.state, 1, 10000);
	assert_true(contract_submit(&b->c, &e[0]));
	contract_wait(&b->c, is_answered, &e[0], 10000);
	assert_int_equal(e[0].answer, CONTRACT_REFUSED);
	assert_non_null(strstr(e[0].why, "4000"));
	contract_store(&b->c, &e[1], 1, 10000);
	bench_end(b);
}

/* The broker refuses a whole batch for one message in it; the others of the
 * batch are not to suffer. */
static void
test_over_brokers_limit(void **state)
{
	static struct contract_event e[20];
	struct bench *b = bench_make("mail", "");
	size_t i;

	(void)state;
	contract_wait_int(&b->c, &b->c.state, 1, 10000);
	rd_kafka_mock_push_request_errors(
	    b->far->cluster, PRODUCE, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	for (i = 0; i < 20; i++) {
		e[i] = contract_event("INBOX", (uint32_t)i + 1, 1000);
		assert_true(contract_submit(&b->c, &e[i]));
	}
	contract_wait(&b->c, is_answered, &e[0], 10000);
	assert_int_equal(e[0].answer, CONTRACT_RETRY);
	/* Alone, and again: now it is known to be the one. */
	rd_kafka_mock_push_request_errors(
	    b->far->cluster, PRODUCE, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	assert_true(contract_submit(&b->c, &e[0]));
	contract_wait(&b->c, is_answered, &e[0], 10000);
	assert_int_equal(e[0].answer, CONTRACT_REFUSED);
	assert_non_null(strstr(e[0].why, "max.message.bytes"));
	assert_non_null(strstr(e[0].why, "1000000"));
	contract_store(&b->c, e + 1, 19, 20000);
	bench_end(b);
}

/* Nothing listens: told, no busy loop, and a timely close. */
static void
test_nobody(void **state)
{
	struct contract_event e = contract_event("INBOX", 1, 100);
	struct rusage before, after;
	struct contract c;
	long used;
	int i;

	(void)state;
	contract_init(&c);
	assert_non_null(contract_open(&c, &kafka_ops,
	    "{\"brokers\": \"127.0.0.1:1\", \"topic\": \"mail\"}"));
	(void)contract_submit(&c, &e);
	contract_wait_int(&c, &c.state, 0, 10000);
	assert_non_null(strstr(c.why, "127.0.0.1:1"));
	getrusage(RUSAGE_SELF, &before);
	for (i = 0; i < 200; i++) /* 2 s */
		contract_turn(&c);
	getrusage(RUSAGE_SELF, &after);
	used = (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000000 +
	    after.ru_utime.tv_usec - before.ru_utime.tv_usec +
	    (after.ru_stime.tv_sec - before.ru_stime.tv_sec) * 1000000 +
	    after.ru_stime.tv_usec - before.ru_stime.tv_usec;
	assert_true(used < 400000);
	contract_close(&c, 0);
	contract_end(&c);
}

static void
assert_mistake(struct contract *c, const char *more, const char *text)
{
	char config[512];

	(void)snprintf(config, sizeof(config),
	    "{\"brokers\": \"b:9092\", \"topic\": \"t\", %s}", more);
	contract_mistake(c, &kafka_ops, config, text);
}

static void
test_config(void **state)
{
	struct contract c;

	(void)state;
	contract_init(&c);
	assert_non_null(contract_check(&c, &kafka_ops, "{\"topic\": \"t\"}"));
	assert_null(contract_check(&c, &kafka_ops,
	    "{\"brokers\": \"b\", \"topic\": \"t\", \"properties\": "
	    "{\"linger.ms\": 7, \"acks\": -1, \"enable.idempotence\": true, "
	    "\"security.protocol\": \"sasl_ssl\", \"sasl.username\": \"u\", "
	    "\"sasl.password\": {\"env\": \"X\"}, "
	    "\"message.max.bytes\": 2000000}}"));
	assert_null(contract_check(&c, &kafka_ops,
	    "{\"brokers\": \"b:9092\", \"topic\": \"t\", "
	    "\"delivery\": \"exactly_once\", \"transactional_id\": \"i\", "
	    "\"checkpoint_topic\": \"c\"}"));
	assert_mistake(&c,
	    "\"delivery\": \"exactly_once\", \"checkpoint_topic\": \"t\"",
	    "must be another one");
	/* Keys of exactly_once alone. */
	assert_mistake(&c, "\"transactional_id\": \"i\"", "transactional_id");
	assert_mistake(&c, "\"key\": \"subject\"", "key");
	assert_mistake(&c, "\"properties\": {\"linger.sm\": 1}", "linger.sm");
	assert_mistake(
	    &c, "\"properties\": {\"linger.ms\": \"soon\"}", "linger.ms");
	assert_mistake(&c, "\"properties\": {\"acks\": 1}", "must be all");
	assert_mistake(&c, "\"properties\": {\"enable.idempotence\": false}",
	    "must be true");
	assert_mistake(
	    &c, "\"properties\": {\"message.timeout.ms\": 5}", "must be 0");
	assert_mistake(&c,
	    "\"properties\": {\"delivery.report.only.error\": true}",
	    "must be false");
	assert_mistake(
	    &c, "\"properties\": {\"bootstrap.servers\": \"x\"}", "brokers");
	assert_mistake(
	    &c, "\"properties\": {\"sasl.password\": \"abracadabra\"}", "file");
	assert_null(strstr(c.why, "abracadabra"));
	/* Found only by making one. */
	assert_null(contract_open(&c, &kafka_ops,
	    "{\"brokers\": \"b\", \"topic\": \"t\", \"properties\": "
	    "{\"max.in.flight\": 100}}"));
	assert_non_null(strstr(c.why, "max.in.flight"));
	contract_end(&c);
}

static void
test_errors(void **state)
{
	struct fault f;

	(void)state;
	assert_int_equal(
	    kafka_error_judge(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, NULL, &f),
	    KAFKA_PERSON);
	assert_int_equal(f.kind, FAULT_CONFIG);
	assert_int_equal(
	    kafka_error_judge(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "x", &f),
	    KAFKA_AWAY);
	assert_non_null(strstr(f.text, ": x ("));
	assert_int_equal(kafka_error_judge(RD_KAFKA_RESP_ERR_UNKNOWN, NULL, &f),
	    KAFKA_PASSING);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_fatal),
		cmocka_unit_test(test_broker_errors),
		cmocka_unit_test(test_not_authorized),
		cmocka_unit_test(test_no_topic),
		cmocka_unit_test(test_over_own_limit),
		cmocka_unit_test(test_over_brokers_limit),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_errors),
	};

	if (kafka_real_is_there())
		return (kafka_real_run());
	return (sink_contract_run("kafka", &kafka_mock_far) +
	    cmocka_run_group_tests_name("kafka sink", tests, NULL, NULL));
}
