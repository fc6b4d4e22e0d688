/* Does each sink's far side answer?  Nothing is published. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/cli/check_private.h"
#include "bridge/config/config.h"
#include "bridge/config/section.h"
#include "bridge/fault.h"
#include "sinks/sink.h"

struct check_sink {
	struct check *check;
	const struct config_sink *config;
	struct sink *sink;
	int done;
};

static void
on_answer(
    void *arg, void *ticket, enum sink_verdict verdict, const struct fault *why)
{
	(void)arg;
	(void)ticket;
	(void)verdict;
	(void)why;
}

static void
on_ready(void *arg)
{
	(void)arg;
}

static void
on_state(void *arg, int up, const struct fault *why)
{
	struct check_sink *s = arg;

	if (s->done)
		return;
	s->done = 1;
	if (up)
		printf("%s: reachable\n", s->config->path);
	else
		check_bad(s->check, s->config->path, why);
	check_done(s->check);
}

static void
begin(struct check_sink *s)
{
	const struct sink_ops *ops = sinks_find(s->config->type);
	struct sink_host host = { .loop = &s->check->loop,
		.name = s->config->name,
		.arg = s,
		.checking = 1,
		.answer = on_answer,
		.ready = on_ready,
		.state = on_state };
	struct section *section;
	struct fault f;

	s->check->pending++;
	section = section_new(
	    s->check->config->source, s->config->value, s->config->path);
	(void)section_choice(section, "type", sinks_types(), 0);
	if ((s->sink = ops->open(section, &host, &f)) == NULL)
		on_state(s, 0, &f);
	(void)section_end(section, NULL);
}

void
check_sinks(struct check *c)
{
	size_t i;

	c->sinks = calloc(c->config->nsinks + 1, sizeof(*c->sinks));
	for (i = 0; c->sinks != NULL && i < c->config->nsinks; i++) {
		c->sinks[i].check = c;
		c->sinks[i].config = &c->config->sinks[i];
		begin(&c->sinks[i]);
	}
}

static void
on_closed(void *arg)
{
	(void)arg;
}

void
check_sinks_end(struct check *c)
{
	struct check_sink *s;
	struct fault f;
	size_t i;

	fault_set(&f, FAULT_RETRY, "no answer in time");
	for (i = 0; c->sinks != NULL && i < c->config->nsinks; i++) {
		s = &c->sinks[i];
		if (!s->done)
			on_state(s, 0, &f);
		if (s->sink != NULL)
			s->sink->ops->close(s->sink, on_closed, NULL);
	}
}

void
check_sinks_free(struct check *c)
{
	free(c->sinks);
}
