#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/envelope/event.h"
#include "sinks/sinks.h"
#include "webhook_bench.h"

static void *
far_up(char *config, size_t size)
{
	struct http_server *s = http_server_new();

	(void)snprintf(
	    config, size, "{\"url\": \"http://127.0.0.1:%d/mail\"}", s->port);
	return (s);
}

static void
far_lose(void *far)
{
	http_server_lose(far);
}

static void
far_regain(void *far)
{
	http_server_regain(far);
}

static unsigned
far_count(void *far, const struct event *ev)
{
	struct http_server *s = far;
	const struct http_seen *seen;
	unsigned n = 0;
	char *source;
	size_t i, count = http_server_count(s);

	for (i = 0; i < count; i++) {
		seen = &s->seen[i];
		if (seen->status != 204 || seen->len != ev->len ||
		    memcmp(seen->body, ev->data, ev->len) != 0)
			continue;
		source = http_server_header(s, i, "ce-source");
		n += source != NULL &&
		    strncmp(source, ev->source, strcspn(source, "%")) == 0;
		free(source);
	}
	return (n);
}

static void
far_down(void *far)
{
	http_server_free(far);
}

static const struct sink_far far_side = {
	.ops = &webhook_ops,
	.up = far_up,
	.lose = far_lose,
	.regain = far_regain,
	.count = far_count,
	.down = far_down,
	.many = 1000,
};

/* The binary mode of the CloudEvents HTTP binding, and a header of the config.
 */
static void
test_request(void **state)
{
	struct bench *b = bench_make(", \"headers\": {\"X-Stage\": \"test\"}");
	struct contract_event e = contract_event("100% \xc3\xa9", 3, 100);

	(void)state;
	contract_store(&b->c, &e, 1, 5000);
	bench_assert_header(b, 0, "content-type", "application/json");
	bench_assert_header(b, 0, "ce-specversion", "1.0");
	bench_assert_header(b, 0, "ce-id", "77-3");
	bench_assert_header(
	    b, 0, "ce-source", "/mailbridge/acct/100%25%20%C3%A9");
	bench_assert_header(b, 0, "ce-type", EVENT_TYPE);
	bench_assert_header(b, 0, "ce-time", "2026-01-02T03:04:05Z");
	bench_assert_header(b, 0, "ce-datacontenttype", NULL);
	bench_assert_header(b, 0, "webhook-signature", NULL);
	bench_assert_header(b, 0, "x-stage", "test");
	bench_end(b);
}

static void
submit_bare(struct bench *b, struct contract_event *e, const char *type)
{
	e->contract = &b->c;
	e->ev = contract_make(e);
	e->ev->attributes = 0;
	e->ev->content_type = type;
	e->answer = CONTRACT_TAKEN;
	assert_true(b->c.sink->ops->submit(b->c.sink, e->ev, e));
	bench_wait(b, e);
	assert_int_equal(e->answer, CONTRACT_STORED);
}

/* Structured: the event says it all; none: only the data is sent. */
static void
test_other_modes(void **state)
{
	struct contract_event e = contract_event("INBOX", 1, 100);
	struct bench *b = bench_make("");
	char *id, *again;

	(void)state;
	submit_bare(b, &e, "application/cloudevents+json; charset=UTF-8");
	submit_bare(b, &e, "application/json");
	bench_assert_header(b, 0, "content-type",
	    "application/cloudevents+json; charset=UTF-8");
	bench_assert_header(b, 1, "content-type", "application/json");
	bench_assert_header(b, 0, "ce-id", NULL);
	bench_assert_header(b, 1, "ce-id", NULL);
	/* The key for consumers is there in any case, and stays. */
	id = http_server_header(b->server, 0, "webhook-id");
	again = http_server_header(b->server, 1, "webhook-id");
	assert_int_equal(strlen(id), 36);
	assert_string_equal(id, again);
	free(id);
	free(again);
	bench_end(b);
}

struct seen_count {
	struct http_server *server;
	size_t wanted;
};

static int
has_seen(struct contract *c, void *arg)
{
	struct seen_count *s = arg;

	(void)c;
	return (http_server_count(s->server) >= s->wanted);
}

/* Of a mailbox one request at a time, in order; of all max_in_flight. */
static void
run_order(const char *more, size_t mailboxes, size_t wanted)
{
	static const char *const names[] = { "A", "B", "C", "D", "E", "F" };
	static struct contract_event e[60];
	struct bench *b = bench_make(more);
	struct seen_count seen = { b->server, wanted };
	size_t i;

	for (i = 0; i < 60; i++)
		e[i] = contract_event(
		    names[i % mailboxes], (uint32_t)(i / mailboxes) + 1, 300);
	http_server_hold(b->server, 1);
	for (i = 0; i < 60; i++)
		assert_true(contract_submit(&b->c, &e[i]));
	contract_wait(&b->c, has_seen, &seen, 5000);
	for (i = 0; i < 10; i++)
		contract_turn(&b->c);
	assert_int_equal(http_server_count(b->server), wanted);
	http_server_release(b->server);
	contract_store(&b->c, e, 60, 20000);
	bench_end(b);
}

static void
test_in_flight(void **state)
{
	(void)state;
	run_order("", 1, 1);
	run_order("", 3, 3);
	run_order(", \"max_in_flight\": 4", 6, 4);
	run_order(", \"order\": \"none\"", 1, 8);
	run_order(", \"order\": \"none\", \"max_in_flight\": 20", 2, 20);
}

/* Even when one is asked for again: what waits behind it comes back too. */
static void
test_order_after_trouble(void **state)
{
	static struct contract_event e[40];
	struct bench *b = bench_make("");
	char *id, *last = NULL;
	size_t i, n;

	(void)state;
	for (i = 0; i < 40; i++)
		e[i] = contract_event("INBOX", (uint32_t)i + 10, 100);
	http_server_hold(b->server, 1);
	for (i = 0; i < 40; i++)
		assert_true(contract_submit(&b->c, &e[i]));
	http_server_answer(b->server, 503, NULL, NULL, "");
	http_server_release(b->server);
	contract_wait_int(&b->c, &b->c.state, 0, 5000);
	for (i = 0; i < 40; i++)
		assert_int_equal(e[i].answer, CONTRACT_RETRY);
	http_server_answer(b->server, 204, NULL, NULL, "");
	contract_store(&b->c, e, 40, 20000);
	n = http_server_count(b->server);
	assert_int_equal(n, 41);
	for (i = 1; i < n; i++) {
		id = http_server_header(b->server, i, "ce-id");
		assert_true(last == NULL || strcmp(last, id) < 0);
		free(last);
		last = id;
	}
	free(last);
	bench_end(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_other_modes),
		cmocka_unit_test(test_in_flight),
		cmocka_unit_test(test_order_after_trouble),
	};

	return (sink_contract_run("webhook", &far_side) +
	    cmocka_run_group_tests_name("webhook sink", tests, NULL, NULL));
}
