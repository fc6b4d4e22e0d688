/* nfc.h - text in Unicode's Normalization Form C. */
#ifndef NFC_H
#define NFC_H

#include "bridge/envelope/arena.h"
#include "bridge/envelope/span.h"

/* The well-formed UTF-8 in Form C, which RFC 8621 section 4.1.2.2 wants of
 * header fields read as text: the same bytes where there is nothing to do, else
 * in the arena.  Runs without an ASCII character that are longer than
 * LIMIT_ENVELOPE_NFC stay as they are: ordering the marks of one costs the
 * square of their number. */
struct span nfc(struct arena *, struct span);

#endif
