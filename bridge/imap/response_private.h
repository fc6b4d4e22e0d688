/* response_private.h - between the framing (response.c) and the reading of
 * whole lines (response_line.c). */
#ifndef RESPONSE_PRIVATE_H
#define RESPONSE_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "bridge/imap/response.h"

/* Read the whole response in ${line} (NUL-ended, ${len} octets, line end and
 * literals replaced) into ${r}.  The line is changed: strings of ${r} point
 * into it.  What cannot be read becomes RESPONSE_OTHER, or an item that is
 * absent. */
void response_read_line(char *line, size_t len, struct response *r);

/* Which section of a message is the item that ends before ${end} in ${line}:
 * "BODY[TEXT]<0> ".  1 with *section, *origin; 0 if it is none. */
int response_read_section(const char *line, size_t end,
    enum response_section *section, uint64_t *origin);

/* The UID that a FETCH response has told so far, its ${len} octets at ${line}
 * being only its start; 0 if none.  The line is left as it is. */
uint32_t response_read_uid(const char *line, size_t len);

/* The rest of "* LIST" and of "* STATUS" (response_mailbox.c). */
void response_read_list(char *s, struct response *r);
void response_read_counts(char *s, struct response *r);

/* One item of a FETCH that is no message data (response_item.c): its name of
 * ${len} octets, and its value at ${s}.  What follows it, or NULL if the item
 * is another one. */
char *response_read_fact(
    const char *name, size_t len, char *s, struct response_fetch *fetch);

/* Past the value at ${s}: an atom, a string or a balanced list. */
char *response_skip_value(char *s);

/* The end of the quoted string at ${s} (after its closing quote), its escapes
 * undone in place; *value and *len are what stands between the quotes. */
char *response_read_quoted(char *s, const char **value, size_t *len);

/* The number at ${s}, which must end where a word can end: 1, or 0. */
int response_read_number(const char *s, uint64_t *n);

#endif
