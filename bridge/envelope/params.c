#include <string.h>

#include "bridge/envelope/charset.h"
#include "bridge/envelope/params.h"
#include "bridge/envelope/quoted.h"
#include "bridge/envelope/words.h"

/* The text of a quoted string; ${rest} starts after the first quote and is left
 * after the last one.  Without a last one: up to the end. */
static struct span
params_quoted(struct arena *a, struct span *rest)
{
	size_t i, n = 0;
	char *p;

	for (i = 0; i < rest->len && rest->data[i] != '"'; i++)
		if (rest->data[i] == '\\')
			i++;
	if (i > rest->len)
		i = rest->len;
	if ((p = arena_alloc(a, i + 1)) != NULL) {
		size_t k;

		for (k = 0; k < i; k++) {
			if (rest->data[k] == '\\' && k + 1 < i)
				k++;
			p[n++] = rest->data[k];
		}
	}
	*rest = span_cut(*rest, i + 1, rest->len);
	return ((struct span){ p, n });
}

/* "*N", "*N*" or "*" at the end of a name. */
static void
params_star(struct param *p)
{
	struct span rest = p->name, digits;
	size_t i;

	p->piece = -1;
	p->name = span_split(&rest, '*');
	if (rest.data == NULL)
		return;
	digits = span_split(&rest, '*');
	if (digits.len == 0 || rest.data != NULL)
		p->extended = 1;
	if (digits.len == 0 || digits.len > 3)
		return;
	p->piece = 0;
	for (i = 0; i < digits.len; i++) {
		if (digits.data[i] < '0' || digits.data[i] > '9') {
			p->piece = -1;
			return;
		}
		p->piece = p->piece * 10 + digits.data[i] - '0';
	}
}

void
params_parse(struct params *ps, struct arena *a, struct span rest)
{
	struct span name;
	struct param *p;
	size_t i;

	ps->n = 0;
	ps->cut = 0;
	ps->value = span_trim(span_split(&rest, ';'));
	while (rest.len != 0 && ps->n < LIMIT_ENVELOPE_PARAMS) {
		for (i = 0; i < rest.len; i++)
			if (rest.data[i] == '=' || rest.data[i] == ';')
				break;
		name = span_trim(span_cut(rest, 0, i));
		if (i == rest.len || rest.data[i] == ';') {
			rest = span_cut(rest, i + 1, rest.len);
			continue;
		}
		rest = span_cut(rest, i + 1, rest.len);
		while (rest.len != 0 && span_space(rest.data[0]))
			rest = span_cut(rest, 1, rest.len);
		p = &ps->items[ps->n++];
		*p = (struct param){ .name = name };
		params_star(p);
		if (rest.len != 0 && rest.data[0] == '"') {
			rest = span_cut(rest, 1, rest.len);
			p->value = params_quoted(a, &rest);
			(void)span_split(&rest, ';');
		} else {
			p->value = span_trim(span_split(&rest, ';'));
			if (p->value.len == 0)
				p->value = (struct span){ NULL, 0 };
		}
	}
	ps->cut = span_trim(rest).len != 0;
}

/* Append the octets of a percent-encoded text. */
static void
params_percent(struct buf *out, struct span s, unsigned *found)
{
	size_t i;
	int octet;

	for (i = 0; i < s.len; i++) {
		if (s.data[i] == '%' && s.len - i >= 3 &&
		    (octet = quoted_hex(s.data + i + 1)) != -1) {
			(void)buf_putc(out, (char)octet);
			i += 2;
		} else {
			if (s.data[i] == '%')
				*found |= PARAMS_DAMAGED;
			(void)buf_putc(out, s.data[i]);
		}
	}
}

/* Take "charset'language'" off the front. */
static struct span
params_charset(struct span *s)
{
	struct span rest = *s, charset, language;

	charset = span_split(&rest, '\'');
	if (rest.data == NULL)
		return ((struct span){ NULL, 0 });
	language = span_split(&rest, '\'');
	(void)language;
	if (rest.data == NULL)
		return ((struct span){ NULL, 0 });
	*s = rest;
	return (charset);
}

static struct span
params_convert(
    struct arena *a, struct span octets, struct span charset, unsigned *found)
{
	struct buf text;
	struct span s;

	buf_init(&text, LIMIT_ENVELOPE_HEADER_BYTES * 4);
	(void)charset_append(&text, octets, charset, found);
	s = arena_copy(a, (struct span){ text.data, text.len });
	buf_free(&text);
	return (s);
}

static const struct param *
params_item(const struct params *ps, const char *name, int piece, int extended)
{
	size_t i;

	for (i = 0; i < ps->n; i++)
		if (ps->items[i].piece == piece &&
		    (extended == -1 || ps->items[i].extended == extended) &&
		    span_is(ps->items[i].name, name))
			return (&ps->items[i]);
	return (NULL);
}

/* The piece with the lowest number from ${piece} on, or NULL. */
static const struct param *
params_piece(const struct params *ps, const char *name, int piece)
{
	const struct param *best = NULL;
	size_t i;

	for (i = 0; i < ps->n; i++)
		if (ps->items[i].piece >= piece &&
		    (best == NULL || ps->items[i].piece < best->piece) &&
		    span_is(ps->items[i].name, name))
			best = &ps->items[i];
	return (best);
}

/* The parameter, or the first piece of it, in the order of params_find(). */
static const struct param *
params_first(const struct params *ps, const char *name)
{
	const struct param *p;

	if (ps->n == 0)
		return (NULL);
	if ((p = params_item(ps, name, -1, 1)) == NULL &&
	    (p = params_piece(ps, name, 0)) == NULL)
		p = params_item(ps, name, -1, 0);
	return (p);
}

/* The octets of a parameter: of "name*", of all pieces from the first on, or of
 * plain "name"; and the charset that it names. */
static struct span
params_join(const struct params *ps, struct arena *a, const struct param *p,
    const char *name, struct span *charset, unsigned *found)
{
	struct span value;
	struct buf octets;
	int next = p->piece < 0 ? -1 : 0;
	int first = 1;

	if (p->piece < 0 && !p->extended)
		return (p->value);
	buf_init(&octets, LIMIT_ENVELOPE_HEADER_BYTES * 2);
	for (; p != NULL; first = 0) {
		if (p->piece != next)
			*found |= PARAMS_DAMAGED;
		value = p->value;
		if (p->extended && first)
			*charset = params_charset(&value);
		if (p->extended)
			params_percent(&octets, value, found);
		else if (value.len != 0)
			(void)buf_put(&octets, value.data, value.len);
		if (p->piece < 0)
			break;
		next = p->piece + 1;
		p = params_piece(ps, name, next);
	}
	value = arena_copy(a, (struct span){ octets.data, octets.len });
	buf_free(&octets);
	return (value);
}

struct span
params_find(
    const struct params *ps, struct arena *a, const char *name, unsigned *found)
{
	const struct param *p = params_first(ps, name);
	struct span octets, charset = { NULL, 0 };

	if (p == NULL)
		return ((struct span){ NULL, 0 });
	octets = params_join(ps, a, p, name, &charset, found);
	return (p->extended ? params_convert(a, octets, charset, found)
			    : words_decode(a, octets, found));
}

struct span
params_octets(const struct params *ps, struct arena *a, const char *name)
{
	const struct param *p = params_first(ps, name);
	unsigned found = 0;
	struct span charset;

	if (p == NULL)
		return ((struct span){ NULL, 0 });
	return (params_join(ps, a, p, name, &charset, &found));
}
