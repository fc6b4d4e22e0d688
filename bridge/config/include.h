/* include.h - the main file and what its "include:" names, as one tree. */
#ifndef INCLUDE_H
#define INCLUDE_H

#include <jansson.h>

struct config_source;
struct fault;

/* Read ${path} and the files its "include:" patterns match, relative to its
 * folder and sorted: lists are appended, mappings merged, and a key that two
 * files define is a mistake that names both places.  The mapping, without
 * "include", which the source keeps; NULL with ${f}. */
json_t *include_read(struct config_source *, const char *path, struct fault *f);

#endif
