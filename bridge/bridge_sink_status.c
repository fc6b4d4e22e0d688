/* What `mailbridge status` shows of the sinks: written to the state directory,
 * "sinks.json", whenever it changes. */
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge/bridge_private.h"
#include "bridge/config/config.h"
#include "bridge/fault.h"
#include "bridge/limits.h"
#include "bridge/publish/pipeline.h"
#include "bridge/report.h"
#include "bridge/store/durable.h"

struct bridge_sink_status {
	uv_work_t work;
	struct bridge *bridge;
	char *text;    /* being written; NULL: none is */
	char *written; /* last */
	int failed;
};

int
bridge_sink_facts(const struct bridge *b, size_t i, struct report_sink *s)
{
	struct pipeline *p = b->pipelines[i];

	if (p == NULL)
		return (0);
	*s = (struct report_sink){ .name = b->config->sinks[i].name,
		.state = "up",
		.unanswered = pipeline_count(p),
		.oldest_seconds = pipeline_oldest_ms(p) / 1000,
		.error = pipeline_error(p) };
	if (!pipeline_reachable(p))
		s->state = s->error[0] != '\0' ? "down" : "connecting";
	else if (s->oldest_seconds >= LIMIT_SINK_SLOW_SECONDS ||
	    s->error[0] != '\0')
		s->state = "slow";
	return (1);
}

/* The numbers only of a sink in trouble: otherwise they change all the time,
 * and nobody asks. */
static char *
describe(const struct bridge *b)
{
	json_t *all = json_object(), *one;
	struct report_sink s;
	char *text;
	size_t i;

	for (i = 0; i < b->config->nsinks; i++) {
		if (!bridge_sink_facts(b, i, &s))
			continue;
		one = json_object();
		json_object_set_new(one, "state", json_string(s.state));
		if (strcmp(s.state, "up") != 0) {
			json_object_set_new(one, "unanswered",
			    json_integer((json_int_t)s.unanswered));
			json_object_set_new(one, "oldestSeconds",
			    json_integer((json_int_t)s.oldest_seconds));
			/* NULL, and so left out, if it is no UTF-8. */
			json_object_set_new(
			    one, "lastError", json_string(s.error));
		}
		json_object_set_new(all, s.name, one);
	}
	text = json_dumps(all, JSON_INDENT(2));
	json_decref(all);
	return (text);
}

static void
on_write(uv_work_t *work)
{
	struct bridge_sink_status *s = work->data;
	struct fault f;
	int dirfd;

	dirfd =
	    open(s->bridge->config->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->failed = dirfd == -1 ||
	    durable_write(dirfd, "sinks.json", s->text, strlen(s->text), &f) ==
		-1;
	if (dirfd != -1)
		close(dirfd);
}

/* A disk that cannot be written is told of by the checkpoint, which is on the
 * same; this is tried again with the next look. */
static void
on_written(uv_work_t *work, int status)
{
	struct bridge_sink_status *s = work->data;

	(void)status;
	free(s->failed ? s->text : s->written);
	if (!s->failed)
		s->written = s->text;
	s->text = NULL;
}

void
bridge_sink_status(struct bridge *b)
{
	struct bridge_sink_status *s = b->sink_status;
	char *text;

	if (!b->letters || b->phase == BRIDGE_CLOSING)
		return;
	if (s == NULL && (s = calloc(1, sizeof(*s))) == NULL)
		return;
	b->sink_status = s;
	s->bridge = b;
	if (s->text != NULL || (text = describe(b)) == NULL)
		return;
	if (s->written != NULL && strcmp(s->written, text) == 0) {
		free(text);
		return;
	}
	s->text = text;
	s->work.data = s;
	uv_queue_work(&b->loop, &s->work, on_write, on_written);
}

void
bridge_free_sink_status(struct bridge *b)
{
	if (b->sink_status != NULL)
		free(b->sink_status->written);
	free(b->sink_status);
}
