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

#include "bridge/envelope/event.h"
#include "redis_bench.h"
#include "sinks/sinks.h"

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
	return (redis_bench_count(far, ev));
}

static void
far_down(void *far)
{
	redis_bench_forget();
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
	.marks = 1,
};

/* Field names, their order, and binary-safe values. */
static void
test_fields(void **state)
{
	static const char *const names[] = { "ce_id", "77-1", "ce_source",
		"/mailbridge/acct/INBOX", "ce_type", EVENT_TYPE, "ce_time",
		"2026-01-02T03:04:05Z", "ce_specversion", "1.0", "content-type",
		"application/json", "data" };
	struct contract_event e = contract_event("INBOX", 1, 100);
	struct redis_bench *b =
	    redis_bench_make("", ", \"stream\": \"s t\"", 0);
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
	redis_bench_end(b);
}

static void
test_maxlen(void **state)
{
	static struct contract_event e[1000];
	struct redis_bench *b = redis_bench_make("", ", \"maxlen\": 100", 0);
	long long len;
	size_t i;

	(void)state;
	for (i = 0; i < 1000; i++)
		e[i] = contract_event("INBOX", (uint32_t)i + 1, 100);
	contract_store(&b->c, e, 1000, 10000);
	len = redis_server_do(&b->server, "XLEN mail");
	assert_true(len >= 100 && len < 400);
	redis_bench_end(b);
}

/* Out of memory is no fault of a mail: it is held and told. */
static void
test_oom(void **state)
{
	static struct contract_event e[30];
	struct redis_bench *b = redis_bench_make("", "", 0);
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
	redis_bench_end(b);
}

static void
test_password(void **state)
{
	struct contract_event e = contract_event("INBOX", 1, 100);
	struct redis_bench *b;

	(void)state;
	setenv("SINK_PASSWORD", "open sesame", 1);
	setenv("SINK_WRONG", "abracadabra", 1);
	b = redis_bench_make(
	    "", ", \"password\": {\"env\": \"SINK_PASSWORD\"}", 0);
	contract_wait_int(&b->c, &b->c.state, 0, 5000);
	assert_non_null(strstr(b->c.why, "AUTH"));
	redis_bench_end(b);

	b = redis_bench_make(
	    "", ", \"password\": {\"env\": \"SINK_WRONG\"}", 0);
	redis_server_do(&b->server, "CONFIG SET requirepass %s", "open sesame");
	contract_wait_int(&b->c, &b->c.state, 0, 5000);
	assert_non_null(strstr(b->c.why, "check password"));
	assert_null(strstr(b->c.why, "abracadabra"));
	redis_bench_end(b);

	b = redis_bench_make(
	    "", ", \"password\": {\"env\": \"SINK_PASSWORD\"}", 0);
	redis_server_do(&b->server, "CONFIG SET requirepass %s", "open sesame");
	contract_store(&b->c, &e, 1, 5000);
	redis_bench_end(b);
}

static void
test_wrong_type(void **state)
{
	struct contract_event e = contract_event("INBOX", 1, 100);
	struct redis_bench *b = redis_bench_make("", "", 0);

	(void)state;
	contract_wait_int(&b->c, &b->c.state, 1, 5000);
	redis_server_do(&b->server, "SET mail x");
	assert_true(contract_submit(&b->c, &e));
	contract_wait_int(&b->c, &b->c.state, 0, 5000);
	assert_int_equal(e.answer, CONTRACT_RETRY);
	assert_non_null(strstr(b->c.why, "WRONGTYPE"));
	assert_non_null(strstr(b->c.why, "another name"));
	redis_bench_end(b);
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
	struct redis_bench *b =
	    redis_bench_make("--proto-max-bulk-len 1mb", "", 0);

	(void)state;
	contract_wait_int(&b->c, &b->c.state, 1, 5000);
	assert_true(contract_submit(&b->c, &e[0]));
	while (e[0].answer == CONTRACT_TAKEN)
		contract_turn(&b->c);
	assert_int_equal(e[0].answer, CONTRACT_REFUSED);
	assert_non_null(strstr(e[0].why, "proto-max-bulk-len"));
	contract_store(&b->c, &e[1], 1, 10000);
	redis_bench_end(b);
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
	struct redis_bench *b = redis_bench_make("", "", 0);
	size_t i;

	(void)state;
	contract_wait_int(&b->c, &b->c.state, 1, 5000);
	kill(b->server.pid, SIGSTOP);
	for (i = 0; i < 50; i++) {
		e[i] = contract_event("INBOX", (uint32_t)i + 1, 100000);
		assert_true(contract_submit(&b->c, &e[i]));
	}
	redis_bench_end(b);
	for (i = 0; i < 50; i++)
		assert_int_equal(e[i].answer, CONTRACT_RETRY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_maxlen),
		cmocka_unit_test(test_oom),
		cmocka_unit_test(test_password),
		cmocka_unit_test(test_wrong_type),
		cmocka_unit_test(test_unix_socket),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_mute_server),
		cmocka_unit_test(test_frozen_server),
	};

	return (sink_contract_run("redis", &far_side) +
	    sink_contract_run("redis, exactly once", &far_side_once) +
	    cmocka_run_group_tests_name("redis sink", tests, NULL, NULL));
}
