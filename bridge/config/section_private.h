/* section_private.h - what the files of the section module share: section.c has
 * its life and its mistakes, section_read.c the readers of values. */
#ifndef SECTION_PRIVATE_H
#define SECTION_PRIVATE_H

#include "bridge/config/section.h"
#include "bridge/config/source.h"
#include "bridge/fault.h"

struct section {
	const struct config_source *src;
	json_t *object;		/* borrowed; NULL if the value is no mapping */
	struct section *parent; /* or NULL */
	char *path;
	struct source_place at;
	const char **known; /* every key that was asked for */
	size_t nknown;
	struct fault first; /* FAULT_NONE while there is no mistake */
	int missing;	    /* ... and it is only that a key is missing */
};

/* ${p}, which is not NULL: a config is read by start-up and by people's
 * commands, not at a peer's wish, and without memory there is no program. */
void *section_must(void *p);

/* Note that ${value} at ${key} is of another type than ${expected}. */
void section_wrong_type(struct section *, const char *key, const char *expected,
    const json_t *value);

#endif
