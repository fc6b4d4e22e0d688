#include <string.h>

#include "bridge/limits.h"
#include "bridge/buf.h"
#include "bridge/envelope/address.h"
#include "bridge/envelope/nfc.h"
#include "bridge/envelope/words.h"

/* One mailbox while it is read. */
struct address_reader {
	struct addresses *list;
	struct arena *arena;
	size_t max;
	struct span rest;

	struct buf words;   /* outside of <>, with quotes: an address? */
	struct buf name;    /* the same without quotes and escapes */
	struct buf comment; /* the last one */
	struct buf angle;   /* inside <> */
	int has_angle;
	int has_quote;
	int group; /* inside "name: ... ;" */
};

static struct span
address_span(const struct buf *b)
{
	return (span_trim((struct span){ b->data, b->len }));
}

/* Without blanks outside of quotes; a route "@a,@b:" goes as well. */
static struct span
address_email(struct address_reader *r, struct span s)
{
	struct span route = s, out;
	char *p;
	size_t i, n = 0;
	int quoted = 0;

	if (s.len != 0 && s.data[0] == '@' &&
	    memchr(s.data, ':', s.len) != NULL) {
		(void)span_split(&route, ':');
		s = route;
	}
	if ((p = arena_alloc(r->arena, s.len + 1)) == NULL)
		return ((struct span){ NULL, 0 });
	for (i = 0; i < s.len; i++) {
		if (s.data[i] == '"')
			quoted = !quoted;
		/* A bracket here has lost its other half. */
		if (quoted ||
		    (!span_space(s.data[i]) && s.data[i] != '<' &&
			s.data[i] != '>'))
			p[n++] = s.data[i];
	}
	out = (struct span){ p, n };
	/* RFC 8621 section 4.1.2.3: words are decoded here as well. */
	return (words_decode(r->arena, out, &r->list->found));
}

static struct span
address_name(struct address_reader *r, struct span s)
{
	struct span out;

	s = span_trim(s);
	if (s.len == 0)
		return ((struct span){ NULL, 0 });
	out = words_decode(r->arena, s, &r->list->found);
	out = span_trim(nfc(r->arena, out));
	if (out.data == s.data)
		out = arena_copy(r->arena, out);
	return (out);
}

/* "John Doe john@example.org": the last word with an '@' is the address, what
 * stands before it the name. */
static int
address_loose(struct span s, struct span *name, struct span *email)
{
	size_t i;

	if (s.len == 0 || memchr(s.data, '@', s.len) == NULL)
		return (-1);
	for (i = s.len; i != 0 && !span_space(s.data[i - 1]); i--)
		continue;
	*name = span_trim(span_cut(s, 0, i));
	*email = span_cut(s, i, s.len);
	/* "a @ b": one address with blanks in it. */
	if (memchr(email->data, '@', email->len) == NULL ||
	    email->data[0] == '@' || name->len == 0 ||
	    name->data[name->len - 1] == '@')
		return (-1);
	return (0);
}

static void
address_add(struct address_reader *r, struct address a)
{
	struct addresses *l = r->list;
	struct address *items;

	if (l->n == r->max) {
		l->cut = 1;
		return;
	}
	if ((l->n & (l->n - 1)) == 0) {
		items = arena_alloc(
		    r->arena, sizeof(a) * (l->n != 0 ? l->n * 2 : 1));
		if (items == NULL)
			return;
		if (l->n != 0)
			memcpy(items, l->items, sizeof(a) * l->n);
		l->items = items;
	}
	l->items[l->n++] = a;
}

/* A mailbox ends here. */
static void
address_end(struct address_reader *r)
{
	struct span words = address_span(&r->words), name, email;
	struct address a = { .name = { NULL, 0 } };

	if (r->list->n == r->max) {
		r->list->cut |= r->has_angle || words.len != 0;
	} else if (r->has_angle) {
		a.email = address_email(r, address_span(&r->angle));
		a.name = address_name(r, address_span(&r->name));
	} else if (!r->has_quote && address_loose(words, &name, &email) == 0) {
		a.email = address_email(r, email);
		a.name = address_name(r, name);
	} else if (words.len != 0 &&
	    memchr(words.data, '@', words.len) != NULL) {
		a.email = address_email(r, words);
	} else if (words.len != 0) {
		/* No address at all: as it is. */
		a.email = address_name(r, words);
	}
	if (a.name.data == NULL && a.email.data != NULL)
		a.name = address_name(r, address_span(&r->comment));
	if (a.email.len != 0 || a.name.len != 0)
		address_add(r, a);
	buf_clear(&r->words);
	buf_clear(&r->name);
	buf_clear(&r->comment);
	buf_clear(&r->angle);
	r->has_angle = r->has_quote = 0;
}

/* A quoted string, its first quote already read. */
static void
address_quoted(struct address_reader *r, struct buf *with, struct buf *without)
{
	char c;

	(void)buf_putc(with, '"');
	while (r->rest.len != 0) {
		c = r->rest.data[0];
		r->rest = span_cut(r->rest, 1, r->rest.len);
		(void)buf_putc(with, c);
		if (c == '"')
			return;
		if (c == '\\' && r->rest.len != 0) {
			c = r->rest.data[0];
			r->rest = span_cut(r->rest, 1, r->rest.len);
			(void)buf_putc(with, c);
		}
		if (without != NULL)
			(void)buf_putc(without, c);
	}
}

/* A comment, its first parenthesis already read; nested ones stay in it. */
static void
address_comment(struct address_reader *r)
{
	unsigned depth = 1;
	char c;

	buf_clear(&r->comment);
	while (r->rest.len != 0) {
		c = r->rest.data[0];
		r->rest = span_cut(r->rest, 1, r->rest.len);
		if (c == '\\' && r->rest.len != 0) {
			c = r->rest.data[0];
			r->rest = span_cut(r->rest, 1, r->rest.len);
		} else if (c == '(') {
			depth++;
		} else if (c == ')' && --depth == 0) {
			return;
		}
		(void)buf_putc(&r->comment, c);
	}
}

/* What stands in <>; ends at '>' or where that was forgotten. */
static void
address_angle(struct address_reader *r)
{
	char c;

	r->has_angle = 1;
	buf_clear(&r->angle);
	while (r->rest.len != 0) {
		c = r->rest.data[0];
		/* A route has commas; "<a@b, <c@d>" has lost its end. */
		if (c == ',' && r->angle.len != 0 && r->angle.data[0] != '@')
			return;
		r->rest = span_cut(r->rest, 1, r->rest.len);
		if (c == '>')
			return;
		if (c == '"')
			address_quoted(r, &r->angle, NULL);
		else if (c == '(')
			address_comment(r);
		else if (c == '<')
			buf_clear(&r->angle);
		else
			(void)buf_putc(&r->angle, c);
	}
}

static void
address_char(struct address_reader *r, char c)
{
	switch (c) {
	case '"':
		r->has_quote = 1;
		address_quoted(r, &r->words, &r->name);
		return;
	case '(':
		address_comment(r);
		return;
	case '<':
		address_angle(r);
		return;
	case ',':
		address_end(r);
		return;
	case ';':
		/* The end of a group; elsewhere some write it for ','. */
		address_end(r);
		r->group = 0;
		return;
	case ':':
		/* Groups in groups are none, and written. */
		if (!r->has_angle &&
		    (r->words.len == 0 ||
			memchr(r->words.data, '@', r->words.len) == NULL)) {
			r->group = 1;
			buf_clear(&r->words);
			buf_clear(&r->name);
			buf_clear(&r->comment);
			r->has_quote = 0;
			return;
		}
		break;
	default:
		break;
	}
	(void)buf_putc(&r->words, c);
	(void)buf_putc(&r->name, c);
}

void
address_parse(
    struct addresses *list, struct arena *a, struct span unfolded, size_t max)
{
	struct address_reader r = {
		.list = list, .arena = a, .max = max, .rest = unfolded
	};
	char c;

	*list = (struct addresses){ .n = 0 };
	buf_init(&r.words, LIMIT_ENVELOPE_HEADER_BYTES * 2);
	buf_init(&r.name, LIMIT_ENVELOPE_HEADER_BYTES * 2);
	buf_init(&r.comment, LIMIT_ENVELOPE_HEADER_BYTES * 2);
	buf_init(&r.angle, LIMIT_ENVELOPE_HEADER_BYTES * 2);
	while (r.rest.len != 0 && !list->cut) {
		c = r.rest.data[0];
		r.rest = span_cut(r.rest, 1, r.rest.len);
		address_char(&r, c);
	}
	address_end(&r);
	buf_free(&r.words);
	buf_free(&r.name);
	buf_free(&r.comment);
	buf_free(&r.angle);
}
