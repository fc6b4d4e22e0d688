/* What a webhook sink makes of answers, and of a server that gives none. */
#include <sys/socket.h>

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "sinks/sinks.h"
#include "webhook_bench.h"

/* Of this event: the dead letter.  The others go on. */
static void
test_refused(void **state)
{
	struct contract_event e, next = contract_event("INBOX", 2, 100);
	struct bench *b = bench_make("");

	(void)state;
	assert_int_equal(
	    bench_answered(b, 422, NULL, NULL, &e), CONTRACT_REFUSED);
	assert_non_null(strstr(e.why, "sink test: http://127.0.0.1"));
	assert_non_null(strstr(e.why, "/hook: 422"));
	assert_non_null(strstr(e.why, "what the ??server says"));
	assert_null(strstr(e.why, "hidden"));
	assert_int_equal(
	    bench_answered(b, 413, NULL, NULL, &e), CONTRACT_REFUSED);
	assert_int_equal(b->c.state, 1);
	assert_int_equal(b->c.states, 1);
	http_server_answer(b->server, 202, NULL, NULL, "");
	contract_store(&b->c, &next, 1, 5000);
	bench_end(b);
	b = bench_make(", \"refused_status\": [400]");
	assert_int_equal(
	    bench_answered(b, 400, NULL, NULL, &e), CONTRACT_REFUSED);
	assert_int_equal(
	    bench_answered(b, 422, NULL, NULL, &e), CONTRACT_RETRY);
	bench_end(b);
}

/* A mistake of somebody or an outage: held, told, and no mail is given up. */
static void
test_held(void **state)
{
	static const unsigned statuses[] = { 301, 302, 307, 308, 400, 401, 403,
		404, 405, 407, 408, 409, 410, 415, 425, 429, 451, 500, 501, 502,
		503, 504, 599 };
	struct contract_event e;
	struct bench *b;
	char number[16];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		b = bench_make("");
		(void)snprintf(number, sizeof(number), "%u", statuses[i]);
		assert_int_equal(
		    bench_answered(b, statuses[i], "Location",
			"http://127.0.0.1:1/elsewhere?token=x", &e),
		    CONTRACT_RETRY);
		assert_int_equal(b->c.state, 0);
		assert_non_null(strstr(b->c.why, number));
		assert_null(strstr(b->c.why, "token"));
		if (statuses[i] < 400)
			assert_non_null(strstr(b->c.why, "elsewhere"));
		/* It rests; nothing was sent to anybody else. */
		assert_false(contract_submit(&b->c, &e));
		assert_int_equal(http_server_count(b->server), 1);
		bench_end(b);
	}
}

/* 503, then 200: it heals by itself, one event at a time first. */
static void
test_heals(void **state)
{
	struct contract_event e[20], first;
	struct bench *b = bench_make("");
	size_t i;

	(void)state;
	assert_int_equal(
	    bench_answered(b, 503, NULL, NULL, &first), CONTRACT_RETRY);
	for (i = 0; i < 20; i++)
		e[i] = contract_event("INBOX", (uint32_t)i + 1, 100);
	http_server_answer(b->server, 200, NULL, NULL, "");
	contract_store(&b->c, e, 20, 10000);
	assert_int_equal(b->c.state, 1);
	assert_int_equal(b->c.states, 3);
	bench_end(b);
}

static uint64_t hint_ms;

static void
keep_hint(
    void *arg, void *ticket, enum sink_verdict verdict, const struct fault *why)
{
	struct contract *c = arg;

	(void)verdict;
	hint_ms = why->retry_ms;
	event_free(((struct contract_event *)ticket)->ev);
	((struct contract_event *)ticket)->answer = CONTRACT_RETRY;
	c->ready = 0;
}

/* Seconds or a date; an hour at most, and never sooner than without it. */
static void
test_retry_after(void **state)
{
	struct contract_event e;
	char date[64];
	time_t then = time(NULL) + 1000;
	struct tm tm;
	struct bench *b;
	static const struct {
		const char *value;
		uint64_t least, most;
	} cases[] = { { "120", 120000, 120000 }, { "100000", 3600000, 3600000 },
		{ "nonsense", 50, 100 }, { "-5", 50, 100 }, { "0", 50, 100 },
		{ NULL, 900000, 1000000 } };
	size_t i;

	(void)state;
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT",
	    gmtime_r(&then, &tm));
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		b = bench_make("");
		((struct sink *)b->c.sink)->host.answer = keep_hint;
		hint_ms = 0;
		(void)bench_answered(b, 503, "Retry-After",
		    cases[i].value != NULL ? cases[i].value : date, &e);
		if (hint_ms < cases[i].least || hint_ms > cases[i].most)
			fail_msg("%s: %llu ms",
			    cases[i].value != NULL ? cases[i].value : date,
			    (unsigned long long)hint_ms);
		bench_end(b);
	}
	b = bench_make("");
	((struct sink *)b->c.sink)->host.answer = keep_hint;
	(void)bench_answered(b, 410, NULL, NULL, &e);
	assert_int_equal(hint_ms, 3600000);
	bench_end(b);
}

static int
is_answered(struct contract *c, void *arg)
{
	(void)c;
	return (((struct contract_event *)arg)->answer != CONTRACT_TAKEN);
}

/* A server that says nothing: the time-out, and a timely close. */
static void
test_silence(void **state)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	struct contract_event e = contract_event("INBOX", 1, 100);
	struct contract c;
	char config[128];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(listen(fd, 10), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	contract_init(&c);
	(void)snprintf(config, sizeof(config),
	    "{\"url\": \"http://localhost:%d/\", \"timeout_seconds\": 1}",
	    ntohs(sin.sin_port));
	assert_non_null(contract_open(&c, &webhook_ops, config));
	contract_wait_int(&c, &c.state, 1, 5000);
	assert_true(contract_submit(&c, &e));
	contract_wait(&c, is_answered, &e, 3000);
	assert_int_equal(e.answer, CONTRACT_RETRY);
	assert_non_null(strstr(c.why, "timed out"));
	contract_wait_int(&c, &c.state, 1, 5000); /* it does listen */
	assert_true(contract_submit(&c, &e));
	contract_close(&c, 3500);
	assert_int_equal(e.answer, CONTRACT_RETRY);
	contract_end(&c);
	close(fd);
}

/* 10 MB of answer are neither kept nor waited for. */
static void
test_long_answer(void **state)
{
	static char page[100000];
	struct bench *b = bench_make("");
	struct contract_event e;

	(void)state;
	memset(page, 'x', sizeof(page) - 1);
	http_server_answer(b->server, 200, NULL, NULL, page);
	b->server->repeat = 100;
	e = contract_event("INBOX", 1, 100);
	contract_store(&b->c, &e, 1, 5000);
	http_server_answer(b->server, 500, NULL, NULL, page);
	b->server->repeat = 100;
	e = contract_event("INBOX", 2, 100);
	assert_true(contract_submit(&b->c, &e));
	bench_wait(b, &e);
	assert_int_equal(e.answer, CONTRACT_RETRY);
	assert_true(strlen(b->c.why) < 300);
	assert_non_null(strstr(b->c.why, "500; it says: xxx"));
	bench_end(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_heals),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_long_answer),
	};

	return (
	    cmocka_run_group_tests_name("webhook answers", tests, NULL, NULL));
}
