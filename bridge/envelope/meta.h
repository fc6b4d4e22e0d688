/* meta.h - the charset that an HTML text names itself. */
#ifndef META_H
#define META_H

#include "bridge/envelope/span.h"

/* The label in a <meta> of the first 1024 octets, as the HTML Standard looks
 * for it; empty if there is none, or one that cannot be: the text was read as
 * ASCII so far, so it is in none of the UTFs but UTF-8, which is found without
 * a label. */
struct span meta_charset(struct span html);

#endif
