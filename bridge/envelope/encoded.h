/* encoded.h - files that senders put into a text from before MIME. */
#ifndef ENCODED_H
#define ENCODED_H

#include "bridge/envelope/span.h"

/* "uuencode", "yEnc" or "BinHex" if the text, its lines ended by LF, holds such
 * a file; NULL if it holds none.  Nothing is decoded: a text may well be about
 * such files. */
const char *encoded_name(struct span text);

#endif
