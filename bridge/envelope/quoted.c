#include <string.h>

#include "bridge/envelope/quoted.h"

static int
quoted_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	c = span_lower(c);
	return (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
}

int
quoted_hex(const char *p)
{
	int high = quoted_digit(p[0]), low = quoted_digit(p[1]);

	return (high == -1 || low == -1 ? -1 : high << 4 | low);
}

/* Decode one line without its end; 1 if it ends in a soft break. */
static int
quoted_line(struct span in, char **out, int *damaged)
{
	const char *eq;
	size_t run;
	int octet;

	while (in.len != 0) {
		eq = memchr(in.data, '=', in.len);
		run = eq == NULL ? in.len : (size_t)(eq - in.data);
		memmove(*out, in.data, run);
		*out += run;
		in = span_cut(in, run, in.len);
		if (in.len == 0)
			break;
		if (in.len == 1)
			return (1);
		if (in.len >= 3 && (octet = quoted_hex(in.data + 1)) != -1) {
			*(*out)++ = (char)octet;
			in = span_cut(in, 3, in.len);
		} else {
			*damaged = 1;
			*(*out)++ = '=';
			in = span_cut(in, 1, in.len);
		}
	}
	return (0);
}

size_t
quoted_decode(struct span in, char *out, int *damaged)
{
	struct span line, end;
	char *start = out;
	int soft;

	*damaged = 0;
	while (in.len != 0) {
		end = in;
		line = span_split(&in, '\n');
		end = span_cut(end, line.len, line.len + 1);
		if (end.len != 0 && line.len != 0 &&
		    line.data[line.len - 1] == '\r') {
			line.len--;
			end.data--;
			end.len++;
		}
		/* Blanks at the end were added on the way (rule 3). */
		while (line.len != 0 && span_blank(line.data[line.len - 1]))
			line.len--;
		soft = quoted_line(line, &out, damaged);
		if (!soft) {
			memmove(out, end.data, end.len);
			out += end.len;
		}
	}
	return ((size_t)(out - start));
}

size_t
quoted_decode_word(struct span in, char *out)
{
	char *start = out;
	size_t i;
	int octet;

	for (i = 0; i < in.len; i++) {
		if (in.data[i] == '_') {
			*out++ = ' ';
		} else if (in.data[i] == '=' && in.len - i >= 3 &&
		    (octet = quoted_hex(in.data + i + 1)) != -1) {
			*out++ = (char)octet;
			i += 2;
		} else {
			*out++ = in.data[i];
		}
	}
	return ((size_t)(out - start));
}
