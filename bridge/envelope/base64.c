#include <stdint.h>
#include <string.h>

#include "bridge/envelope/base64.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#define XX 0x80 /* outside the alphabet */
#define SP 0x81 /* white space; NUL too */
#define EQ 0x82

/* clang-format off */
static const uint8_t base64_value[256] = {
	SP, XX, XX, XX, XX, XX, XX, XX, XX, SP, SP, SP, SP, SP, XX, XX,
	XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
	SP, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, 62, XX, XX, XX, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, XX, XX, XX, EQ, XX, XX,
	XX, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, XX, XX, XX, XX, XX,
	XX, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, XX, XX, XX, XX, XX,
	XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
	XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
	XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
	XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
	XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
	XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
	XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
	XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
};
/* clang-format on */

#undef XX
#undef SP
#undef EQ

/* As much of a line as is looked at to tell what it is. */
#define BASE64_LINE 128

enum { BASE64_XX = 0x80, BASE64_SP = 0x81, BASE64_EQ = 0x82 };

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

/* Groups of four characters as long as all are of the alphabet. */
static inline void
base64_decode_fours(struct base64_state *s)
{
	const uint8_t *t = base64_value, *in = s->in;
	char *out = s->out;
	uint32_t a, b, c, d, v;

	while (s->end - in >= 4) {
		a = t[in[0]];
		b = t[in[1]];
		c = t[in[2]];
		d = t[in[3]];
		if (((a | b | c | d) & 0x80) != 0)
			break;
		v = a << 18 | b << 12 | c << 6 | d;
		out[0] = (char)(v >> 16);
		out[1] = (char)(v >> 8);
		out[2] = (char)v;
		in += 4;
		out += 3;
	}
	s->in = in;
	s->out = out;
}

/* Step over a line end; 0 if there is none. */
static inline int
base64_decode_end(struct base64_state *s)
{
	if (s->end - s->in >= 2 && s->in[0] == '\r' && s->in[1] == '\n')
		s->in += 2;
	else if (s->in < s->end && s->in[0] == '\n')
		s->in++;
	else
		return (0);
	return (1);
}

/* Whole lines of whole groups, which is what senders write. */
static void
base64_decode_lines(struct base64_state *s)
{
	for (;;) {
		base64_decode_fours(s);
		if (!base64_decode_end(s))
			return;
	}
}

#ifdef __x86_64__
/* The same, 32 characters at once.  The method is Wojciech Mula's: the two
 * nibbles of a character look up bit sets which meet exactly for characters
 * outside the alphabet; the high nibble looks up what to add to get the value.
 */
__attribute__((target("avx2"))) static void
base64_decode_avx2(struct base64_state *s)
{
	const __m256i low_sets = _mm256_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11,
	    0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A, 0x1B, 0x1B, 0x1B, 0x1A,
	    0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13,
	    0x1A, 0x1B, 0x1B, 0x1B, 0x1A);
	const __m256i high_sets = _mm256_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04,
	    0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
	    0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10,
	    0x10, 0x10, 0x10, 0x10, 0x10);
	const __m256i shifts =
	    _mm256_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
	const __m256i order =
	    _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1,
		-1, 2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
	const __m256i slash = _mm256_set1_epi8(0x2F);
	__m256i v, high, low;

	for (;;) {
		if (s->end - s->in < 32) {
			base64_decode_lines(s);
			return;
		}
		v = _mm256_loadu_si256((const void *)s->in);
		high = _mm256_and_si256(_mm256_srli_epi32(v, 4), slash);
		low = _mm256_and_si256(v, slash);
		if (!_mm256_testz_si256(_mm256_shuffle_epi8(high_sets, high),
			_mm256_shuffle_epi8(low_sets, low))) {
			/* Mostly the end of a line. */
			base64_decode_fours(s);
			if (!base64_decode_end(s))
				return;
			continue;
		}
		v = _mm256_add_epi8(v,
		    _mm256_shuffle_epi8(shifts,
			_mm256_add_epi8(_mm256_cmpeq_epi8(v, slash), high)));
		v = _mm256_maddubs_epi16(v, _mm256_set1_epi32(0x01400140));
		v = _mm256_madd_epi16(v, _mm256_set1_epi32(0x00011000));
		v = _mm256_shuffle_epi8(v, order);
		_mm_storeu_si128((void *)s->out, _mm256_castsi256_si128(v));
		_mm_storeu_si128(
		    (void *)(s->out + 12), _mm256_extracti128_si256(v, 1));
		s->in += 32;
		s->out += 24;
	}
}
#endif

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
#ifdef __x86_64__
	int avx2 = __builtin_cpu_supports("avx2");
#endif

	*found = 0;
	if (in.len == 0)
		return (0);
	s.end = s.in + in.len;
	while (s.in < s.end) {
		if (s.nbits == 0 && !s.padded) {
#ifdef __x86_64__
			if (avx2)
				base64_decode_avx2(&s);
			else
#endif
				base64_decode_lines(&s);
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
	struct span rest = in, line;
	char *p = out;

	while (rest.len != 0) {
		line = span_split(&rest, '\n');
		while (line.len != 0 && line.data[line.len - 1] == '\r')
			line.len--;
		if (line.len > room)
			break;
		if (line.len != 0)
			memcpy(p, line.data, line.len);
		p += line.len;
		room -= line.len;
	}
	return ((size_t)(p - out));
}
