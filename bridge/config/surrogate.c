#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/config/surrogate.h"

#define ESCAPE 6 /* \uXXXX */

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	c |= 'a' ^ 'A';
	return (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
}

/* The number in "\uXXXX", or 0 if ${s}, of ${len} bytes, does not begin so. */
static unsigned
unit(const char *s, size_t len)
{
	unsigned n = 0;
	size_t i;

	if (len < ESCAPE || s[0] != '\\' || s[1] != 'u')
		return (0);
	for (i = 2; i < ESCAPE; i++) {
		if (hex(s[i]) == -1)
			return (0);
		n = n * 16 + (unsigned)hex(s[i]);
	}
	return (n);
}

char *
surrogate_join(const char *text, size_t *len)
{
	size_t from = 0, to = 0, left;
	unsigned high, low;
	char *copy;

	/* A pair of 12 bytes becomes 10, and snprintf() ends it. */
	if ((copy = malloc(*len + 1)) == NULL)
		return (NULL);
	while ((left = *len - from) > 0) {
		high = unit(text + from, left);
		low = left > ESCAPE ? unit(text + from + ESCAPE, left - ESCAPE)
				    : 0;
		if (high >> 10 == 0xd800 >> 10 && low >> 10 == 0xdc00 >> 10) {
			to += (size_t)snprintf(copy + to, 11, "\\U%08x",
			    0x10000 + ((high & 0x3ff) << 10) + (low & 0x3ff));
			from += (size_t)2 * ESCAPE;
			continue;
		}
		/* An escaped backslash begins no escape. */
		if (text[from] == '\\' && left > 1)
			copy[to++] = text[from++];
		copy[to++] = text[from++];
	}
	copy[to] = '\0';
	*len = to;
	return (copy);
}
