#include <string.h>
#include <strings.h>

#include "bridge/limits.h"
#include "bridge/envelope/base64.h"
#include "bridge/envelope/charset.h"
#include "bridge/envelope/quoted.h"
#include "bridge/envelope/utf8.h"
#include "bridge/envelope/words.h"

#define WORDS_CHARSET 64

/* One "=?charset?B?text?=". */
struct word {
	struct span charset;
	char encoding; /* 'b' or 'q' */
	struct span text;
	size_t len; /* of the whole */
};

/* What is being put together: the octets of adjacent words wait for more of
 * their kind. */
struct words {
	struct buf text;   /* done, UTF-8 */
	struct buf octets; /* decoded words not yet converted */
	struct span charset;
	const char *last; /* where the last "?=" of the value is, or NULL */
	unsigned *found;
};

static size_t
words_without_nul(char *p, size_t len)
{
	const char *nul = memchr(p, '\0', len);
	size_t i, n;

	if (nul == NULL)
		return (len);
	for (i = n = (size_t)(nul - p); i < len; i++)
		if (p[i] != '\0')
			p[n++] = p[i];
	return (n);
}

struct span
words_unfold(struct arena *a, struct span value)
{
	const char *end;
	char *p;
	size_t i, run, n = 0;

	value = span_trim(value);
	if (value.len == 0)
		return (value);
	if (memchr(value.data, '\n', value.len) == NULL &&
	    memchr(value.data, '\0', value.len) == NULL)
		return (value);
	if ((p = arena_alloc(a, value.len)) == NULL)
		return ((struct span){ NULL, 0 });
	for (i = 0; i < value.len; i += run + 1) {
		end = memchr(value.data + i, '\n', value.len - i);
		run = end == NULL ? value.len - i
				  : (size_t)(end - (value.data + i));
		memcpy(p + n, value.data + i, run);
		n += run;
		if (end != NULL && run != 0 && p[n - 1] == '\r')
			n--;
	}
	return ((struct span){ p, words_without_nul(p, n) });
}

struct span
words_plain(struct arena *a, struct span s, unsigned *found)
{
	struct buf out;

	if (s.len == 0 || charset_plain(s, SPAN("utf-8")))
		return (s);
	buf_init(&out, LIMIT_ENVELOPE_HEADER_BYTES * 4);
	(void)charset_append(&out, s, SPAN("us-ascii"), found);
	s = arena_copy(a, (struct span){ out.data, out.len });
	buf_free(&out);
	return (s);
}

/* Read the word at the start of ${s}; 0 if there is none.  Lenient: blanks may
 * stand within the text.  ${last} spares the search for an end where there is
 * none, which many starts would make quadratic. */
static int
words_parse(struct span s, const char *last, struct word *w)
{
	struct span name = span_cut(s, 2, WORDS_CHARSET), rest, star;
	const char *end;

	if (!span_starts(s, "=?"))
		return (0);
	w->charset = span_split(&name, '?');
	rest = span_cut(s, 2 + w->charset.len + 1, s.len);
	if (name.data == NULL || w->charset.len == 0 || rest.len < 3 ||
	    rest.data[1] != '?' || last == NULL || rest.data + 2 > last)
		return (0);
	star = w->charset; /* RFC 2231 section 5: "charset*language" */
	w->charset = span_split(&star, '*');
	w->encoding = span_lower(rest.data[0]);
	if (w->encoding != 'b' && w->encoding != 'q')
		return (0);
	rest = span_cut(rest, 2, rest.len);
	w->text.data = rest.data;
	/* A Q text may start with an octet written "=..": "?=" after the mark
	 * that opens the text is not its end. */
	if ((end = memmem(rest.data, rest.len, "?=", 2)) == NULL)
		return (0);
	w->text.len = (size_t)(end - rest.data);
	w->len = (size_t)(end + 2 - s.data);
	return (1);
}

/* The words so far become text. */
static void
words_flush(struct words *w)
{
	size_t before = w->text.len, i, n;

	if (w->octets.len == 0)
		return;
	(void)charset_append(&w->text,
	    (struct span){ w->octets.data, w->octets.len }, w->charset,
	    w->found);
	for (i = n = before; i < w->text.len; i++) {
		unsigned char c = (unsigned char)w->text.data[i];

		if (c == '\t' || c == '\n')
			w->text.data[n++] = ' ';
		else if (c >= 0x20 && c != 0x7F)
			w->text.data[n++] = (char)c;
	}
	w->text.len = n;
	buf_clear(&w->octets);
}

static void
words_add(struct words *w, const struct word *word)
{
	unsigned found;
	char *to;
	size_t n;

	if (w->charset.len != word->charset.len ||
	    (word->charset.len != 0 &&
		strncasecmp(w->charset.data, word->charset.data,
		    word->charset.len) != 0)) {
		words_flush(w);
		w->charset = word->charset;
	}
	/* Enough for both encodings. */
	if (buf_reserve(&w->octets, word->text.len + BASE64_DECODED(0)) == -1)
		return;
	to = w->octets.data + w->octets.len;
	if (word->encoding == 'b') {
		n = base64_decode(word->text, to, &found);
		if ((found & (BASE64_STRAY | BASE64_CUT)) != 0)
			*w->found |= CHARSET_GUESSED;
	} else {
		n = quoted_decode_word(word->text, to);
	}
	w->octets.len += n;
}

/* Text outside of words. */
static void
words_literal(struct words *w, struct span s)
{
	words_flush(w);
	/* RFC 6532: UTF-8 needs no words. */
	if (charset_plain(s, SPAN("utf-8")))
		(void)buf_put(&w->text, s.data, s.len);
	else
		(void)charset_append(&w->text, s, SPAN("us-ascii"), w->found);
}

struct span
words_decode(struct arena *a, struct span s, unsigned *found)
{
	struct words w = { .found = found };
	struct span rest = s, gap = { NULL, 0 };
	struct word word;
	const char *mark;
	size_t i;
	int after_word = 0;

	if (s.len == 0 || memmem(s.data, s.len, "=?", 2) == NULL)
		return (words_plain(a, s, found));
	buf_init(&w.text, LIMIT_ENVELOPE_HEADER_BYTES * 4);
	buf_init(&w.octets, LIMIT_ENVELOPE_HEADER_BYTES * 2);
	for (i = s.len - 1; i != 0 && w.last == NULL; i--)
		if (s.data[i - 1] == '?' && s.data[i] == '=')
			w.last = s.data + i - 1;
	while (rest.len != 0) {
		mark = memmem(rest.data, rest.len, "=?", 2);
		gap = span_cut(rest, 0,
		    mark == NULL ? rest.len : (size_t)(mark - rest.data));
		rest = span_cut(rest, gap.len, rest.len);
		/* RFC 2047 section 6.2: blanks between words mean nothing. */
		if (gap.len != 0 &&
		    (!after_word || span_trim(gap).len != 0 ||
			!words_parse(rest, w.last, &word)))
			words_literal(&w, gap);
		if (rest.len == 0)
			break;
		if ((after_word = words_parse(rest, w.last, &word))) {
			words_add(&w, &word);
			rest = span_cut(rest, word.len, rest.len);
		} else {
			words_literal(&w, span_cut(rest, 0, 2));
			rest = span_cut(rest, 2, rest.len);
		}
	}
	words_flush(&w);
	s = arena_copy(a, (struct span){ w.text.data, w.text.len });
	buf_free(&w.text);
	buf_free(&w.octets);
	return (s);
}
