/* base64_lines.h - the fast ways through base64 as senders write it: lines of
 * whole groups of four characters.  What is not such a line is left to
 * base64.c. */
#ifndef BASE64_LINES_H
#define BASE64_LINES_H

#include <stddef.h>
#include <stdint.h>

/* The value of a character, or one of these. */
#define BASE64_XX 0x80 /* outside the alphabet */
#define BASE64_SP 0x81 /* white space; NUL too */
#define BASE64_EQ 0x82
extern const uint8_t base64_value[256];

/* Decode whole groups and the line ends between them, from *in on up to ${end},
 * to *out; both move on to the first octet that is neither, mostly the padding
 * or the end.  *out has BASE64_DECODED(end - *in) bytes. */
void base64_lines_decode(const uint8_t **in, const uint8_t *end, char **out);

/* Copy without CR and LF to the ${room} bytes at ${out}; returns the number
 * written, less than all if there is no room. */
size_t base64_lines_join(
    const uint8_t *in, const uint8_t *end, char *out, size_t room);

/* The same octet by octet, for processors without AVX2; and for the tests. */
void base64_lines_decode_plain(
    const uint8_t **in, const uint8_t *end, char **out);
size_t base64_lines_join_plain(
    const uint8_t *in, const uint8_t *end, char *out, size_t room);

#endif
