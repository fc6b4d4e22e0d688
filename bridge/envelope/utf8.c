#include <string.h>

#include "bridge/envelope/utf8.h"

#define UTF8_HIGH UINT64_C(0x8080808080808080)

size_t
utf8_length(const char *p, size_t len)
{
	const unsigned char *u = (const unsigned char *)p;
	unsigned char low = 0x80, high = 0xBF;
	size_t n, i;

	if (u[0] < 0x80)
		return (1);
	if (u[0] < 0xC2 || u[0] > 0xF4)
		return (0);
	n = u[0] < 0xE0 ? 2 : u[0] < 0xF0 ? 3 : 4;
	if (len < n)
		return (0);
	/* RFC 3629 section 4: these narrow the range of the second octet. */
	if (u[0] == 0xE0)
		low = 0xA0;
	else if (u[0] == 0xED)
		high = 0x9F;
	else if (u[0] == 0xF0)
		low = 0x90;
	else if (u[0] == 0xF4)
		high = 0x8F;
	if (u[1] < low || u[1] > high)
		return (0);
	for (i = 2; i < n; i++)
		if ((u[i] & 0xC0) != 0x80)
			return (0);
	return (n);
}

size_t
utf8_ascii(struct span s)
{
	uint64_t word;
	size_t i;

	for (i = 0; s.len - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, s.data + i, sizeof(word));
		if ((word & UTF8_HIGH) != 0)
			break;
	}
	while (i < s.len && (unsigned char)s.data[i] < 0x80)
		i++;
	return (i);
}

size_t
utf8_valid(struct span s)
{
	size_t i, n;

	for (i = 0; i < s.len; i += n) {
		if ((unsigned char)s.data[i] < 0x80)
			n = utf8_ascii(span_cut(s, i, s.len));
		else if ((n = utf8_length(s.data + i, s.len - i)) == 0)
			break;
	}
	return (i);
}

size_t
utf8_encode(uint32_t code, char out[4])
{
	if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
		code = 0xFFFD;
	if (code < 0x80) {
		out[0] = (char)code;
		return (1);
	}
	if (code < 0x800) {
		out[0] = (char)(0xC0 | (code >> 6));
		out[1] = (char)(0x80 | (code & 0x3F));
		return (2);
	}
	if (code < 0x10000) {
		out[0] = (char)(0xE0 | (code >> 12));
		out[1] = (char)(0x80 | ((code >> 6) & 0x3F));
		out[2] = (char)(0x80 | (code & 0x3F));
		return (3);
	}
	out[0] = (char)(0xF0 | (code >> 18));
	out[1] = (char)(0x80 | ((code >> 12) & 0x3F));
	out[2] = (char)(0x80 | ((code >> 6) & 0x3F));
	out[3] = (char)(0x80 | (code & 0x3F));
	return (4);
}

size_t
utf8_floor(struct span s, size_t max)
{
	size_t i = max;

	if (s.len <= max)
		return (s.len);
	/* No character is longer; what is longer is none, and is cut anywhere.
	 */
	while (
	    i != 0 && max - i < 3 && ((unsigned char)s.data[i] & 0xC0) == 0x80)
		i--;
	return (((unsigned char)s.data[i] & 0xC0) == 0x80 ? max : i);
}
