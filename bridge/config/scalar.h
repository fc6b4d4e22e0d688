/* scalar.h - what a plain YAML scalar means: the core schema of YAML 1.2,
 * section 10.3.2. */
#ifndef SCALAR_H
#define SCALAR_H

#include <jansson.h>
#include <stddef.h>

/* The value of the NUL-ended text of ${len} bytes: null, a boolean, an integer,
 * a real, or else a string.  NULL with the reason in *why for a number that
 * JSON or 64 bits cannot hold; NULL with *why NULL if memory is out. */
json_t *scalar_resolve(const char *text, size_t len, const char **why);

#endif
