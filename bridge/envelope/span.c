#include <string.h>

#include "bridge/envelope/span.h"

int
span_blank(char c)
{
	return (c == ' ' || c == '\t');
}

int
span_space(char c)
{
	return (c == ' ' || c == '\t' || c == '\r' || c == '\n');
}

char
span_lower(char c)
{
	return (c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
}

struct span
span_trim(struct span s)
{
	while (s.len != 0 && span_space(s.data[0])) {
		s.data++;
		s.len--;
	}
	while (s.len != 0 && span_space(s.data[s.len - 1]))
		s.len--;
	return (s);
}

struct span
span_cut(struct span s, size_t from, size_t to)
{
	if (s.data == NULL)
		return (s);
	if (to > s.len)
		to = s.len;
	if (from > to)
		from = to;
	return ((struct span){ s.data + from, to - from });
}

int
span_starts(struct span s, const char *text)
{
	size_t i;

	for (i = 0; text[i] != '\0'; i++)
		if (i == s.len || span_lower(s.data[i]) != span_lower(text[i]))
			return (0);
	return (1);
}

int
span_is(struct span s, const char *text)
{
	return (s.len == strlen(text) && span_starts(s, text));
}

struct span
span_split(struct span *rest, char c)
{
	struct span first = *rest;
	const char *p = NULL;

	if (rest->len != 0)
		p = memchr(rest->data, c, rest->len);
	if (p == NULL) {
		*rest = (struct span){ NULL, 0 };
		return (first);
	}
	first.len = (size_t)(p - first.data);
	rest->data = p + 1;
	rest->len -= first.len + 1;
	return (first);
}
