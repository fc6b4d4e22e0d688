/* response_private.h - between the framing (response.c) and the reading of
 * whole lines (response_line.c). */
#ifndef RESPONSE_PRIVATE_H
#define RESPONSE_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

struct response;

/* Read the whole response in ${line} (NUL-ended, ${len} octets, line end and
 * literals replaced) into ${r}.  The line is changed: strings of ${r} point
 * into it.  What cannot be read becomes RESPONSE_OTHER, or an item that is
 * absent. */
void response_read_line(char *line, size_t len, struct response *r);

/* The UID that a FETCH response has told so far, its ${len} octets at ${line}
 * being only its start; 0 if none.  The line is left as it is. */
uint32_t response_read_uid(const char *line, size_t len);

/* The rest of "* LIST" and of "* STATUS" (response_mailbox.c). */
void response_read_list(char *s, struct response *r);
void response_read_counts(char *s, struct response *r);

/* The end of the quoted string at ${s} (after its closing quote), its escapes
 * undone in place; *value and *len are what stands between the quotes. */
char *response_read_quoted(char *s, const char **value, size_t *len);

/* The number at ${s}, which must end where a word can end: 1, or 0. */
int response_read_number(const char *s, uint64_t *n);

#endif
