/* header.h - the header fields of a message or part, as lines. */
#ifndef HEADER_H
#define HEADER_H

#include "bridge/envelope/span.h"

struct header {
	struct span name;
	struct span value; /* still folded; trimmed */
	struct span raw;   /* RFC 8621's raw form: all between the colon and the
			    * end of the last line */
};

/* Where a header block ends: ${head} are its lines, ${body} what follows its
 * empty line.  A line that can be no field ends the block as well, and starts
 * the body, unless fields follow it; lines of an mbox ("From ") at the start
 * are passed over.  In a ${part} a line starting with "--" ends it too. */
void header_block(
    struct span in, int part, struct span *head, struct span *body);

/* The next field of a block, which is taken off it: 1; or 0 at the end.
 * *skipped counts lines that are no field. */
int header_next(struct span *block, struct header *, unsigned *skipped);

/* The next line with its end; the rest stays. */
struct span header_line(struct span *rest);

#endif
