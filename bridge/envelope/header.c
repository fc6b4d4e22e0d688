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

/* Does the field that ends with ${line} go on in the first line of ${rest}?  If
 * that is indented; and if the sender forgot to, after the semicolon of a
 * parameter. */
static int
header_folded(struct span line, struct span rest)
{
	struct span next;

	if (rest.len == 0)
		return (0);
	if (span_blank(rest.data[0]))
		return (1);
	while (line.len != 0 && span_space(line.data[line.len - 1]))
		line.len--;
	if (line.len == 0 || line.data[line.len - 1] != ';')
		return (0);
	next = header_line(&rest);
	return (!header_empty(next) && !span_starts(next, "--") &&
	    header_name(next) == 0 && memchr(next.data, '=', next.len) != NULL);
}

/* The next field with all its lines. */
static struct span
header_lines(struct span *rest)
{
	struct span line = header_line(rest), all = line;

	while (header_folded(line, *rest)) {
		line = header_line(rest);
		all.len += line.len;
	}
	return (all);
}

/* A line that is no field: do fields follow, and no text? */
static int
header_goes_on(struct span rest)
{
	while (rest.len != 0 && span_blank(rest.data[0]))
		(void)header_line(&rest);
	return (header_name(header_line(&rest)) != 0);
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
		rest = before;
		if (part && span_starts(line, "--"))
			break;
		line = header_lines(&rest);
		if (header_name(line) != 0) {
			seen = 1;
			continue;
		}
		if (!seen && !part &&
		    (span_starts(line, "From ") || span_starts(line, ">From ")))
			continue;
		if (!header_goes_on(rest)) {
			rest = before;
			break;
		}
	}
	head->len = in.len - before.len;
	*body = rest;
}

/* Without the line end. */
static struct span
header_unended(struct span line)
{
	if (line.len != 0 && line.data[line.len - 1] == '\n')
		line.len--;
	if (line.len != 0 && line.data[line.len - 1] == '\r')
		line.len--;
	return (line);
}

int
header_next(struct span *block, struct header *h, unsigned *skipped)
{
	struct span line;
	size_t len;

	while (block->len != 0) {
		line = header_lines(block);
		len = header_name(line);
		if (len == 0) {
			if (!span_starts(line, "From ") &&
			    !span_starts(line, ">From "))
				(*skipped)++;
			continue;
		}
		h->name = span_cut(line, 0, len);
		(void)span_split(&line, ':');
		h->raw = header_unended(line);
		h->value = span_trim(line);
		return (1);
	}
	return (0);
}
