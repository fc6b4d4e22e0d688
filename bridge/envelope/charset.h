/* charset.h - text in the charsets of mail, to UTF-8.
 *
 * Labels are taken as the WHATWG Encoding Standard takes them: senders mean
 * the superset (gb2312 is gb18030, iso-8859-1 is windows-1252).  Only charsets
 * of our own list reach iconv: some converters of C libraries hang or write
 * out of bounds on hostile input, and no mail needs those. */
#ifndef CHARSET_H
#define CHARSET_H

#include "bridge/buf.h"
#include "bridge/envelope/span.h"

#define CHARSET_REPLACED 1U /* octets that make no sense became U+FFFD */
#define CHARSET_GUESSED 2U  /* it was not what the label says, or had none */
#define CHARSET_UNKNOWN 4U  /* the label is none we know */

/* Are the octets, labelled so, the same as UTF-8?  An empty label is none. */
int charset_plain(struct span octets, struct span label);

/* Append the octets as well-formed UTF-8.  Sets bits in *found.  0, or -1 when
 * ${out} refused (as much as fitted was appended). */
int charset_append(
    struct buf *out, struct span octets, struct span label, unsigned *found);

#endif
