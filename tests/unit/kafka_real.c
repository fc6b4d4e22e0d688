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

const struct sink_far kafka_real = {
	.ops = &kafka_ops,
	.up = far_up,
	.lose = far_lose,
	.regain = far_regain,
	.count = far_count,
	.down = far_down,
	.once = 1,
	.marks = 1,
};
