#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "bridge/envelope/event.h"
#include "redis_bench.h"
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

void
redis_bench_forget(void)
{
	(void)stream(NULL);
}

unsigned
redis_bench_count(struct redis_server *s, const struct event *ev)
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

void
redis_bench_open(struct redis_bench *b, int marks)
{
	contract_init(&b->c);
	if (marks)
		contract_give_marks(&b->c);
	if (contract_open(&b->c, &redis_ops, b->config) == NULL)
		fail_msg("%s", b->c.why);
}

void
redis_bench_close(struct redis_bench *b)
{
	contract_close(&b->c, 0);
	contract_end(&b->c);
}

struct redis_bench *
redis_bench_make(const char *options, const char *more, int marks)
{
	struct redis_bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	redis_server_start(&b->server, options);
	(void)snprintf(b->config, sizeof(b->config),
	    "{\"url\": \"redis://127.0.0.1:%d\"%s}", b->server.port, more);
	redis_bench_open(b, marks);
	return (b);
}

void
redis_bench_end(struct redis_bench *b)
{
	redis_bench_forget();
	redis_bench_close(b);
	redis_server_end(&b->server);
	free(b);
}

const char *
redis_bench_text(struct redis_server *s, const char *fmt, ...)
{
	static char text[4096];
	redisReply *r;
	va_list ap;

	va_start(ap, fmt);
	r = redisvCommand(s->admin, fmt, ap);
	va_end(ap);
	assert_non_null(r);
	(void)snprintf(text, sizeof(text), "%s", r->str != NULL ? r->str : "");
	freeReplyObject(r);
	return (text);
}
