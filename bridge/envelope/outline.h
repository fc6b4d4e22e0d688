/* outline.h - the lines of a mail that decide its MIME structure, and no
 * others.
 *
 * Which multipart holds what depends only on lines that start with "--" and on
 * the Content-Type fields after them.  The outline is those lines as a mail of
 * its own, for GMime to parse: some hundred bytes for a mail with megabytes of
 * attachments.  Multiparts keep their Content-Type; leaves have empty headers,
 * for GMime need not know one from another.  The offsets of what GMime finds
 * say which entry it is. */
#ifndef OUTLINE_H
#define OUTLINE_H

#include "bridge/buf.h"
#include "bridge/envelope/arena.h"
#include "bridge/envelope/span.h"

struct outline_entry {
	size_t at;   /* offset in the outline */
	size_t line; /* offset in the mail of the "--" line; 0 for the top */
	struct span head, body; /* what header_block() found after it; the body
				 * goes on to the end of the mail */
};

struct outline {
	struct buf text;
	struct outline_entry *entries; /* entry 0 is the mail's own header */
	size_t n;
	int digest; /* a multipart/digest was seen */
	int cut;    /* there were more lines than LIMIT_ENVELOPE_BOUNDARIES */
};

/* Make the outline of ${raw}, whose own Content-Type, header and body are
 * known.  0, or -1 if memory is out.  Call outline_free() in either case. */
int outline_make(struct outline *, struct arena *, struct span raw,
    struct span type, struct span head, struct span body);

/* The first entry that starts at ${at} in the outline, or after it; o->n if
 * there is none. */
size_t outline_find(const struct outline *, size_t at);

/* The unfolded value of the first Content-Type of a block, or data NULL. */
struct span outline_content_type(struct arena *, struct span head);

void outline_free(struct outline *);

#endif
