/* mime.h - the MIME structure of a message. */
#ifndef MIME_H
#define MIME_H

#include "bridge/envelope/arena.h"
#include "bridge/envelope/part.h"
#include "bridge/envelope/problem.h"
#include "bridge/envelope/span.h"

/* The tree of a message with this header and this body, which RFC 2046 gives
 * it; in the arena.  There is always a root.  Multiparts have children;
 * everything else is a leaf, messages in the message too.  A multipart without
 * parts is a text.  A part without an end ends with what is around it.  NULL if
 * memory is out. */
struct part *mime_parse(
    struct arena *, struct problems *, struct span head, struct span body);

#endif
