/* words.h - the text of a header value: unfolded, encoded words (RFC 2047)
 * decoded, valid UTF-8. */
#ifndef WORDS_H
#define WORDS_H

#include "bridge/envelope/arena.h"
#include "bridge/envelope/span.h"

/* Unfold: line ends go, the blanks after them stay; NULs go, blanks at both
 * ends too.  The same bytes where there is nothing to do, else a copy in the
 * arena.
 */
struct span words_unfold(struct arena *, struct span value);

/* 8-bit octets that are no UTF-8 made so: *found as charset_append() sets it.
 */
struct span words_plain(struct arena *, struct span unfolded, unsigned *found);

/* Decode an unfolded text.  The octets of adjacent words of one charset are
 * joined before they are converted, since senders split characters; control
 * characters that come from words are dropped.  What is no valid word stays as
 * it is.  *found as charset_append() sets it. */
struct span words_decode(struct arena *, struct span unfolded, unsigned *found);

#endif
