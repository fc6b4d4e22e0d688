/* quoted.h - quoted-printable (RFC 2045 section 6.7) and its form for encoded
 * words (RFC 2047 section 4.2). */
#ifndef QUOTED_H
#define QUOTED_H

#include <stddef.h>

#include "bridge/envelope/span.h"

/* Decode ${in} to ${out}, which has in.len bytes.  What is no valid escape
 * stays as it is and sets *damaged.  Line ends stay as they are.  Returns the
 * number of octets. */
size_t quoted_decode(struct span in, char *out, int *damaged);

/* The same for the text of an encoded word: '_' is a space. */
size_t quoted_decode_word(struct span in, char *out);

/* The value of two hex digits at ${p}, or -1. */
int quoted_hex(const char *p);

#endif
