#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/buf.h"
#include "bridge/imap/mutf7.h"

#define NAME_MAX_OCTETS (64U * 1024)

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/* The code point at *s, advancing it; UINT32_MAX if it is no valid UTF-8. */
static uint32_t
utf8_next(const unsigned char **s)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	uint32_t c = *(*s)++;
	int more, i;

	if (c < 0x80)
		return (c);
	more = c >= 0xf0 && c < 0xf8 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
	if (more == 0 || c >= 0xf8)
		return (UINT32_MAX);
	c &= 0x3fU >> more;
	for (i = 0; i < more; i++) {
		if ((**s & 0xc0) != 0x80)
			return (UINT32_MAX);
		c = c << 6 | (*(*s)++ & 0x3f);
	}
	if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return (UINT32_MAX);
	return (c);
}

static void
utf8_put(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_putc(b, (char)c);
	} else if (c < 0x800) {
		buf_putc(b, (char)(0xc0 | c >> 6));
		buf_putc(b, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_putc(b, (char)(0xe0 | c >> 12));
		buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(b, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_putc(b, (char)(0xf0 | c >> 18));
		buf_putc(b, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(b, (char)(0x80 | (c & 0x3f)));
	}
}

/* UTF-16 units collected into base64 digits. */
struct bits {
	uint32_t held;
	int n;
};

static void
put_unit(struct buf *b, struct bits *bits, uint32_t unit)
{
	bits->held = bits->held << 16 | unit;
	bits->n += 16;
	while (bits->n >= 6) {
		bits->n -= 6;
		buf_putc(b, digits[bits->held >> bits->n & 0x3f]);
	}
	bits->held &= (1U << bits->n) - 1;
}

static void
end_shift(struct buf *b, struct bits *bits)
{
	if (bits->n > 0)
		buf_putc(b, digits[bits->held << (6 - bits->n) & 0x3f]);
	buf_putc(b, '-');
	*bits = (struct bits){ 0 };
}

char *
mutf7_encode(const char *utf8)
{
	const unsigned char *s = (const unsigned char *)utf8;
	struct bits bits = { 0 };
	struct buf b;
	uint32_t c;
	int shifted = 0;

	buf_init(&b, NAME_MAX_OCTETS);
	buf_puts(&b, "");
	while (*s != '\0') {
		if ((c = utf8_next(&s)) == UINT32_MAX)
			goto fail;
		if (c >= 0x20 && c < 0x7f) {
			if (shifted)
				end_shift(&b, &bits);
			shifted = 0;
			buf_puts(&b, c == '&' ? "&-" : (char[]){ (char)c, 0 });
			continue;
		}
		if (!shifted)
			buf_putc(&b, '&');
		shifted = 1;
		if (c >= 0x10000) {
			put_unit(&b, &bits, 0xd800 + ((c - 0x10000) >> 10));
			c = 0xdc00 + ((c - 0x10000) & 0x3ff);
		}
		put_unit(&b, &bits, c);
	}
	if (shifted)
		end_shift(&b, &bits);
	if (b.failed)
		goto fail;
	return (buf_take(&b));

fail:
	buf_free(&b);
	return (NULL);
}

/* Decode the shifted part at *s, up to its '-'.  0 or -1. */
static int
decode_shifted(struct buf *b, const char **s)
{
	uint32_t held = 0, unit, high = 0;
	const char *d;
	int n = 0;

	for (; **s != '-'; (*s)++) {
		if (**s == '\0' || (d = strchr(digits, **s)) == NULL)
			return (-1);
		held = (held << 6 | (uint32_t)(d - digits)) & 0x3fffff;
		if ((n += 6) < 16)
			continue;
		n -= 16;
		unit = held >> n & 0xffff;
		if (high != 0) {
			if (unit < 0xdc00 || unit > 0xdfff)
				return (-1);
			utf8_put(b,
			    0x10000 + ((high - 0xd800) << 10) +
				(unit - 0xdc00));
			high = 0;
		} else if (unit >= 0xd800 && unit < 0xdc00) {
			high = unit;
		} else if (unit == 0 || (unit >= 0xdc00 && unit < 0xe000)) {
			return (-1);
		} else {
			utf8_put(b, unit);
		}
	}
	(*s)++;
	return (high == 0 ? 0 : -1);
}

char *
mutf7_decode(const char *s)
{
	struct buf b;

	buf_init(&b, NAME_MAX_OCTETS);
	buf_puts(&b, "");
	while (*s != '\0') {
		if ((unsigned char)*s >= 0x80)
			goto fail;
		if (*s != '&') {
			buf_putc(&b, *s++);
		} else if (*++s == '-') {
			buf_putc(&b, '&');
			s++;
		} else if (decode_shifted(&b, &s) == -1) {
			goto fail;
		}
	}
	if (b.failed)
		goto fail;
	return (buf_take(&b));

fail:
	buf_free(&b);
	return (NULL);
}
