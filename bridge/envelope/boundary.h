/* boundary.h - the lines of a body that may be a multipart's boundary (RFC 2046
 * section 5.1.1): those that start with "--". */
#ifndef BOUNDARY_H
#define BOUNDARY_H

#include "bridge/envelope/span.h"

/* Take all up to the next such line and the line itself off ${rest}, which
 * starts at the start of a line.  *line is the line with its end.  1, or 0 if
 * none is left. */
int boundary_next(struct span *rest, struct span *line);

/* Does the line belong to the multipart with this boundary?  '\0' if not, '+'
 * if a part starts after it, '-' if it ends the multipart.  Blanks may follow.
 */
char boundary_match(struct span line, struct span boundary);

#endif
