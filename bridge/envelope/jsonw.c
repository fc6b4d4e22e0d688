#include <string.h>

#include "bridge/envelope/jsonw.h"
#include "bridge/envelope/utf8.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define JSONW_ONES UINT64_C(0x0101010101010101)
#define JSONW_HIGH UINT64_C(0x8080808080808080)

/* Does a byte of the word need a look: below 0x20, '"', '\\' or above 0x7F?
 * May say yes too often, never no wrongly. */
static int
jsonw_word_special(uint64_t w)
{
	uint64_t quote = w ^ (JSONW_ONES * '"');
	uint64_t slash = w ^ (JSONW_ONES * '\\');

	return (((w | (w - JSONW_ONES * 0x20) | (quote - JSONW_ONES) |
		     (slash - JSONW_ONES)) &
		    JSONW_HIGH) != 0);
}

/* The length of the start that can be copied as it is. */
static size_t
jsonw_clean(struct span s)
{
	uint64_t word;
	size_t i = 0;
	unsigned char c;

#ifdef __SSE2__
	const __m128i low = _mm_set1_epi8(0x20), quote = _mm_set1_epi8('"'),
		      slash = _mm_set1_epi8('\\');
	int mask;

	for (; s.len - i >= 16; i += 16) {
		__m128i v = _mm_loadu_si128((const void *)(s.data + i));

		/* Signed: octets above 0x7F are below 0x20 as well. */
		mask = _mm_movemask_epi8(_mm_or_si128(_mm_cmplt_epi8(v, low),
		    _mm_or_si128(
			_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash))));
		if (mask != 0)
			return (i + (size_t)__builtin_ctz((unsigned)mask));
	}
#endif
	for (; s.len - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, s.data + i, sizeof(word));
		if (jsonw_word_special(word))
			break;
	}
	for (; i < s.len; i++) {
		c = (unsigned char)s.data[i];
		if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\')
			break;
	}
	return (i);
}

/* Turn the octet or character at the start of ${s} into JSON: *n bytes in
 * ${out}.  Returns how many bytes of ${s} it took. */
static size_t
jsonw_escape(struct span s, char out[8], size_t *n)
{
	static const char hex[] = "0123456789abcdef";
	static const char names[] = "btn?fr"; /* 0x08 to 0x0D */
	unsigned char c = (unsigned char)s.data[0];
	size_t len;

	if (c >= 0x80) {
		if ((len = utf8_length(s.data, s.len)) == 0) {
			*n = utf8_encode(0xFFFD, out);
			return (1);
		}
		memcpy(out, s.data, len);
		*n = len;
		return (len);
	}
	*n = 0;
	if (c == '\0')
		return (1);
	if (c >= 0x20) {
		if (c == '"' || c == '\\')
			out[(*n)++] = '\\';
		out[(*n)++] = (char)c;
		return (1);
	}
	out[(*n)++] = '\\';
	if (c >= 0x08 && c <= 0x0D && c != 0x0B) {
		out[(*n)++] = names[c - 0x08];
		return (1);
	}
	memcpy(out + 1, "u00", 3);
	out[4] = hex[c >> 4];
	out[5] = hex[c & 15];
	*n = 6;
	return (1);
}

void
jsonw_init(struct jsonw *j, struct buf *out)
{
	j->out = out;
	j->comma = 0;
}

/* Before a key or a value: the comma, if one is due. */
static void
jsonw_begin(struct jsonw *j)
{
	if (j->comma)
		(void)buf_putc(j->out, ',');
	j->comma = 1;
}

void
jsonw_open(struct jsonw *j, char bracket)
{
	jsonw_begin(j);
	(void)buf_putc(j->out, bracket);
	j->comma = 0;
}

void
jsonw_close(struct jsonw *j, char bracket)
{
	(void)buf_putc(j->out, bracket);
	j->comma = 1;
}

void
jsonw_key(struct jsonw *j, const char *key)
{
	size_t len = strlen(key);
	char *p;

	jsonw_begin(j);
	j->comma = 0;
	if (buf_reserve(j->out, len + 3) == -1)
		return;
	p = j->out->data + j->out->len;
	*p++ = '"';
	memcpy(p, key, len);
	memcpy(p + len, "\":", 3); /* and the NUL */
	j->out->len += len + 3;
}

void
jsonw_key_span(struct jsonw *j, struct span key)
{
	jsonw_string(j, key);
	(void)buf_putc(j->out, ':');
	j->comma = 0;
}

void
jsonw_null(struct jsonw *j)
{
	jsonw_begin(j);
	(void)buf_put(j->out, "null", 4);
}

void
jsonw_bool(struct jsonw *j, int value)
{
	jsonw_begin(j);
	(void)buf_puts(j->out, value ? "true" : "false");
}

void
jsonw_uint(struct jsonw *j, uint64_t value)
{
	char digits[20], *end = digits + sizeof(digits), *p = end;

	jsonw_begin(j);
	do
		*--p = (char)('0' + value % 10);
	while ((value /= 10) != 0);
	(void)buf_put(j->out, p, (size_t)(end - p));
}

void
jsonw_string(struct jsonw *j, struct span s)
{
	char piece[8];
	size_t n, took;

	jsonw_begin(j);
	/* Most strings need no escape: room for all of it at once. */
	(void)buf_reserve(j->out, s.len + 2);
	(void)buf_putc(j->out, '"');
	while (s.len != 0) {
		if ((took = jsonw_clean(s)) != 0)
			(void)buf_put(j->out, s.data, took);
		s = span_cut(s, took, s.len);
		if (s.len == 0)
			break;
		took = jsonw_escape(s, piece, &n);
		(void)buf_put(j->out, piece, n);
		s = span_cut(s, took, s.len);
	}
	(void)buf_putc(j->out, '"');
}

void
jsonw_maybe(struct jsonw *j, struct span s)
{
	if (s.data == NULL)
		jsonw_null(j);
	else
		jsonw_string(j, s);
}

void
jsonw_hole(struct jsonw *j)
{
	jsonw_begin(j);
}

size_t
jsonw_fit(struct span s, size_t max, size_t *written)
{
	char piece[8];
	size_t i = 0, n, took;

	*written = 0;
	while (i < s.len) {
		took = jsonw_clean(span_cut(s, i, s.len));
		if (took > max - *written)
			took = max - *written;
		i += took;
		*written += took;
		if (i == s.len || *written == max)
			break;
		took = jsonw_escape(span_cut(s, i, s.len), piece, &n);
		if (n > max - *written)
			break;
		i += took;
		*written += n;
	}
	return (i);
}
