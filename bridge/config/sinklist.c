#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/config/config.h"
#include "bridge/config/section.h"
#include "bridge/config/sinklist.h"
#include "bridge/config/suggest.h"

/* The index of the sink called ${name}; a mistake is noted at ${key}, in a list
 * at its item ${item}. */
static size_t
find_sink(struct section *s, const char *key, int item,
    const struct config *cfg, const char *name)
{
	const char *near = NULL, **names;
	char text[256];
	size_t i;

	/* That there is none at all has been told. */
	if (cfg->nsinks == 0)
		return (0);
	for (i = 0; i < cfg->nsinks; i++) {
		if (strcmp(cfg->sinks[i].name, name) == 0)
			return (i);
	}
	if ((names = calloc(cfg->nsinks + 1, sizeof(*names))) != NULL) {
		for (i = 0; i < cfg->nsinks; i++)
			names[i] = cfg->sinks[i].name;
		near = suggest_nearest(name, names, cfg->nsinks);
	}
	(void)snprintf(text, sizeof(text), "no sink is called \"%s\"%s%s%s",
	    name, near != NULL ? ", did you mean \"" : "",
	    near != NULL ? near : "", near != NULL ? "\"?" : "");
	if (item >= 0)
		section_item_error(s, key, (size_t)item, "%s", text);
	else
		section_error(s, key, "%s", text);
	free(names);
	return (0);
}

/* "events, audit" */
static void
sink_names(const struct config *cfg, char *text, size_t size)
{
	size_t i, len = 0;
	int n;

	text[0] = '\0';
	for (i = 0; i < cfg->nsinks && len < size; i++) {
		n = snprintf(text + len, size - len, "%s%s", i == 0 ? "" : ", ",
		    cfg->sinks[i].name);
		len += n > 0 ? (size_t)n : 0;
	}
}

static void
read_list(struct section *s, const struct config *cfg, json_t *list,
    struct config_account *a)
{
	size_t i, j, n = json_array_size(list), sink;

	if (n == 0)
		section_error(s, "sink", "is empty");
	for (i = 0; i < n; i++) {
		sink = find_sink(
		    s, "sink", (int)i, cfg, section_item_string(s, "sink", i));
		for (j = 0; j < a->nsinks; j++) {
			if (a->sinks[j] == sink && !section_failed(s))
				section_item_error(
				    s, "sink", i, "is listed twice");
		}
		a->sinks[a->nsinks++] = sink;
	}
}

void
sinklist_read(struct section *s, const struct config *cfg, int required,
    struct config_account *a)
{
	json_t *value;
	char names[256];

	value = section_value(s, "sink");
	a->sinks = calloc(json_array_size(value) + 1, sizeof(*a->sinks));
	if (a->sinks == NULL) {
		section_error(s, "sink", "out of memory");
		return;
	}
	if (value == NULL && cfg->nsinks > 1 && required) {
		sink_names(cfg, names, sizeof(names));
		section_error(s, NULL,
		    "the key \"sink\" is missing: it is needed because there "
		    "are several sinks (%s)",
		    names);
	}
	if (json_is_array(value))
		read_list(s, cfg, value, a);
	else if (value == NULL)
		a->sinks[a->nsinks++] = 0;
	else
		a->sinks[a->nsinks++] = find_sink(
		    s, "sink", -1, cfg, section_string(s, "sink", ""));
}

void
sinklist_read_dead_letter(struct section *s, struct config *cfg)
{
	const char *name = section_string(s, "dead_letter", NULL);

	cfg->dead_letter = CONFIG_NO_SINK;
	if (name != NULL)
		cfg->dead_letter = find_sink(s, "dead_letter", -1, cfg, name);
}
