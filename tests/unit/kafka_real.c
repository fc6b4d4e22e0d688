#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "kafka_real.h"
#include "kafka_seen.h"
#include "sink_contract.h"
#include "sinks/kafka/kafka_private.h"
#include "sinks/sinks.h"

struct real_far {
	char topic[64];
	struct kafka_seen seen;
};

int
kafka_real_is_there(void)
{
	return (getenv("KAFKA_BROKERS") != NULL);
}

static void
tell(const char *line)
{
	int fd = (int)strtol(getenv("KAFKA_CONTROL"), NULL, 10);
	char answer;

	assert_int_equal(write(fd, line, strlen(line)), strlen(line));
	assert_int_equal(read(fd, &answer, 1), 1);
}

/* Each test has a topic of its own. */
static void *
far_up(char *config, size_t size)
{
	static unsigned number;
	struct real_far *k = calloc(1, sizeof(*k));
	char line[80];

	assert_non_null(k);
	(void)snprintf(k->topic, sizeof(k->topic), "contract-%u", ++number);
	(void)snprintf(line, sizeof(line), "create %s\n", k->topic);
	tell(line);
	(void)snprintf(config, size,
	    "{\"brokers\": \"%s\", \"topic\": \"%s\", \"delivery\": "
	    "\"exactly_once\", \"properties\": "
	    "{\"reconnect.backoff.max.ms\": 500}}",
	    getenv("KAFKA_BROKERS"), k->topic);
	return (k);
}

static void
far_lose(void *far)
{
	(void)far;
	tell("lose\n");
}

static void
far_regain(void *far)
{
	(void)far;
	tell("regain\n");
}

static unsigned
far_count(void *far, const struct event *ev)
{
	struct real_far *k = far;

	return (
	    kafka_seen_count(&k->seen, getenv("KAFKA_BROKERS"), k->topic, ev));
}

static void
far_down(void *far)
{
	struct real_far *k = far;

	kafka_seen_free(&k->seen);
	free(k);
}

static const struct sink_far kafka_real = {
	.ops = &kafka_ops,
	.up = far_up,
	.lose = far_lose,
	.regain = far_regain,
	.count = far_count,
	.down = far_down,
	.once = 1,
	.marks = 1,
};

/* On a topic of its own, or on ${topic}. */
static void *
open_on(struct contract *c, const char *topic)
{
	struct real_far *far;
	char config[512];

	far = far_up(config, sizeof(config));
	if (topic != NULL)
		(void)snprintf(far->topic, sizeof(far->topic), "%s", topic);
	(void)snprintf(config, sizeof(config),
	    "{\"brokers\": \"%s\", \"topic\": \"%s\", \"delivery\": "
	    "\"exactly_once\", \"checkpoint_topic\": \"%s-%d\"}",
	    getenv("KAFKA_BROKERS"), far->topic, "marks", (int)getpid());
	contract_init(c);
	contract_give_marks(c);
	if (contract_open(c, &kafka_ops, config) == NULL)
		fail_msg("%s", c->why);
	return (far);
}

static int
is_open(struct contract *c, void *arg)
{
	(void)arg;
	return (((struct kafka *)c->sink)->once.step == ONCE_OPEN);
}

/* librdkafka takes nothing for a topic that cannot be: told, and no hurry. */
static void
test_no_such_topic(void **state)
{
	struct contract_event e = contract_event("INBOX", 1, 100);
	struct contract c;
	struct kafka *k;
	unsigned tries = 0;
	void *far;
	int i;

	(void)state;
	far = open_on(&c, "no such topic");
	k = (struct kafka *)c.sink;
	contract_wait(&c, is_open, NULL, 30000);
	contract_wait_int(&c, &c.state, 0, 30000);
	/* The next look at the topic is up to 30 s away. */
	uv_timer_stop(&k->probe_timer);
	uv_timer_start(&k->pause_timer, k->pause_timer.timer_cb, 0, 0);
	for (i = 0; i < 100; i++) {
		if (!c.full) {
			tries++;
			(void)contract_submit(&c, &e);
		}
		contract_turn(&c);
	}
	assert_in_range(tries, 1, 3);
	contract_close(&c, 0);
	contract_end(&c);
	far_down(far);
}

static int
is_committing(struct contract *c, void *arg)
{
	(void)arg;
	return (((struct kafka *)c->sink)->once.step == ONCE_COMMIT);
}

static int
is_pausing(struct contract *c, void *arg)
{
	(void)arg;
	return (((struct kafka *)c->sink)->phase == KAFKA_PAUSE);
}

/* Closed while nobody knows whether the last transaction was committed: its
 * events are answered nevertheless. */
static void
test_close_in_doubt(void **state)
{
	struct contract_event e = contract_event("INBOX", 1, 100);
	struct contract c;
	struct kafka *k;
	void *far;

	(void)state;
	far = open_on(&c, NULL);
	k = (struct kafka *)c.sink;
	contract_wait(&c, is_open, NULL, 30000);
	assert_true(contract_submit(&c, &e));
	tell("lose\n");
	contract_wait(&c, is_committing, NULL, 5000);
	rd_kafka_test_fatal_error(k->producer->rk,
	    RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "as a test");
	contract_wait(&c, is_pausing, NULL, 10000);
	assert_int_equal(e.answer, CONTRACT_TAKEN);
	contract_close(&c, 0);
	assert_int_equal(e.answer, CONTRACT_RETRY);
	contract_end(&c);
	tell("regain\n");
	far_down(far);
}

int
kafka_real_run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_close_in_doubt),
		cmocka_unit_test(test_no_such_topic),
	};

	return (
	    sink_contract_run("kafka, exactly once, real broker", &kafka_real) +
	    cmocka_run_group_tests_name(
		"exactly once, in trouble", tests, NULL, NULL));
}
