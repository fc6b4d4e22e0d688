#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sinks/sinks.h"
#include "webhook_bench.h"

struct bench *
bench_make(const char *more)
{
	struct bench *b = calloc(1, sizeof(*b));
	char config[1024];

	assert_non_null(b);
	b->server = http_server_new();
	contract_init(&b->c);
	(void)snprintf(config, sizeof(config),
	    "{\"url\": \"http://127.0.0.1:%d/hook?key=hidden\"%s}",
	    b->server->port, more);
	if (contract_open(&b->c, &webhook_ops, config) == NULL)
		fail_msg("%s", b->c.why);
	contract_wait_int(&b->c, &b->c.state, 1, 5000);
	return (b);
}

void
bench_end(struct bench *b)
{
	http_server_release(b->server);
	contract_close(&b->c, 0);
	contract_end(&b->c);
	http_server_free(b->server);
	free(b);
}

static int
is_answered(struct contract *c, void *arg)
{
	(void)c;
	return (((struct contract_event *)arg)->answer != CONTRACT_TAKEN);
}

void
bench_wait(struct bench *b, struct contract_event *e)
{
	contract_wait(&b->c, is_answered, e, 10000);
}

enum contract_answer
bench_answered(struct bench *b, unsigned status, const char *name,
    const char *value, struct contract_event *e)
{
	*e = contract_event("INBOX", 1, 100);
	http_server_answer(
	    b->server, status, name, value, "what\nthe \x01\xffserver says");
	assert_true(contract_submit(&b->c, e));
	bench_wait(b, e);
	return (e->answer);
}

void
bench_assert_header(
    struct bench *b, size_t i, const char *name, const char *value)
{
	char *found = http_server_header(b->server, i, name);

	if (value == NULL) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_string_equal(found, value);
	free(found);
}
