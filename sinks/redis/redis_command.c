#include <hiredis/hiredis.h>
#include <hiredis/async.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/envelope/event.h"
#include "sinks/redis/redis_command.h"
#include "sinks/redis/redis_config.h"

/* Enough for an XADD. */
#define FIRST_ARGS 24

/* Numbers in one command: maxlen, the number of marks. */
#define MAX_NUMBERS 4

struct redis_args {
	const char **argv;
	size_t *len;
	size_t argc, max;
	char numbers[MAX_NUMBERS][24];
	size_t nnumbers;
	int failed;
};

struct redis_args *
redis_args_new(void)
{
	return (calloc(1, sizeof(struct redis_args)));
}

static void
add(struct redis_args *a, const char *s, size_t len)
{
	size_t *lens, max = a->max == 0 ? FIRST_ARGS : 2 * a->max;
	const char **argv;

	if (a->argc == a->max) {
		argv = reallocarray(a->argv, max, sizeof(*argv));
		if (argv != NULL)
			a->argv = argv;
		lens = reallocarray(a->len, max, sizeof(*lens));
		if (lens != NULL)
			a->len = lens;
		if (argv == NULL || lens == NULL) {
			a->failed = 1;
			return;
		}
		a->max = max;
	}
	a->argv[a->argc] = s;
	a->len[a->argc++] = len;
}

void
redis_args_add(struct redis_args *a, const char *text)
{
	if (a != NULL)
		add(a, text, strlen(text));
}

void
redis_args_number(struct redis_args *a, unsigned long long n)
{
	char *text;

	if (a == NULL)
		return;
	text = a->numbers[a->nnumbers++];
	(void)snprintf(text, sizeof(a->numbers[0]), "%llu", n);
	redis_args_add(a, text);
}

static void
add_pair(struct redis_args *a, const char *name, const char *value)
{
	redis_args_add(a, name);
	redis_args_add(a, value);
}

/* Redis has no binding of CloudEvents' own: as the one for Kafka, with fields
 * in place of headers. */
void
redis_args_event(struct redis_args *a, const struct event *ev)
{
	if (a == NULL)
		return;
	if (ev->attributes) {
		add_pair(a, "ce_id", ev->id);
		add_pair(a, "ce_source", ev->source);
		add_pair(a, "ce_type", ev->type);
		/* CloudEvents knows no empty attribute, only an absent one. */
		if (ev->time[0] != '\0')
			add_pair(a, "ce_time", ev->time);
		add_pair(a, "ce_specversion", "1.0");
	}
	add_pair(a, "content-type", ev->content_type);
	redis_args_add(a, "data");
	add(a, ev->data, ev->len);
}

void
redis_args_xadd(struct redis_args *a, const struct redis_config *config)
{
	add_pair(a, "XADD", config->stream);
	if (config->maxlen != 0) {
		add_pair(a, "MAXLEN", "~");
		redis_args_number(a, config->maxlen);
	}
	redis_args_add(a, "*");
}

int
redis_args_send(
    struct redis_args *a, redisAsyncContext *ac, redisCallbackFn *fn, void *arg)
{
	int rc = -1;

	if (a == NULL)
		return (-1);
	if (!a->failed && a->argc <= INT_MAX &&
	    redisAsyncCommandArgv(ac, fn, arg, (int)a->argc, a->argv, a->len) ==
		REDIS_OK)
		rc = 0;
	redis_args_free(a);
	return (rc);
}

void
redis_args_free(struct redis_args *a)
{
	if (a == NULL)
		return;
	free(a->argv);
	free(a->len);
	free(a);
}
