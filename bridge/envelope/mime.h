/* mime.h - the MIME structure of a message. */
#ifndef MIME_H
#define MIME_H

#include "bridge/envelope/arena.h"
#include "bridge/envelope/part.h"
#include "bridge/envelope/problem.h"
#include "bridge/envelope/span.h"

/* The tree of ${raw}, of which the header and the body are known; in the arena.
 * There is always a root.  Multiparts have children; everything else is a leaf,
 * messages in the message too.  NULL if memory is out. */
struct part *mime_parse(struct arena *, struct problems *, struct span raw,
    struct span head, struct span body);

#endif
