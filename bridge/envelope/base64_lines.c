#include <string.h>

#include "bridge/envelope/base64_lines.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#define XX BASE64_XX
#define SP BASE64_SP
#define EQ BASE64_EQ

/* clang-format off */
const uint8_t base64_value[256] = {
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

/* Groups of four characters as long as all are of the alphabet. */
static inline void
lines_fours(const uint8_t **from, const uint8_t *end, char **to)
{
	const uint8_t *t = base64_value, *in = *from;
	char *out = *to;
	uint32_t a, b, c, d, v;

	while (end - in >= 4) {
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
	*from = in;
	*to = out;
}

/* The length of the line end at ${in}; 0 if there is none. */
static inline size_t
lines_end(const uint8_t *in, const uint8_t *end)
{
	if (end - in >= 2 && in[0] == '\r' && in[1] == '\n')
		return (2);
	return (in < end && in[0] == '\n');
}

#ifdef __x86_64__
/* The same, 32 characters at once, as long as there are 32.  The method is
 * Wojciech Mula's: the two nibbles of a character look up bit sets which meet
 * exactly for characters outside the alphabet; the high nibble looks up what
 * to add to get the value. */
__attribute__((target("avx2"))) static void
lines_decode_avx2(const uint8_t **from, const uint8_t *end, char **to)
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
	const uint8_t *in = *from;
	char *out = *to;
	__m256i v, high, low, bad;
	unsigned good, skip;

	while (end - in >= 32) {
		v = _mm256_loadu_si256((const void *)in);
		high = _mm256_and_si256(_mm256_srli_epi32(v, 4), slash);
		low = _mm256_and_si256(v, slash);
		bad = _mm256_and_si256(_mm256_shuffle_epi8(high_sets, high),
		    _mm256_shuffle_epi8(low_sets, low));
		good = (unsigned)_mm256_movemask_epi8(
		    _mm256_cmpeq_epi8(bad, _mm256_setzero_si256()));
		v = _mm256_add_epi8(v,
		    _mm256_shuffle_epi8(shifts,
			_mm256_add_epi8(_mm256_cmpeq_epi8(v, slash), high)));
		v = _mm256_maddubs_epi16(v, _mm256_set1_epi32(0x01400140));
		v = _mm256_madd_epi16(v, _mm256_set1_epi32(0x00011000));
		v = _mm256_shuffle_epi8(v, order);
		_mm_storeu_si128((void *)out, _mm256_castsi256_si128(v));
		_mm_storeu_si128(
		    (void *)(out + 12), _mm256_extracti128_si256(v, 1));
		if (good == UINT32_MAX) {
			in += 32;
			out += 24;
			continue;
		}
		/* Of the groups before the end of the line, mostly, all is
		 * right; what follows in ${out} is overwritten. */
		good = (unsigned)__builtin_ctz(~good) / 4;
		in += 4 * good;
		out += 3 * good;
		if ((skip = (unsigned)lines_end(in, end)) == 0)
			break;
		in += skip;
	}
	*from = in;
	*to = out;
}
#endif

void
base64_lines_decode_plain(const uint8_t **in, const uint8_t *end, char **out)
{
	size_t skip;

	for (;;) {
		lines_fours(in, end, out);
		if ((skip = lines_end(*in, end)) == 0)
			return;
		*in += skip;
	}
}

void
base64_lines_decode(const uint8_t **in, const uint8_t *end, char **out)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		lines_decode_avx2(in, end, out);
#endif
	base64_lines_decode_plain(in, end, out);
}

#ifdef __x86_64__
/* The end of a line is copied with what follows it, which the next line
 * overwrites. */
__attribute__((target("avx2"))) static void
lines_join_avx2(
    const uint8_t **from, const uint8_t *end, char **to, size_t room)
{
	const __m256i cr = _mm256_set1_epi8('\r'), lf = _mm256_set1_epi8('\n');
	const uint8_t *in = *from;
	char *out = *to, *stop = out + room;
	unsigned ends, n;

	while (end - in >= 32 && stop - out >= 32) {
		__m256i v = _mm256_loadu_si256((const void *)in);

		_mm256_storeu_si256((void *)out, v);
		ends = (unsigned)_mm256_movemask_epi8(_mm256_or_si256(
		    _mm256_cmpeq_epi8(v, cr), _mm256_cmpeq_epi8(v, lf)));
		if (ends == 0) {
			in += 32;
			out += 32;
			continue;
		}
		n = (unsigned)__builtin_ctz(ends);
		in += n + 1;
		out += n;
		if (in < end && *in == '\n')
			in++;
	}
	*from = in;
	*to = out;
}
#endif

size_t
base64_lines_join_plain(
    const uint8_t *in, const uint8_t *end, char *out, size_t room)
{
	char *to = out, *stop = out + room;

	for (; in < end; in++) {
		if (*in == '\r' || *in == '\n')
			continue;
		if (to == stop)
			break;
		*to++ = (char)*in;
	}
	return ((size_t)(to - out));
}

size_t
base64_lines_join(const uint8_t *in, const uint8_t *end, char *out, size_t room)
{
	char *to = out;

#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		lines_join_avx2(&in, end, &to, room);
#endif
	room -= (size_t)(to - out);
	return (
	    (size_t)(to - out) + base64_lines_join_plain(in, end, to, room));
}
