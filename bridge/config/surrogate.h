/* surrogate.h - the one thing that JSON has and libyaml refuses: characters
 * beyond U+FFFF written as two escapes, "\ud83d\ude00" (RFC 8259 section 7). */
#ifndef SURROGATE_H
#define SURROGATE_H

#include <stddef.h>

/* A copy of the ${len} bytes of ${text} in which each such pair is the one
 * escape of YAML, "\U0001f600"; its length in *len.  To be freed; NULL if
 * memory is out. */
char *surrogate_join(const char *text, size_t *len);

#endif
