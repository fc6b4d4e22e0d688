/* span.h - some bytes of a message, borrowed, not NUL-ended. */
#ifndef SPAN_H
#define SPAN_H

#include <stddef.h>

struct span {
	const char *data; /* may be NULL where len is 0 */
	size_t len;
};

#define SPAN(s) ((struct span){ (s), sizeof(s) - 1 })

/* Is ${c} a space or tab; or one of these, CR or LF? */
int span_blank(char c);
int span_space(char c);

/* The ASCII letter in lower case; any other octet as it is. */
char span_lower(char c);

/* Without blanks, CR and LF at both ends. */
struct span span_trim(struct span);

/* ${from} up to ${to}, which both may be past the end: then empty, and there.
 */
struct span span_cut(struct span, size_t from, size_t to);

/* Is it the NUL-ended text; does it start with it?  Without regard to the case
 * of ASCII letters. */
int span_is(struct span, const char *);
int span_starts(struct span, const char *);

/* The octets up to the first ${c}, which is removed from ${rest} with them; all
 * of it when there is none. */
struct span span_split(struct span *rest, char c);

#endif
