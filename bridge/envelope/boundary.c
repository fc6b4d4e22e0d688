#include <string.h>

#include "bridge/envelope/boundary.h"
#include "bridge/envelope/header.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* The offset of the next line feed that "--" follows, or ${s}.len. */
static size_t
boundary_dashes(struct span s)
{
	const char *p = s.data, *end = s.data + s.len;

#ifdef __SSE2__
	const __m128i lf = _mm_set1_epi8('\n'), dash = _mm_set1_epi8('-');

	/* Comparing the first and the third octet leaves little to look at. */
	for (; end - p >= 34; p += 32) {
		__m128i a = _mm_and_si128(
		    _mm_cmpeq_epi8(_mm_loadu_si128((const void *)p), lf),
		    _mm_cmpeq_epi8(
			_mm_loadu_si128((const void *)(p + 2)), dash));
		__m128i b = _mm_and_si128(
		    _mm_cmpeq_epi8(_mm_loadu_si128((const void *)(p + 16)), lf),
		    _mm_cmpeq_epi8(
			_mm_loadu_si128((const void *)(p + 18)), dash));
		unsigned mask = (unsigned)_mm_movemask_epi8(a) |
		    (unsigned)_mm_movemask_epi8(b) << 16;

		for (; mask != 0; mask &= mask - 1) {
			const char *at = p + __builtin_ctz(mask);

			if (at[1] == '-')
				return ((size_t)(at - s.data));
		}
	}
#endif
	while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		if (end - p >= 3 && p[1] == '-' && p[2] == '-')
			return ((size_t)(p - s.data));
		p++;
	}
	return (s.len);
}

int
boundary_next(struct span *rest, struct span *line)
{
	if (!span_starts(*rest, "--"))
		*rest = span_cut(*rest, boundary_dashes(*rest) + 1, rest->len);
	*line = header_line(rest);
	return (line->len != 0);
}

char
boundary_match(struct span line, struct span boundary)
{
	size_t len = boundary.len + 2;

	if (line.len < len ||
	    memcmp(line.data + 2, boundary.data, boundary.len) != 0)
		return ('\0');
	line = span_cut(line, len, line.len);
	while (line.len != 0 && span_space(line.data[line.len - 1]))
		line.len--;
	return (line.len == 0 ? '+' : span_is(line, "--") ? '-' : '\0');
}
