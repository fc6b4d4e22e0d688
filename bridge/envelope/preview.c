#include <string.h>

#include "bridge/limits.h"
#include "bridge/envelope/preview.h"
#include "bridge/envelope/utf8.h"

struct preview {
	char out[PREVIEW_CHARACTERS * 4];
	size_t len;
	size_t characters;
	int space; /* one is due before the next character */
};

static int
preview_full(const struct preview *p)
{
	return (p->characters + (size_t)p->space >= PREVIEW_CHARACTERS);
}

/* White space, and what newsletters pad their first line with. */
static int
preview_invisible(uint32_t c)
{
	return (c == 0xAD || c == 0x34F || (c >= 0x200B && c <= 0x200F) ||
	    c == 0x2060 || c == 0xFEFF);
}

static void
preview_put(struct preview *p, const char *c, size_t len)
{
	if (preview_full(p))
		return;
	if (p->space) {
		p->out[p->len++] = ' ';
		p->characters++;
		p->space = 0;
	}
	memcpy(p->out + p->len, c, len);
	p->len += len;
	p->characters++;
}

static void
preview_code(struct preview *p, uint32_t code)
{
	char c[4];

	if (code <= ' ' || code == 0x7F || code == 0xA0)
		p->space = p->characters != 0;
	else if (!preview_invisible(code))
		preview_put(p, c, utf8_encode(code, c));
}

/* Take the character at the start; returns its length. */
static size_t
preview_character(struct preview *p, struct span s)
{
	const unsigned char *u = (const unsigned char *)s.data;
	size_t len = utf8_length(s.data, s.len);

	switch (len) {
	case 0:
		preview_code(p, 0xFFFD);
		return (1);
	case 1:
		preview_code(p, u[0]);
		break;
	case 2:
		preview_code(p, (u[0] & 0x1FU) << 6 | (u[1] & 0x3FU));
		break;
	case 3:
		preview_code(p,
		    (u[0] & 0x0FU) << 12 | (u[1] & 0x3FU) << 6 |
			(u[2] & 0x3FU));
		break;
	default:
		/* Nothing up there is white space. */
		preview_put(p, s.data, len);
		break;
	}
	return (len);
}

/* Take the visible ASCII at the start, the most of most texts; returns its
 * length.  In HTML up to what may be a tag or an entity. */
static size_t
preview_plain(struct preview *p, struct span s, int html)
{
	size_t i, max = PREVIEW_CHARACTERS - p->characters - (size_t)p->space;

	for (i = 0; i < s.len && i < max; i++)
		if (s.data[i] <= ' ' || s.data[i] >= 0x7F ||
		    (html && (s.data[i] == '<' || s.data[i] == '&')))
			break;
	if (i == 0)
		return (0);
	preview_put(p, s.data, 1);
	memcpy(p->out + p->len, s.data + 1, i - 1);
	p->len += i - 1;
	p->characters += i - 1;
	return (i);
}

struct span
preview_text(struct arena *a, struct span s)
{
	struct preview p = { .len = 0 };
	size_t len;

	s = span_cut(s, 0, LIMIT_ENVELOPE_PREVIEW);
	while (s.len != 0 && !preview_full(&p)) {
		len = preview_plain(&p, s, 0);
		if (len == 0)
			len = preview_character(&p, s);
		s = span_cut(s, len, s.len);
	}
	return (arena_copy(a, (struct span){ p.out, p.len }));
}

/* "8217" or "x2019"; 0 if it is none. */
static int
preview_number(struct span digits, uint32_t *code)
{
	uint32_t base = 10, digit;
	size_t i;

	if (span_starts(digits, "x")) {
		base = 16;
		digits = span_cut(digits, 1, digits.len);
	}
	*code = 0;
	for (i = 0; i < digits.len && *code <= 0x10FFFF; i++) {
		char c = span_lower(digits.data[i]);

		digit = c >= '0' && c <= '9' ? (uint32_t)(c - '0')
		    : c >= 'a' && c <= 'f'   ? (uint32_t)(c - 'a' + 10)
					     : 16;
		if (digit >= base)
			return (0);
		*code = *code * base + digit;
	}
	return (digits.len != 0);
}

/* "&#8217;" or "&amp;" at the start; returns its length, 0 if it is none. */
static size_t
preview_entity(struct preview *p, struct span s)
{
	static const struct {
		const char *name;
		uint32_t code;
	} names[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' },
		{ "quot", '"' }, { "apos", '\'' }, { "nbsp", ' ' },
		{ "shy", 0xAD }, { "zwnj", 0x200C }, { "zwj", 0x200D },
		{ "copy", 0xA9 }, { "reg", 0xAE }, { "trade", 0x2122 },
		{ "euro", 0x20AC }, { "pound", 0xA3 }, { "ndash", 0x2013 },
		{ "mdash", 0x2014 }, { "lsquo", 0x2018 }, { "rsquo", 0x2019 },
		{ "ldquo", 0x201C }, { "rdquo", 0x201D }, { "laquo", 0xAB },
		{ "raquo", 0xBB }, { "bull", 0x2022 }, { "middot", 0xB7 },
		{ "hellip", 0x2026 }, { "auml", 0xE4 }, { "ouml", 0xF6 },
		{ "uuml", 0xFC }, { "Auml", 0xC4 }, { "Ouml", 0xD6 },
		{ "Uuml", 0xDC }, { "szlig", 0xDF }, { "eacute", 0xE9 },
		{ "egrave", 0xE8 }, { "agrave", 0xE0 }, { "ccedil", 0xE7 } };
	struct span rest = span_cut(s, 1, 12), name;
	uint32_t code;
	size_t i;

	name = span_split(&rest, ';');
	if (rest.data == NULL || name.len == 0)
		return (0);
	if (name.data[0] == '#') {
		if (!preview_number(span_cut(name, 1, name.len), &code))
			return (0);
		preview_code(p, code);
		return (name.len + 2);
	}
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strlen(names[i].name) == name.len &&
		    memcmp(names[i].name, name.data, name.len) == 0) {
			preview_code(p, names[i].code);
			return (name.len + 2);
		}
	return (0);
}

/* The offset behind the first ${mark}, or the end. */
static size_t
preview_skip(struct span s, const char *mark)
{
	size_t len = strlen(mark), i;

	for (i = 0; i + len <= s.len; i++)
		if (span_starts(span_cut(s, i, s.len), mark))
			return (i + len);
	return (s.len);
}

/* A tag at the start, with the content of what is not shown; its length, or 0
 * if '<' is only a character here. */
static size_t
preview_tag(struct preview *p, struct span s)
{
	static const char *const hidden[][2] = { { "<style", "</style" },
		{ "<script", "</script" }, { "<title", "</title" } };
	static const char *const within[] = { "<b>", "</b>", "<i>", "</i>",
		"<em", "</em", "<strong", "</strong", "<span", "</span",
		"<font", "</font", "<a ", "</a>", "<u>", "</u>" };
	size_t i, at = 0;

	if (s.len < 2 ||
	    (s.data[1] != '!' && s.data[1] != '/' && s.data[1] != '?' &&
		(span_lower(s.data[1]) < 'a' || span_lower(s.data[1]) > 'z')))
		return (0);
	if (span_starts(s, "<!--"))
		return (preview_skip(s, "-->"));
	for (i = 0; i < sizeof(hidden) / sizeof(*hidden); i++)
		if (span_starts(s, hidden[i][0]))
			at = preview_skip(s, hidden[i][1]);
	for (i = 0; i < sizeof(within) / sizeof(*within); i++)
		if (span_starts(s, within[i]))
			break;
	if (i == sizeof(within) / sizeof(*within))
		p->space = p->characters != 0;
	return (at + preview_skip(span_cut(s, at, s.len), ">"));
}

struct span
preview_html(struct arena *a, struct span s)
{
	struct preview p = { .len = 0 };
	size_t len;

	s = span_cut(s, 0, LIMIT_ENVELOPE_PREVIEW);
	while (s.len != 0 && !preview_full(&p)) {
		if (s.data[0] == '<')
			len = preview_tag(&p, s);
		else if (s.data[0] == '&')
			len = preview_entity(&p, s);
		else
			len = preview_plain(&p, s, 1);
		if (len == 0)
			len = preview_character(&p, s);
		s = span_cut(s, len, s.len);
	}
	return (arena_copy(a, (struct span){ p.out, p.len }));
}
