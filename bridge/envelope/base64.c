#include <stdint.h>
#include <string.h>

#include "bridge/envelope/base64.h"
#include "bridge/envelope/base64_lines.h"

/* As much of a line as is looked at to tell what it is. */
#define BASE64_LINE 128

/* Where the decoder is within a text. */
struct base64_state {
	const uint8_t *in, *end;
	char *out;
	uint32_t bits;	/* of the characters seen of this group of four */
	unsigned nbits; /* 0, 6, 12 or 18 */
	int padded;	/* padding was seen, and then nothing but padding */
	unsigned padding, found;
	const uint8_t *more; /* known to be base64 up to here */
};

/* A group that ends early gives the octets it has all bits of. */
static void
base64_flush(struct base64_state *s)
{
	uint32_t rest = s->bits & (s->nbits == 18 ? 3 : 15);

	if (s->nbits >= 12)
		*s->out++ = (char)(s->bits >> (s->nbits - 8));
	if (s->nbits == 18)
		*s->out++ = (char)(s->bits >> 2);
	if (s->nbits == 6)
		s->found |= BASE64_CUT;
	else if (s->nbits != 0 && rest != 0)
		s->found |= BASE64_BITS;
	s->bits = 0;
	s->nbits = 0;
}

static void
base64_pad(struct base64_state *s)
{
	if (!s->padded) {
		s->padding = s->nbits == 18 ? 1 : s->nbits == 12 ? 2 : 0;
		base64_flush(s);
		s->padded = 1;
	}
	if (s->padding == 0)
		s->found |= BASE64_STRAY;
	else
		s->padding--;
}

/* After padding: is the line that starts here more base64, and not a footer
 * that some list or scanner put below? */
static int
base64_is_more(struct base64_state *s, const uint8_t *p)
{
	const uint8_t *end =
	    s->end - p > BASE64_LINE ? p + BASE64_LINE : s->end;
	int blank = 0;

	if (p < s->more)
		return (1);
	for (; p < end && *p != '\n'; p++) {
		if (base64_value[*p] == BASE64_XX ||
		    (blank && !span_space((char)*p)))
			return (0);
		blank |= span_blank((char)*p);
	}
	s->more = p;
	return (1);
}

static void
base64_decode_one(struct base64_state *s)
{
	uint8_t c = *s->in++, v = base64_value[c];

	if (s->padded && (v < 64 || v == BASE64_XX)) {
		if (!base64_is_more(s, s->in - 1)) {
			s->found |= BASE64_STRAY;
			s->in = s->end;
			return;
		}
		s->found |= BASE64_JOINED;
		s->padded = 0;
	}
	if (v < 64) {
		s->bits = s->bits << 6 | v;
		s->nbits += 6;
		if (s->nbits == 24) {
			*s->out++ = (char)(s->bits >> 16);
			*s->out++ = (char)(s->bits >> 8);
			*s->out++ = (char)s->bits;
			s->bits = 0;
			s->nbits = 0;
		}
	} else if (v == BASE64_EQ) {
		base64_pad(s);
	} else if (v == BASE64_XX) {
		s->found |= BASE64_STRAY;
	} else if (c != '\n' &&
	    (c != '\r' || s->in == s->end || *s->in != '\n')) {
		s->found |= BASE64_SPACE;
	}
}

size_t
base64_decode(struct span in, char *out, unsigned *found)
{
	struct base64_state s = { .in = (const uint8_t *)in.data,
		.out = out,
		.more = (const uint8_t *)in.data };

	*found = 0;
	if (in.len == 0)
		return (0);
	s.end = s.in + in.len;
	while (s.in < s.end) {
		if (s.nbits == 0 && !s.padded) {
			base64_lines_decode(&s.in, s.end, &s.out);
			if (s.in == s.end)
				break;
		}
		base64_decode_one(&s);
	}
	if (s.nbits != 0) {
		s.found |= BASE64_CUT;
		base64_flush(&s);
	} else if (s.padded && s.padding != 0) {
		s.found |= BASE64_CUT;
	}
	*found = s.found;
	return ((size_t)(s.out - out));
}

void
base64_encode(struct span in, char *out)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *p = (const uint8_t *)in.data;
	size_t left;
	uint32_t v;

	for (left = in.len; left >= 3; left -= 3, p += 3, out += 4) {
		v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		out[0] = digits[v >> 18];
		out[1] = digits[v >> 12 & 63];
		out[2] = digits[v >> 6 & 63];
		out[3] = digits[v & 63];
	}
	if (left == 0)
		return;
	v = (uint32_t)p[0] << 16 | (left == 2 ? (uint32_t)p[1] << 8 : 0);
	out[0] = digits[v >> 18];
	out[1] = digits[v >> 12 & 63];
	out[2] = left == 2 ? digits[v >> 6 & 63] : '=';
	out[3] = '=';
}

size_t
base64_join(struct span in, char *out, size_t room)
{
	const uint8_t *p = (const uint8_t *)in.data;

	return (base64_lines_join(p, p + in.len, out, room));
}
