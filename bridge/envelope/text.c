#include <string.h>

#include "bridge/limits.h"
#include "bridge/envelope/charset.h"
#include "bridge/envelope/encoded.h"
#include "bridge/envelope/meta.h"
#include "bridge/envelope/text.h"
#include "bridge/envelope/utf8.h"

static void
text_notes(const struct part *p, struct problems *ps, struct span label,
    unsigned found)
{
	if ((found & CHARSET_UNKNOWN) != 0)
		problem_add_part(ps, PROBLEM_CHARSET_UNKNOWN, p->id, label);
	else if ((found & CHARSET_GUESSED) != 0)
		problem_add_part(ps, PROBLEM_CHARSET_GUESSED, p->id, label);
	if ((found & CHARSET_REPLACED) != 0)
		problem_add_part(ps, PROBLEM_CHARSET_REPLACED, p->id, label);
}

/* Copy with CRLF to LF. */
static int
text_lines(struct buf *out, struct span s)
{
	const char *cr;
	size_t n;

	if (buf_reserve(out, s.len) == -1)
		return (-1);
	while (s.len != 0) {
		cr = memchr(s.data, '\r', s.len);
		n = cr == NULL ? s.len : (size_t)(cr - s.data);
		/* A CR alone stays. */
		if (cr != NULL && (n + 1 == s.len || cr[1] != '\n'))
			n++;
		(void)buf_put(out, s.data, n);
		if (n < s.len && s.data[n] == '\r')
			n++;
		s = span_cut(s, n, s.len);
	}
	return (0);
}

/* The charset to read a text in: HTML without a label may have one inside. Text
 * that is UTF-8 is taken as that: whoever made it so forgot the inside. */
static struct span
text_label(const struct part *p, struct span s, unsigned *found)
{
	struct span inside = { NULL, 0 };

	if (p->unlabelled && p->in_html)
		inside = meta_charset(s);
	if (inside.len == 0 ||
	    (utf8_ascii(s) != s.len && utf8_valid(s) == s.len))
		return (p->charset);
	if (!charset_plain(s, inside))
		*found |= CHARSET_GUESSED;
	return (inside);
}

/* What a reader of the text should know. */
static void
text_look(const struct part *p, struct problems *ps, struct span s)
{
	const char *name;

	if (s.len != 0 && memchr(s.data, '\0', s.len) != NULL)
		problem_add_part(
		    ps, PROBLEM_NUL_DROPPED, p->id, (struct span){ NULL, 0 });
	if (p->in_text && (name = encoded_name(s)) != NULL)
		problem_add_part(ps, PROBLEM_TEXT_ENCODED, p->id,
		    (struct span){ name, strlen(name) });
}

int
text_append(struct buf *out, struct part *p, struct span octets, int joined,
    struct problems *ps)
{
	struct buf utf8;
	struct span s = octets, label;
	unsigned found = 0;
	size_t room;
	int rc = 0, cut = 0;

	if (joined && out->len < LIMIT_ENVELOPE_TEXT)
		(void)buf_putc(out, '\n');
	p->text_at = out->len;
	room =
	    out->len < LIMIT_ENVELOPE_TEXT ? LIMIT_ENVELOPE_TEXT - out->len : 0;
	if (s.len > room) {
		cut = 1;
		s.len = utf8_floor(s, room);
	}
	buf_init(&utf8, (size_t)LIMIT_ENVELOPE_TEXT * 4);
	label = text_label(p, s, &found);
	if (!charset_plain(s, label)) {
		rc = charset_append(&utf8, s, label, &found);
		s = (struct span){ utf8.data, utf8.len };
		text_notes(p, ps, label, found);
		if (s.len > room) {
			cut = 1;
			s.len = utf8_floor(s, room);
		}
	}
	if (rc == 0)
		rc = text_lines(out, s);
	buf_free(&utf8);
	text_look(p, ps,
	    span_cut(
		(struct span){ out->data, out->len }, p->text_at, out->len));
	p->text_len = out->len - p->text_at;
	p->doubtful |= found != 0;
	p->truncated = cut;
	p->stored |= cut;
	if (cut)
		problem_add_part(ps, PROBLEM_BODY_TRUNCATED, p->id,
		    (struct span){ NULL, 0 });
	return (out->failed ? -1 : rc);
}
