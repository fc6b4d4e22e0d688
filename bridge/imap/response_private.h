/* response_private.h - between the framing (response.c) and the reading of
 * whole lines (response_line.c). */
#ifndef RESPONSE_PRIVATE_H
#define RESPONSE_PRIVATE_H

#include <stddef.h>

struct response;

/* Read the whole response in ${line} (NUL-ended, ${len} octets, line end and
 * literals replaced) into ${r}.  The line is changed: strings of ${r} point
 * into it.  What cannot be read becomes RESPONSE_OTHER, or an item that is
 * absent. */
void response_read_line(char *line, size_t len, struct response *r);

#endif
