#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "bridge/envelope/charset.h"
#include "bridge/envelope/charset_private.h"
#include "bridge/envelope/jis.h"
#include "bridge/envelope/utf8.h"

#define CHARSET_PIECE 4096

int
charset_plain(struct span octets, struct span label)
{
	const struct charset *c = charset_find(label);
	size_t ascii = utf8_ascii(octets);

	if (c == NULL || c->kind == CHARSET_STATEFUL || c->kind == CHARSET_JIS)
		return (0);
	if (ascii == octets.len)
		return (1);
	return (c->kind == CHARSET_UTF8 && utf8_valid(octets) == octets.len);
}

/* Windows-1252; its five unassigned octets are controls, as WHATWG has it. */
static int
charset_append_1252(struct buf *out, struct span s)
{
	static const uint16_t high[32] = { 0x20AC, 0x81, 0x201A, 0x0192, 0x201E,
		0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152,
		0x8D, 0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D,
		0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153,
		0x9D, 0x017E, 0x0178 };
	char piece[4];
	unsigned char c;
	size_t n;

	while (s.len != 0) {
		n = utf8_ascii(s);
		if (n != 0 && buf_put(out, s.data, n) == -1)
			return (-1);
		if (n == s.len)
			break;
		c = (unsigned char)s.data[n];
		s = span_cut(s, n + 1, s.len);
		n = utf8_encode(c < 0xA0 ? high[c - 0x80] : c, piece);
		if (buf_put(out, piece, n) == -1)
			return (-1);
	}
	return (0);
}

static int
charset_append_utf8(struct buf *out, struct span s, unsigned *found)
{
	size_t n;

	while (s.len != 0) {
		n = utf8_valid(s);
		if (n != 0 && buf_put(out, s.data, n) == -1)
			return (-1);
		if (n == s.len)
			break;
		*found |= CHARSET_REPLACED;
		if (buf_put(out, "\xEF\xBF\xBD", 3) == -1)
			return (-1);
		s = span_cut(s, n + 1, s.len);
	}
	return (0);
}

/* Strict UTF-8 if it is that, else windows-1252, which takes anything. */
static int
charset_append_guess(struct buf *out, struct span s, unsigned *found)
{
	if (utf8_ascii(s) != s.len)
		*found |= CHARSET_GUESSED;
	if (utf8_valid(s) == s.len)
		return (s.len == 0 ? 0 : buf_put(out, s.data, s.len));
	return (charset_append_1252(out, s));
}

/* Has it a well-formed character above ASCII? */
static int
charset_looks_utf8(struct span s)
{
	size_t n;

	while ((n = utf8_ascii(s)) != s.len) {
		s = span_cut(s, n, s.len);
		if (utf8_length(s.data, s.len) != 0)
			return (1);
		s = span_cut(s, 1, s.len);
	}
	return (0);
}

/* By iconv; -1 when ${out} refused, 1 when it does not know ${name}. */
static int
charset_append_iconv(
    struct buf *out, struct span s, const char *name, unsigned *found)
{
	char piece[CHARSET_PIECE], *in = (char *)(size_t)s.data, *to;
	size_t left = s.len, room;
	iconv_t cd;
	int rc = 0, why;

	if ((cd = iconv_open("UTF-8", name)) == (iconv_t)-1)
		return (1);
	while (rc == 0 && left != 0) {
		to = piece;
		room = sizeof(piece);
		why =
		    iconv(cd, &in, &left, &to, &room) == (size_t)-1 ? errno : 0;
		rc = buf_put(out, piece, sizeof(piece) - room);
		if (rc == -1 || why == 0 || why == E2BIG)
			continue;
		*found |= CHARSET_REPLACED;
		rc = buf_put(out, "\xEF\xBF\xBD", 3);
		in++;
		left--;
	}
	to = piece;
	room = sizeof(piece);
	if (rc == 0 && iconv(cd, NULL, NULL, &to, &room) == 0)
		rc = buf_put(out, piece, sizeof(piece) - room);
	(void)iconv_close(cd);
	return (rc);
}

static int
charset_append_other(
    struct buf *out, struct span s, const struct charset *c, unsigned *found)
{
	unsigned bad = 0, wider = 0;
	size_t before = out->len;
	int rc;

	rc = charset_append_iconv(out, s, c->iconv, &bad);
	if (rc == 1) {
		*found |= CHARSET_UNKNOWN;
		return (charset_append_guess(out, s, found));
	}
	if (rc == -1 || bad == 0)
		return (rc);
	if (c->kind == CHARSET_SUPERSET && utf8_valid(s) == s.len) {
		out->len = before;
		*found |= CHARSET_GUESSED;
		return (buf_put(out, s.data, s.len));
	}
	if (c->wider != NULL) {
		out->len = before;
		rc = charset_append_iconv(out, s, c->wider, &wider);
		if (rc == 1)
			rc = charset_append_iconv(out, s, c->iconv, &wider);
		bad = wider;
	}
	*found |= bad;
	return (rc);
}

static int
charset_append_jis(
    struct buf *out, struct span s, const struct charset *c, unsigned *found)
{
	struct buf euc;
	int rc;

	buf_init(&euc, s.len * 2 + 16);
	if ((rc = jis_append_euc(&euc, s)) == 0)
		rc = charset_append_other(
		    out, (struct span){ euc.data, euc.len }, c, found);
	buf_free(&euc);
	return (rc);
}

int
charset_append(
    struct buf *out, struct span octets, struct span label, unsigned *found)
{
	const struct charset *c = charset_find(label);

	if (octets.len == 0)
		return (0);
	if (c == NULL) {
		*found |= CHARSET_UNKNOWN;
		return (charset_append_guess(out, octets, found));
	}
	switch (c->kind) {
	case CHARSET_ASCII:
		return (charset_append_guess(out, octets, found));
	case CHARSET_1252:
		return (charset_append_1252(out, octets));
	case CHARSET_UTF8:
		/* No single character of UTF-8 in it: some 8-bit charset. */
		if (utf8_ascii(octets) != octets.len &&
		    !charset_looks_utf8(octets))
			return (charset_append_guess(out, octets, found));
		return (charset_append_utf8(out, octets, found));
	case CHARSET_JIS:
		return (charset_append_jis(out, octets, c, found));
	case CHARSET_SUPERSET:
	case CHARSET_STATEFUL:
		break;
	}
	return (charset_append_other(out, octets, c, found));
}
