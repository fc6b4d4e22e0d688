#include <hiredis/hiredis.h>
#include <hiredis/async.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bridge/buf.h"
#include "bridge/envelope/event.h"
#include "sinks/redis_command.h"
#include "sinks/redis_config.h"
#include "sinks/redis_once.h"

#define MAX_ARGS 32
#define NUMBER 24

/* The list of holes: the window's worth of UIDs and more. */
#define MAX_HOLES ((size_t)1024 * 1024)
#define MAX_FIELD ((size_t)64 * 1024)

/* Strings are borrowed until it is sent. */
struct command {
	const char *argv[MAX_ARGS];
	size_t len[MAX_ARGS];
	int argc;
};

static void
add(struct command *c, const char *s, size_t len)
{
	c->argv[c->argc] = s;
	c->len[c->argc++] = len;
}

static void
add_text(struct command *c, const char *s)
{
	add(c, s, strlen(s));
}

static void
add_number(struct command *c, char text[NUMBER], uint64_t n)
{
	(void)snprintf(text, NUMBER, "%" PRIu64, n);
	add_text(c, text);
}

static void
add_attributes(struct command *c, const struct event *ev)
{
	add_text(c, "ce_id");
	add_text(c, ev->id);
	add_text(c, "ce_source");
	add_text(c, ev->source);
	add_text(c, "ce_type");
	add_text(c, ev->type);
	/* CloudEvents knows no empty attribute, only an absent one. */
	if (ev->time[0] != '\0') {
		add_text(c, "ce_time");
		add_text(c, ev->time);
	}
	add_text(c, "ce_specversion");
	add_text(c, "1.0");
}

/* Redis has no binding of CloudEvents' own: as the one for Kafka, with fields
 * in place of headers. */
static void
add_fields(struct command *c, const struct event *ev)
{
	if (ev->attributes)
		add_attributes(c, ev);
	add_text(c, "content-type");
	add_text(c, ev->content_type);
	add_text(c, "data");
	add(c, ev->data, ev->len);
}

int
redis_command_xadd(redisAsyncContext *ac, const struct redis_config *config,
    const struct event *ev, redisCallbackFn *fn, void *arg)
{
	struct command c = { .argc = 0 };
	char maxlen[NUMBER];

	add_text(&c, "XADD");
	add_text(&c, config->stream);
	if (config->maxlen != 0) {
		add_text(&c, "MAXLEN");
		add_text(&c, "~");
		add_number(&c, maxlen, config->maxlen);
	}
	add_text(&c, "*");
	add_fields(&c, ev);
	if (redisAsyncCommandArgv(ac, fn, arg, c.argc, c.argv, c.len) !=
	    REDIS_OK)
		return (-1);
	return (0);
}

int
redis_command_once(redisAsyncContext *ac, const struct redis_config *config,
    struct redis_once *once, const char *sha, const struct event *ev,
    redisCallbackFn *fn, void *arg)
{
	char validity[NUMBER], uid[NUMBER], prev[NUMBER], maxlen[NUMBER];
	struct command c = { .argc = 0 };
	struct buf field, holes;
	uint32_t previous;
	int rc = -1;

	buf_init(&field, MAX_FIELD);
	buf_init(&holes, MAX_HOLES);
	if (buf_printf(&field, "%s/%s", ev->account, ev->mailbox) == -1 ||
	    redis_once_sent(once, ev, &previous, &holes) == -1)
		goto out;
	add_text(&c, "EVALSHA");
	add_text(&c, sha);
	add_text(&c, "2");
	add_text(&c, config->stream);
	add_text(&c, config->checkpoint);
	add(&c, field.data, field.len);
	add_number(&c, validity, ev->uidvalidity);
	add_number(&c, uid, ev->uid);
	add_number(&c, prev, previous);
	add(&c, holes.data != NULL ? holes.data : "", holes.len);
	add_number(&c, maxlen, config->maxlen);
	add_fields(&c, ev);
	rc = 0;
	if (redisAsyncCommandArgv(ac, fn, arg, c.argc, c.argv, c.len) !=
	    REDIS_OK) {
		redis_once_answered(once, ev, 0);
		rc = -1;
	}
out:
	buf_free(&field);
	buf_free(&holes);
	return (rc);
}
