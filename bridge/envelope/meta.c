#include <string.h>

#include "bridge/envelope/meta.h"

#define META_PRESCAN 1024

/* The value after "charset", its blanks and '='. */
static struct span
meta_value(struct span s)
{
	char end = '\0';
	size_t i;

	s = span_trim(s);
	if (s.len == 0 || s.data[0] != '=')
		return ((struct span){ NULL, 0 });
	s = span_trim(span_cut(s, 1, s.len));
	if (s.len != 0 && (s.data[0] == '"' || s.data[0] == '\'')) {
		end = s.data[0];
		s = span_cut(s, 1, s.len);
	}
	for (i = 0; i < s.len; i++)
		if (s.data[i] == end || s.data[i] == ';' || s.data[i] == '"' ||
		    s.data[i] == '\'' || s.data[i] == '>' ||
		    span_space(s.data[i]))
			break;
	return (span_cut(s, 0, i));
}

/* The charset of one tag, from "<meta" to '>'. */
static struct span
meta_tag(struct span tag)
{
	struct span value;
	size_t i;

	for (i = 0; i < tag.len; i++) {
		if (!span_starts(span_cut(tag, i, tag.len), "charset"))
			continue;
		value = meta_value(span_cut(tag, i + 7, tag.len));
		if (value.len != 0)
			return (value);
	}
	return ((struct span){ NULL, 0 });
}

struct span
meta_charset(struct span html)
{
	struct span rest = span_cut(html, 0, META_PRESCAN), tag, value;
	const char *lt;

	while (
	    rest.len != 0 && (lt = memchr(rest.data, '<', rest.len)) != NULL) {
		rest = span_cut(rest, (size_t)(lt + 1 - rest.data), rest.len);
		if (!span_starts(rest, "meta"))
			continue;
		tag = span_split(&rest, '>');
		value = meta_tag(tag);
		if (value.len != 0)
			return (span_starts(value, "utf")
				? (struct span){ NULL, 0 }
				: value);
	}
	return ((struct span){ NULL, 0 });
}
