#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/auth/secret.h"
#include "bridge/config/section.h"
#include "bridge/limits.h"
#include "sinks/exec/exec_config.h"

#define DEFAULT_TIMEOUT_SECONDS 30

static void
read_command(struct exec_config *c, struct section *s)
{
	const char **words = section_words(s, "command");
	size_t i, n = 0;

	while (words != NULL && words[n] != NULL)
		n++;
	if (words != NULL &&
	    (c->command = calloc(n + 1, sizeof(char *))) == NULL)
		section_error(s, "command", "out of memory");
	for (i = 0; c->command != NULL && i < n; i++)
		c->command[i] = strdup(words[i]);
	free(words);
}

static int
is_name(const char *s)
{
	return (*s != '\0' && (*s < '0' || *s > '9') &&
	    s[strspn(s,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789_")] == '\0');
}

static void
read_variable(struct exec_variable *v, struct section *s, const char *name)
{
	v->name = strdup(name);
	if (!is_name(name))
		section_error(s, name, "is no name of a variable");
	if (json_is_object(section_value(s, name)))
		v->secret = section_secret(s, name);
	else
		v->value = strdup(section_string(s, name, ""));
}

static void
read_environment(struct exec_config *c, struct section *parent)
{
	struct section *s;
	json_t *object, *value;
	const char *name;

	object = section_value(parent, "environment");
	if ((s = section_child(parent, "environment")) == NULL)
		return;
	c->variables =
	    calloc(json_object_size(object) + 1, sizeof(*c->variables));
	if (c->variables == NULL)
		section_error(s, NULL, "out of memory");
	else {
		json_object_foreach(object, name, value)
		{
			read_variable(&c->variables[c->nvariables++], s, name);
		}
	}
	(void)section_end(s, NULL);
}

void
exec_config_read(struct exec_config *c, struct section *s)
{
	memset(c, 0, sizeof(*c));
	read_command(c, s);
	read_environment(c, s);
	/* The config file's own folder. */
	c->folder = section_path(s, "folder", ".");
	c->in_flight = (unsigned)section_integer(
	    s, "max_in_flight", 1, 1, LIMIT_EXEC_IN_FLIGHT);
	c->timeout_ms = 1000 *
	    (unsigned)section_integer(s, "timeout_seconds",
		DEFAULT_TIMEOUT_SECONDS, 1, LIMIT_SINK_TIMEOUT_SECONDS);
	c->max_event_bytes = (size_t)section_bytes(
	    s, "max_event_bytes", 0, LIMIT_EVENT_BYTES_MIN, SIZE_MAX / 2);
}

void
exec_config_clear(struct exec_config *c)
{
	size_t i;

	for (i = 0; c->command != NULL && c->command[i] != NULL; i++)
		free(c->command[i]);
	for (i = 0; i < c->nvariables; i++) {
		free(c->variables[i].name);
		free(c->variables[i].value);
		secret_free(c->variables[i].secret);
	}
	free(c->command);
	free(c->folder);
	free(c->variables);
	memset(c, 0, sizeof(*c));
}
