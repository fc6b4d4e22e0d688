/* preview.h - the first words of a message, for lists. */
#ifndef PREVIEW_H
#define PREVIEW_H

#include "bridge/envelope/arena.h"
#include "bridge/envelope/span.h"

#define PREVIEW_CHARACTERS 256

/* At most PREVIEW_CHARACTERS of UTF-8 text, white space folded; of HTML what a
 * reader would see, roughly: the text between the tags.  Data NULL if memory is
 * out. */
struct span preview_text(struct arena *, struct span text);
struct span preview_html(struct arena *, struct span html);

#endif
