/* The sinks that are used, and the routes to them. */
#include <stdlib.h>
#include <string.h>

#include "bridge/bridge_private.h"
#include "bridge/config/config.h"
#include "bridge/fault.h"
#include "bridge/ops/log.h"
#include "bridge/publish/pipeline.h"
#include "bridge/publish/route.h"
#include "sinks/sink.h"

/* How often it is looked whether a sink is behind. */
#define LOOK_MS 5000

/* There is nobody left to publish to. */
static void
on_ended(void *arg, const struct fault *why)
{
	struct bridge *b = arg;

	if (b->phase != BRIDGE_RUNNING)
		return;
	log_write(LOG_ERROR, "bridge", NULL, "stopping: %s", why->text);
	b->exit_code = fault_exit_code(why->kind);
	bridge_stop(b);
}

static int
open_pipeline(struct bridge *b, size_t i, struct fault *f)
{
	const struct config *c = b->config;
	struct pipeline_config config = { .loop = &b->loop,
		.source = c->source,
		.envelope = c->envelope,
		.state = c->state,
		.workers = b->workers,
		.keep_marks = b->letters,
		.stored_mark = bridge_stored_mark,
		.marks_loaded = bridge_marks_loaded,
		.attempts = b->attempts,
		.changed = bridge_changed,
		.ended = on_ended,
		.arg = b };

	if (b->pipelines[i] != NULL)
		return (0);
	config.sink = &c->sinks[i];
	config.ops = sinks_find(c->sinks[i].type);
	b->pipelines[i] = pipeline_new(&config, f);
	return (b->pipelines[i] != NULL ? 0 : -1);
}

static int
open_dead_letter(struct bridge *b, struct fault *f)
{
	size_t i, dead = b->config->dead_letter;

	if (dead == CONFIG_NO_SINK)
		return (0);
	if (open_pipeline(b, dead, f) == -1)
		return (-1);
	for (i = 0; i < b->config->nsinks; i++) {
		if (b->pipelines[i] != NULL &&
		    pipeline_set_dead_letter(
			b->pipelines[i], b->pipelines[dead]) == -1)
			return (fault_set(f, FAULT_RETRY, "out of memory"));
	}
	return (0);
}

/* The first list of the same sinks as lists[n], in any order: their route is
 * one. */
static size_t
route_of(const struct bridge_sinks *lists, size_t n)
{
	const struct bridge_sinks *list = &lists[n];
	size_t i, j, k;

	for (i = 0; i < n; i++) {
		if (lists[i].n != list->n)
			continue;
		for (j = 0; j < list->n; j++) {
			for (k = 0; k < list->n; k++) {
				if (lists[i].sinks[k] == list->sinks[j])
					break;
			}
			if (k == list->n)
				break;
		}
		if (j == list->n)
			return (i);
	}
	return (n);
}

static struct route *
open_route(struct bridge *b, const struct bridge_sinks *list, size_t share,
    int letters)
{
	struct route_config config = { .n = list->n,
		.inflight_bytes = share,
		.letters = letters,
		.changed = bridge_changed,
		.arg = b };
	struct pipeline **pipelines;
	struct route *route;
	size_t i;

	if ((pipelines = calloc(list->n, sizeof(struct pipeline *))) == NULL)
		return (NULL);
	for (i = 0; i < list->n; i++)
		pipelines[i] = b->pipelines[list->sinks[i]];
	config.pipelines = pipelines;
	route = route_new(&config);
	free(pipelines);
	return (route);
}

int
bridge_open_sinks(struct bridge *b, const struct bridge_sinks *lists, size_t n,
    int letters, struct fault *f)
{
	const struct config *c = b->config;
	size_t i, j, used = 0, *first;

	b->letters = letters;
	b->pipelines = calloc(c->nsinks, sizeof(struct pipeline *));
	b->routes = calloc(n, sizeof(struct route *));
	b->owned = calloc(n, sizeof(struct route *));
	first = calloc(n, sizeof(*first));
	if (b->pipelines == NULL || b->routes == NULL || b->owned == NULL ||
	    first == NULL)
		goto memory;
	for (i = 0; i < n; i++) {
		first[i] = route_of(lists, i);
		used += first[i] == i;
		for (j = 0; j < lists[i].n; j++) {
			if (open_pipeline(b, lists[i].sinks[j], f) == -1)
				goto fail;
		}
	}
	if (letters && open_dead_letter(b, f) == -1)
		goto fail;
	for (i = 0; i < n; i++) {
		if (first[i] != i) {
			b->routes[i] = b->routes[first[i]];
			continue;
		}
		/* A share each: one dead sink must not starve the others. */
		b->routes[i] = open_route(
		    b, &lists[i], (size_t)(c->inflight_bytes / used), letters);
		if (b->routes[i] == NULL)
			goto memory;
		b->owned[b->nowned++] = b->routes[i];
	}
	free(first);
	return (0);

memory:
	fault_set(f, FAULT_RETRY, "out of memory");
fail:
	free(first);
	return (-1);
}

static void
on_look(uv_timer_t *timer)
{
	struct bridge *b = timer->data;
	size_t i;

	for (i = 0; i < b->nowned; i++)
		route_look(b->owned[i]);
	bridge_sink_status(b);
}

void
bridge_watch_sinks(struct bridge *b)
{
	uv_timer_init(&b->loop, &b->look);
	b->look.data = b;
	uv_timer_start(&b->look, on_look, LOOK_MS, LOOK_MS);
	uv_unref((uv_handle_t *)&b->look);
	bridge_sink_status(b);
}

void
bridge_reload_sinks(struct bridge *b)
{
	struct fault f;
	size_t i;

	for (i = 0; i < b->config->nsinks; i++) {
		if (b->pipelines[i] != NULL &&
		    pipeline_reload(b->pipelines[i], &f) == -1)
			log_write(LOG_ERROR, "sink", b->config->sinks[i].name,
			    "%s; it goes on with the secrets that it has",
			    f.text);
	}
}

void
bridge_free_sinks(struct bridge *b)
{
	size_t i;

	for (i = 0; i < b->nowned; i++)
		route_free(b->owned[i]);
	free(b->owned);
	free(b->routes);
	free(b->pipelines);
	bridge_free_sink_status(b);
}
