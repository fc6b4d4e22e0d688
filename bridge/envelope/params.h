/* params.h - "value; name=value; ..." of Content-Type and Content-Disposition,
 * with the pieces and charsets of RFC 2231, the encoded words that RFC 2047
 * forbids here and senders write, and missing quotes. */
#ifndef PARAMS_H
#define PARAMS_H

#include "bridge/limits.h"
#include "bridge/envelope/arena.h"
#include "bridge/envelope/span.h"

struct param {
	struct span name;  /* without "*0*" */
	struct span value; /* without quotes; "\\" undone; data NULL: none */
	int piece;	   /* N of "name*N", or -1 */
	int extended;	   /* "name*": percent-encoded */
};

struct params {
	struct span value; /* what stands before the first ';' */
	struct param items[LIMIT_ENVELOPE_PARAMS];
	size_t n;
	int cut; /* there were more than LIMIT_ENVELOPE_PARAMS */
};

/* What params_find() may find besides the bits of charset.h: pieces are missing
 * between others, or a percent sign has no two hex digits after it. */
#define PARAMS_DAMAGED 16U

/* Read an unfolded header value.  The spans lie in it or in the arena. */
void params_parse(struct params *, struct arena *, struct span unfolded);

/* The parameter as UTF-8, or data NULL.  "name*" is taken before pieces, those
 * before plain "name"; pieces come in the order of their numbers, wherever they
 * stand and whatever is missing.  *found as charset_append() sets it, and
 * PARAMS_DAMAGED. */
struct span params_find(
    const struct params *, struct arena *, const char *name, unsigned *found);

/* The same as it is written, for what is compared with octets of the mail. */
struct span params_octets(
    const struct params *, struct arena *, const char *name);

#endif
