/* utf8.h - what is well-formed UTF-8 (RFC 3629: no surrogates, nothing
 * overlong, nothing above U+10FFFF). */
#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>
#include <stdint.h>

#include "bridge/envelope/span.h"

/* The length of the character at the start of ${p}, of which ${len} > 0 bytes
 * may be read; 0 if there is none. */
size_t utf8_length(const char *p, size_t len);

/* The length of the longest start that is ASCII, or well-formed. */
size_t utf8_ascii(struct span);
size_t utf8_valid(struct span);

/* Write the character ${code} to ${out} and return its length; what is no
 * character becomes U+FFFD. */
size_t utf8_encode(uint32_t code, char out[4]);

/* At most ${max} bytes of a text: where that would cut a well-formed character,
 * up to 3 less. */
size_t utf8_floor(struct span, size_t max);

#endif
