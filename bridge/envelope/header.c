#include <string.h>

#include "bridge/envelope/header.h"

struct span
header_line(struct span *rest)
{
	struct span line = *rest;
	const char *lf = NULL;

	if (rest->len != 0)
		lf = memchr(rest->data, '\n', rest->len);
	if (lf != NULL)
		line.len = (size_t)(lf + 1 - line.data);
	*rest = span_cut(*rest, line.len, rest->len);
	return (line);
}

/* The length of the name at the start of the line, or 0 if it is no field.
 * Blanks may stand before the colon (RFC 5322 section 4.5). */
static size_t
header_name(struct span line)
{
	size_t i, len;

	for (i = 0; i < line.len; i++)
		if ((unsigned char)line.data[i] <= ' ' ||
		    line.data[i] == 0x7F || line.data[i] == ':')
			break;
	len = i;
	while (i < line.len && span_blank(line.data[i]))
		i++;
	return (i < line.len && line.data[i] == ':' ? len : 0);
}

static int
header_empty(struct span line)
{
	return (line.len == 0 || line.data[0] == '\n' ||
	    (line.data[0] == '\r' && line.len > 1 && line.data[1] == '\n'));
}

/* Does the field before ${rest} go on in its first line? */
static int
header_folded(struct span rest)
{
	return (rest.len != 0 && span_blank(rest.data[0]));
}

/* A line that is no field: may the block go on after it? */
static int
header_goes_on(struct span rest)
{
	struct span next = header_line(&rest);

	return (header_empty(next) || header_name(next) != 0);
}

void
header_block(struct span in, int part, struct span *head, struct span *body)
{
	struct span rest = in, line, before;
	int seen = 0;

	*head = in;
	for (;;) {
		before = rest;
		line = header_line(&rest);
		if (header_empty(line))
			break;
		if (part && span_starts(line, "--")) {
			rest = before;
			break;
		}
		if (header_name(line) != 0 ||
		    (seen && span_blank(line.data[0]))) {
			seen = 1;
			continue;
		}
		if (!seen && !part &&
		    (span_starts(line, "From ") || span_starts(line, ">From ")))
			continue;
		if (before.len != 0 && !header_goes_on(rest)) {
			rest = before;
			break;
		}
		/* Text and then an empty line, no field so far: a body. */
		if (!seen &&
		    header_empty((struct span){
			rest.data, rest.len != 0 ? rest.len : 0 })) {
			rest = before;
			break;
		}
	}
	head->len = in.len - before.len;
	*body = rest;
}

int
header_next(struct span *block, struct header *h, unsigned *skipped)
{
	struct span line;
	size_t len;

	while (block->len != 0) {
		line = header_line(block);
		while (header_folded(*block))
			line.len += header_line(block).len;
		len = header_name(line);
		if (len == 0) {
			/* A part's block may end in its empty line. */
			*skipped += !header_empty(line);
			continue;
		}
		h->name = span_cut(line, 0, len);
		(void)span_split(&line, ':');
		h->value = span_trim(line);
		return (1);
	}
	return (0);
}
