#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/cli/status_sink.h"
#include "bridge/cli/table.h"
#include "bridge/config/config.h"
#include "bridge/report.h"

/* What the daemon wrote last; NULL if it wrote nothing yet, or none runs. */
static json_t *
load(const struct config *cfg, int running)
{
	json_t *all;
	char *path;

	if (!running || asprintf(&path, "%s/sinks.json", cfg->state) == -1)
		return (NULL);
	all = json_load_file(path, 0, NULL);
	free(path);
	return (all);
}

/* ${all} keeps the texts. */
static struct report_sink
read_sink(const char *name, const json_t *all, int running)
{
	const json_t *one = json_object_get(all, name);
	const char *state = json_string_value(json_object_get(one, "state"));
	const char *error =
	    json_string_value(json_object_get(one, "lastError"));

	if (state == NULL)
		state = running ? "unused" : "stopped";
	return ((struct report_sink){ .name = name,
	    .state = state,
	    .unanswered = (uint64_t)json_integer_value(
		json_object_get(one, "unanswered")),
	    .oldest_seconds = (uint64_t)json_integer_value(
		json_object_get(one, "oldestSeconds")),
	    .error = error != NULL ? error : "" });
}

void
status_sink_print(const struct config *cfg, int running)
{
	static const char *const headers[] = { "SINK", "STATE", "UNANSWERED",
		"OLDEST SECONDS", "LAST ERROR", NULL };
	json_t *all = load(cfg, running);
	struct report_sink s;
	struct table *t;
	size_t i;

	t = table_new(headers);
	for (i = 0; i < cfg->nsinks; i++) {
		s = read_sink(cfg->sinks[i].name, all, running);
		table_text(t, s.name);
		table_text(t, s.state);
		table_number(t, s.unanswered);
		table_number(t, s.oldest_seconds);
		table_text(t, s.error[0] != '\0' ? s.error : "-");
	}
	putchar('\n');
	table_end(t, stdout);
	json_decref(all);
}

void
status_sink_report(const struct config *cfg, int running, struct report *r)
{
	json_t *all = load(cfg, running);
	struct report_sink s;
	size_t i;

	for (i = 0; i < cfg->nsinks; i++) {
		s = read_sink(cfg->sinks[i].name, all, running);
		report_sink(r, &s);
	}
	json_decref(all);
}
