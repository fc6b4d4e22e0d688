/* text.h - the text of a part as an event gives it. */
#ifndef TEXT_H
#define TEXT_H

#include "bridge/buf.h"
#include "bridge/envelope/part.h"
#include "bridge/envelope/problem.h"
#include "bridge/envelope/span.h"

/* Append the decoded octets of ${p} to ${out} as UTF-8 with LF for CRLF, after
 * a line feed where ${joined}.  At most LIMIT_ENVELOPE_TEXT in all; what is cut
 * or does not fit its charset is noted, and the part says where its text is and
 * is to be stored if it is cut.
 * 0, or -1 if memory is out. */
int text_append(struct buf *out, struct part *p, struct span octets, int joined,
    struct problems *);

#endif
