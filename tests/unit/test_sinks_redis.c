#include <sys/socket.h>

#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "bridge/buf.h"
#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "redis_server.h"
#include "sink_contract.h"
#include "sinks/redis_once.h"
#include "sinks/redis_reply.h"
#include "sinks/sinks.h"

static const char *
field_of(const redisReply *fields, const char *name, size_t *len)
{
	size_t i;

	for (i = 0; i + 1 < fields->elements; i += 2) {
		if (strcmp(fields->element[i]->str, name) == 0) {
			*len = (size_t)fields->element[i + 1]->len;
			return (fields->element[i + 1]->str);
		}
	}
	return (NULL);
}

/* The whole stream, read again only when it grew. */
static const redisReply *
stream(struct redis_server *s)
{
	static redisReply *r;
	static int port;

	if (s != NULL && r != NULL && s->port == port &&
	    redis_server_do(s, "XLEN mail") == (long long)r->elements)
		return (r);
	if (r != NULL)
		freeReplyObject(r);
	r = NULL;
	if (s == NULL)
		return (NULL);
	r = redisCommand(s->admin, "XRANGE mail - +");
	assert_non_null(r);
	assert_int_equal(r->type, REDIS_REPLY_ARRAY);
	port = s->port;
	return (r);
}

static unsigned
count_in_stream(struct redis_server *s, const struct event *ev)
{
	const redisReply *r = stream(s), *fields;
	const char *source, *id, *data;
	unsigned n = 0;
	size_t i, len;

	for (i = 0; i < r->elements; i++) {
		fields = r->element[i]->element[1];
		source = field_of(fields, "ce_source", &len);
		id = field_of(fields, "ce_id", &len);
		data = field_of(fields, "data", &len);
		if (strcmp(source, ev->source) == 0 &&
		    strcmp(id, ev->id) == 0 && len == ev->len &&
		    memcmp(data, ev->data, len) == 0)
			n++;
	}
	return (n);
}

static void *
far_up_with(char *config, size_t size, const char *delivery)
{
	struct redis_server *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	redis_server_start(s, "");
	(void)snprintf(config, size,
	    "{\"url\": \"redis://127.0.0.1:%d/0\", \"delivery\": \"%s\"}",
	    s->port, delivery);
	return (s);
}

static void *
far_up(char *config, size_t size)
{
	return (far_up_with(config, size, "at_least_once"));
}

static void *
far_up_once(char *config, size_t size)
{
	return (far_up_with(config, size, "exactly_once"));
}

static void
far_lose(void *far)
{
	redis_server_kill(far);
}

static void
far_regain(void *far)
{
	redis_server_again(far);
}

static unsigned
far_count(void *far, const struct event *ev)
{
	return (count_in_stream(far, ev));
}

static void
far_down(void *far)
{
	(void)stream(NULL);
	redis_server_end(far);
	free(far);
}

static const struct sink_far far_side = {
	.ops = &redis_ops,
	.up = far_up,
	.lose = far_lose,
	.regain = far_regain,
	.count = far_count,
	.down = far_down,
};

static const struct sink_far far_side_once = {
	.ops = &redis_ops,
	.up = far_up_once,
	.lose = far_lose,
	.regain = far_regain,
	.count = far_count,
	.down = far_down,
	.once = 1,
};

/* A server, a sink on it, and what it is asked to do. */
struct bench {
	struct redis_server server;
	struct contract c;
};

static struct bench *
bench_make(const char *options, const char *more)
{
	struct bench *b = calloc(1, sizeof(*b));
	char config[512];

	assert_non_null(b);
	redis_server_start(&b->server, options);
	contract_init(&b->c);
	(void)snprintf(config, sizeof(config),
	    "{\"url\": \"redis://127.0.0.1:%d\"%s}", b->server.port, more);
	if (contract_open(&b->c, &redis_ops, config) == NULL)
		fail_msg("%s", b->c.why);
	return (b);
}

static void
bench_end(struct bench *b)
{
	(void)stream(NULL);
	contract_close(&b->c, 0);
	contract_end(&b->c);
	redis_server_end(&b->server);
	free(b);
}

/* Field names, their order, and binary-safe values. */
static void
test_fields(void **state)
{
	static const char *const names[] = { "ce_id", "77-1", "ce_source",
		"/mailbridge/acct/INBOX", "ce_type", EVENT_TYPE, "ce_time",
		"2026-01-02T03:04:05Z", "ce_specversion", "1.0", "content-type",
		"application/json", "data" };
	struct contract_event e = contract_event("INBOX", 1, 100);
	struct bench *b = bench_make("", ", \"stream\": \"s t\"");
	redisReply *r, *fields;
	size_t i;

	(void)state;
	contract_store(&b->c, &e, 1, 5000);
	r = redisCommand(b->server.admin, "XRANGE %s - +", "s t");
	assert_int_equal(r->elements, 1);
	fields = r->element[0]->element[1];
	assert_int_equal(fields->elements, 14);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_string_equal(fields->element[i]->str, names[i]);
	freeReplyObject(r);
	bench_end(b);
}

static void
test_maxlen(void **state)
{
	static struct contract_event e[1000];
	struct bench *b = bench_make("", ", \"maxlen\": 100");
	long long len;
	size_t i;

	(void)state;
	for (i = 0; i < 1000; i++)
		e[i] = contract_event("INBOX", (uint32_t)i + 1, 100);
	contract_store(&b->c, e, 1000, 10000);
	len = redis_server_do(&b->server, "XLEN mail");
	assert_true(len >= 100 && len < 400);
	bench_end(b);
}

/* Out of memory is no fault of a mail: it is held and told. */
static void
test_oom(void **state)
{
	static struct contract_event e[30];
	struct bench *b = bench_make("", "");
	size_t i;

	(void)state;
	contract_wait_int(&b->c, &b->c.state, 1, 5000);
	redis_server_do(&b->server, "CONFIG SET maxmemory 1");
	for (i = 0; i < 30; i++) {
		e[i] = contract_event("INBOX", (uint32_t)i + 1, 1000);
		assert_true(contract_submit(&b->c, &e[i]));
	}
	contract_wait_int(&b->c, &b->c.state, 0, 5000);
	assert_non_null(strstr(b->c.why, "OOM"));
	assert_non_null(strstr(b->c.why, "maxmemory"));
	while (e[29].answer == CONTRACT_TAKEN)
		contract_turn(&b->c);
	assert_int_equal(e[29].answer, CONTRACT_RETRY);
	redis_server_do(&b->server, "CONFIG SET maxmemory 0");
	contract_store(&b->c, e, 30, 20000);
	assert_int_equal(b->c.state, 1);
	bench_end(b);
}

/* Memory runs out between two mails that are under way: with exactly_once the
 * later one must not hide the earlier one. */
static void
test_once_hole(void **state)
{
	static struct contract_event e[200];
	struct bench *b = bench_make("", ", \"delivery\": \"exactly_once\"");
	struct event *ev;
	size_t i, round;

	(void)state;
	for (i = 0; i < 200; i++)
		e[i] = contract_event("INBOX", (uint32_t)i + 1, 100);
	contract_wait_int(&b->c, &b->c.state, 1, 5000);
	for (round = 0; round < 6; round++) {
		redis_server_do(&b->server, "CONFIG SET maxmemory %d",
		    round % 2 == 0 ? 1 : 0);
		for (i = 0; i < 200; i++) {
			if (e[i].answer == CONTRACT_NEW ||
			    e[i].answer == CONTRACT_RETRY)
				(void)contract_submit(&b->c, &e[i]);
		}
		redis_server_do(&b->server, "CONFIG SET maxmemory %d",
		    round % 2 == 0 ? 0 : 1);
		contract_turn(&b->c);
	}
	redis_server_do(&b->server, "CONFIG SET maxmemory 0");
	contract_store(&b->c, e, 200, 60000);
	for (i = 0; i < 200; i++) {
		ev = contract_make(&e[i]);
		assert_int_equal(count_in_stream(&b->server, ev), 1);
		contract_free(ev);
	}
	bench_end(b);
}

/* The script stays right when the host comes back after a crash with an older
 * checkpoint, with a new UIDVALIDITY, or after SCRIPT FLUSH. */
static void
test_once_again(void **state)
{
	static struct contract_event e[20];
	struct bench *b = bench_make("", ", \"delivery\": \"exactly_once\"");
	redisReply *r;
	size_t i;

	(void)state;
	for (i = 0; i < 20; i++)
		e[i] = contract_event("INBOX", (uint32_t)i * 3 + 1, 100);
	contract_store(&b->c, e, 20, 5000);
	for (i = 10; i < 20; i++)
		e[i].answer = CONTRACT_NEW;
	contract_store(&b->c, e, 20, 5000);
	assert_int_equal(redis_server_do(&b->server, "XLEN mail"), 20);

	redis_server_do(&b->server, "SCRIPT FLUSH");
	for (i = 0; i < 20; i++) {
		e[i].answer = CONTRACT_NEW;
		e[i].uidvalidity = 78;
	}
	contract_store(&b->c, e, 20, 5000);
	assert_int_equal(redis_server_do(&b->server, "XLEN mail"), 40);
	r = redisCommand(b->server.admin, "HGET mail:checkpoint acct/INBOX");
	assert_string_equal(r->str, "78:58");
	freeReplyObject(r);
	bench_end(b);
}

/* What is told before an event is sent, and what comes of each answer. */
static void
expect_sent(
    struct redis_once *o, uint32_t uid, uint32_t previous, const char *expected)
{
	struct event ev = { .account = (char[]){ "a" },
		.mailbox = (char[]){ "m" },
		.uidvalidity = 1,
		.uid = uid };
	struct buf holes;
	uint32_t p;

	buf_init(&holes, 1000);
	assert_int_equal(redis_once_sent(o, &ev, &p, &holes), 0);
	assert_int_equal(p, previous);
	assert_string_equal(holes.data != NULL ? holes.data : "", expected);
	buf_free(&holes);
}

static void
answer_once(struct redis_once *o, uint32_t uid, int stored)
{
	struct event ev = { .account = (char[]){ "a" },
		.mailbox = (char[]){ "m" },
		.uidvalidity = 1,
		.uid = uid };

	redis_once_answered(o, &ev, stored);
}

static void
test_once_order(void **state)
{
	struct redis_once *o = redis_once_new();

	(void)state;
	expect_sent(o, 1, 0, "");
	expect_sent(o, 2, 1, "");
	expect_sent(o, 5, 2, "");
	answer_once(o, 1, 1);
	answer_once(o, 2, 0);
	answer_once(o, 5, 0);
	expect_sent(o, 6, 0, "2,5");
	expect_sent(o, 5, 0, "2");
	expect_sent(o, 7, 6, "2,5");
	answer_once(o, 6, 1);
	answer_once(o, 5, 1);
	expect_sent(o, 7, UINT32_MAX, "2");
	answer_once(o, 7, 1);
	answer_once(o, 7, 1);
	expect_sent(o, 8, 0, "2");
	expect_sent(o, 2, 0, "");
	answer_once(o, 8, 1);
	answer_once(o, 2, 1);
	expect_sent(o, 9, 0, "");
	answer_once(o, 9, 0);
	redis_once_free(o);
}

static void
test_password(void **state)
{
	struct contract_event e = contract_event("INBOX", 1, 100);
	struct bench *b;

	(void)state;
	setenv("SINK_PASSWORD", "open sesame", 1);
	setenv("SINK_WRONG", "abracadabra", 1);
	b = bench_make("", ", \"password\": {\"env\": \"SINK_PASSWORD\"}");
	contract_wait_int(&b->c, &b->c.state, 0, 5000);
	assert_non_null(strstr(b->c.why, "AUTH"));
	bench_end(b);

	b = bench_make("", ", \"password\": {\"env\": \"SINK_WRONG\"}");
	redis_server_do(&b->server, "CONFIG SET requirepass %s", "open sesame");
	contract_wait_int(&b->c, &b->c.state, 0, 5000);
	assert_non_null(strstr(b->c.why, "check password"));
	assert_null(strstr(b->c.why, "abracadabra"));
	bench_end(b);

	b = bench_make("", ", \"password\": {\"env\": \"SINK_PASSWORD\"}");
	redis_server_do(&b->server, "CONFIG SET requirepass %s", "open sesame");
	contract_store(&b->c, &e, 1, 5000);
	bench_end(b);
}

static void
test_wrong_type(void **state)
{
	struct contract_event e = contract_event("INBOX", 1, 100);
	struct bench *b = bench_make("", "");

	(void)state;
	contract_wait_int(&b->c, &b->c.state, 1, 5000);
	redis_server_do(&b->server, "SET mail x");
	assert_true(contract_submit(&b->c, &e));
	contract_wait_int(&b->c, &b->c.state, 0, 5000);
	assert_int_equal(e.answer, CONTRACT_RETRY);
	assert_non_null(strstr(b->c.why, "WRONGTYPE"));
	assert_non_null(strstr(b->c.why, "another name"));
	bench_end(b);
}

static void
test_unix_socket(void **state)
{
	struct contract_event e = contract_event("INBOX", 1, 100);
	struct redis_server s;
	struct contract c;
	char config[256];

	(void)state;
	redis_server_start(&s, "");
	contract_init(&c);
	(void)snprintf(
	    config, sizeof(config), "{\"url\": \"unix://%s?db=2\"}", s.socket);
	assert_non_null(contract_open(&c, &redis_ops, config));
	contract_store(&c, &e, 1, 5000);
	redis_server_do(&s, "SELECT 2");
	assert_int_equal(redis_server_do(&s, "XLEN mail"), 1);
	contract_close(&c, 0);
	contract_end(&c);
	redis_server_end(&s);
}

/* A value over the server's limit ends the connection; only that event is
 * refused, or it is retried: never another one. */
static void
test_too_large(void **state)
{
	struct contract_event e[2] = { contract_event("INBOX", 1, 2000000),
		contract_event("INBOX", 2, 100) };
	struct bench *b = bench_make("--proto-max-bulk-len 1mb", "");

	(void)state;
	contract_wait_int(&b->c, &b->c.state, 1, 5000);
	assert_true(contract_submit(&b->c, &e[0]));
	while (e[0].answer == CONTRACT_TAKEN)
		contract_turn(&b->c);
	assert_int_equal(e[0].answer, CONTRACT_REFUSED);
	assert_non_null(strstr(e[0].why, "proto-max-bulk-len"));
	contract_store(&b->c, &e[1], 1, 10000);
	bench_end(b);
}

/* A server that accepts and then says nothing: the close does not wait. */
static void
test_mute_server(void **state)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	struct contract c;
	char config[128];
	int i, fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	contract_init(&c);
	(void)snprintf(config, sizeof(config),
	    "{\"url\": \"redis://127.0.0.1:%d\"}", ntohs(sin.sin_port));
	assert_non_null(contract_open(&c, &redis_ops, config));
	for (i = 0; i < 20; i++)
		contract_turn(&c);
	assert_int_equal(c.state, -1);
	contract_close(&c, 1000);
	contract_end(&c);
	close(fd);
}

/* A frozen server has the events: they are answered all the same at the
 * close. */
static void
test_frozen_server(void **state)
{
	static struct contract_event e[50];
	struct bench *b = bench_make("", "");
	size_t i;

	(void)state;
	contract_wait_int(&b->c, &b->c.state, 1, 5000);
	kill(b->server.pid, SIGSTOP);
	for (i = 0; i < 50; i++) {
		e[i] = contract_event("INBOX", (uint32_t)i + 1, 100000);
		assert_true(contract_submit(&b->c, &e[i]));
	}
	bench_end(b);
	for (i = 0; i < 50; i++)
		assert_int_equal(e[i].answer, CONTRACT_RETRY);
}

static void
assert_mistake(struct contract *c, const char *config, const char *text)
{
	const char *mistake = contract_check(c, &redis_ops, config);

	assert_non_null(mistake);
	if (strstr(mistake, text) == NULL)
		fail_msg("%s: %s", config, mistake);
}

static void
test_config(void **state)
{
	static const char *const good[] = { "redis://h", "redis://h/0",
		"redis://h:1/15", "redis://[::1]:6379/1", "unix:///a/b",
		"unix:///a/b?db=1" };
	struct contract c;
	char config[256];
	size_t i;

	(void)state;
	contract_init(&c);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		(void)snprintf(
		    config, sizeof(config), "{\"url\": \"%s\"}", good[i]);
		if (contract_check(&c, &redis_ops, config) != NULL)
			fail_msg("%s: %s", good[i], c.why);
	}
	assert_mistake(&c, "{}", "url");
	assert_mistake(&c, "{\"url\": \"http://h\"}", "redis://");
	assert_mistake(&c, "{\"url\": \"redis://h/x\"}", "database");
	assert_mistake(&c, "{\"url\": \"redis://h:99999\"}", "form");
	assert_mistake(&c, "{\"url\": \"redis://:pw@h\"}", "password: {file");
	assert_null(strstr(c.why, "pw@"));
	assert_mistake(&c, "{\"url\": \"redis://u@h\"}", "password");
	assert_mistake(&c, "{\"url\": \"rediss://h\"}", "TLS");
	assert_mistake(&c, "{\"url\": \"unix://a\"}", "absolute");
	assert_mistake(
	    &c, "{\"url\": \"redis://h\", \"maxlen\": -1}", "maxlen");
	assert_mistake(&c, "{\"url\": \"redis://h\", \"delivery\": \"maybe\"}",
	    "delivery");
	contract_end(&c);
}

static void
test_replies(void **state)
{
	struct fault f;

	(void)state;
	assert_int_equal(
	    redis_reply_judge("LOADING Redis is loading", &f), REDIS_PASSING);
	assert_int_equal(f.kind, FAULT_RETRY);
	assert_int_equal(redis_reply_judge("MOVED 1 h:2", &f), REDIS_PERSON);
	assert_int_equal(f.kind, FAULT_CONFIG);
	assert_int_equal(
	    redis_reply_judge("NOSCRIPT No matching", &f), REDIS_NOSCRIPT);
	assert_int_equal(
	    redis_reply_judge("ERR something new", &f), REDIS_PERSON);
	assert_string_equal(f.text, "ERR something new");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_maxlen),
		cmocka_unit_test(test_oom),
		cmocka_unit_test(test_once_order),
		cmocka_unit_test(test_once_hole),
		cmocka_unit_test(test_once_again),
		cmocka_unit_test(test_password),
		cmocka_unit_test(test_wrong_type),
		cmocka_unit_test(test_unix_socket),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_mute_server),
		cmocka_unit_test(test_frozen_server),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_replies),
	};

	return (sink_contract_run("redis", &far_side) +
	    sink_contract_run("redis, exactly once", &far_side_once) +
	    cmocka_run_group_tests_name("redis sink", tests, NULL, NULL));
}
