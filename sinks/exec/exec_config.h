/* exec_config.h - the keys of a sink of type exec. */
#ifndef EXEC_CONFIG_H
#define EXEC_CONFIG_H

#include <stddef.h>

struct fault;
struct secret;
struct section;

/* A variable of the program's environment: a value, or a reference to one. */
struct exec_variable {
	char *name;
	char *value; /* or NULL */
	struct secret *secret;
};

struct exec_config {
	char **command; /* NULL-ended */
	char *folder;	/* where it runs */
	struct exec_variable *variables;
	size_t nvariables;
	unsigned in_flight;
	unsigned timeout_ms;
	size_t max_event_bytes; /* 0: no limit */
};

/* Read the section; mistakes are noted in it.  Fills in ${c} either way; the
 * caller gives it back with exec_config_clear(). */
void exec_config_read(struct exec_config *c, struct section *s);

void exec_config_clear(struct exec_config *c);

/* The program's whole environment, "NAME=value", NULL-ended: a few harmless
 * ones of ours, MAILBRIDGE_SINK, and those of the config, whose secrets are
 * read now.  To be ended with exec_environment_free(), which wipes it.  NULL
 * with ${f}. */
char **exec_environment(
    const struct exec_config *, const char *sink, struct fault *f);
void exec_environment_free(char **);

/* Is there such a program, and may we start it?  0, or -1 with ${f}. */
int exec_find(
    const struct exec_config *, char *const *environment, struct fault *f);

#endif
