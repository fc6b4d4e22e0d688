#include <string.h>

#include "bridge/envelope/encoded.h"

#define ENCODED_BINHEX "(This file must be converted with BinHex"

/* "begin 644 name", and a line below that is as long as its first character
 * says. */
static int
encoded_uu(struct span s)
{
	struct span line = span_split(&s, '\n');
	size_t i, want;

	for (i = 6; i < line.len && line.data[i] >= '0' && line.data[i] <= '7';
	     i++)
		continue;
	if (i < 9 || i > 10 || i + 1 >= line.len || line.data[i] != ' ')
		return (0);
	line = span_split(&s, '\n');
	if (line.len == 0 || line.data[0] <= ' ' || line.data[0] > 'M')
		return (0);
	want = ((size_t)(line.data[0] - ' ') + 2) / 3 * 4 + 1;
	/* Blanks at the end may be gone, a checksum may follow. */
	return (line.len + 4 >= want && line.len <= want + 2);
}

static int
encoded_starts_line(struct span s, const char *p)
{
	return (p == s.data || p[-1] == '\n');
}

const char *
encoded_name(struct span s)
{
	struct span rest = s, line;
	const char *p;

	while (rest.len != 0 &&
	    (p = memmem(rest.data, rest.len, "begin ", 6)) != NULL) {
		rest = span_cut(rest, (size_t)(p - rest.data), rest.len);
		if (encoded_starts_line(s, p) && encoded_uu(rest))
			return ("uuencode");
		line = span_cut(rest, 0, 256);
		line = span_split(&line, '\n');
		if (p - s.data >= 2 && memcmp(p - 2, "=y", 2) == 0 &&
		    encoded_starts_line(s, p - 2) &&
		    memmem(line.data, line.len, " name=", 6) != NULL)
			return ("yEnc");
		rest = span_cut(rest, 6, rest.len);
	}
	p = s.len == 0
	    ? NULL
	    : memmem(s.data, s.len, ENCODED_BINHEX, sizeof(ENCODED_BINHEX) - 1);
	return (p != NULL && encoded_starts_line(s, p) ? "BinHex" : NULL);
}
