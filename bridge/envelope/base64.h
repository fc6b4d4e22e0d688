/* base64.h - base64 as mail has it: lines of any length, stray characters,
 * padding in the middle. */
#ifndef BASE64_H
#define BASE64_H

#include <stddef.h>

#include "bridge/envelope/span.h"

/* What was found; all bits clear: the text is canonical base64 in lines, so
 * that its characters without the line ends are the encoding of its octets. */
#define BASE64_SPACE 1U /* other white space than CR and LF */
#define BASE64_STRAY                                                       \
	2U		 /* characters outside the alphabet: skipped; or a \
			  * text after padding: left out */
#define BASE64_JOINED 4U /* data after padding: decoded too */
#define BASE64_CUT 8U	 /* ends without padding or within a character */
#define BASE64_BITS 16U	 /* unused bits of a last character are not zero */

/* Room for the octets of ${len} characters (and for whole vector writes). */
#define BASE64_DECODED(len) ((len) / 4 * 3 + 19)

/* Decode ${in} to ${out}, which has BASE64_DECODED(in.len) bytes.  Anything
 * decodes: never fails.  Returns the number of octets. */
size_t base64_decode(struct span in, char *out, unsigned *found);

/* The number of characters for ${len} octets. */
#define BASE64_ENCODED(len) (((len) + 2) / 3 * 4)

/* Encode ${in} to the BASE64_ENCODED(in.len) bytes at ${out}; no line ends. */
void base64_encode(struct span in, char *out);

/* Copy canonical base64 without its line ends to the ${room} bytes at ${out};
 * returns the number written, less than all if there is no room. */
size_t base64_join(struct span in, char *out, size_t room);

#endif
