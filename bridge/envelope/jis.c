#include <string.h>

#include "bridge/envelope/jis.h"

enum jis_set {
	JIS_ASCII,
	JIS_KATAKANA, /* JIS X 0201, right half */
	JIS_0208,     /* with what NEC and Microsoft put into it */
	JIS_0212
};

/* The escape sequence at the start: its length and what it selects; or 0. */
static size_t
jis_escape(struct span s, enum jis_set *set)
{
	static const struct {
		const char *sequence;
		enum jis_set set;
	} known[] = { { "\x1B(B", JIS_ASCII }, { "\x1B(J", JIS_ASCII },
		{ "\x1B(I", JIS_KATAKANA }, { "\x1B$@", JIS_0208 },
		{ "\x1B$B", JIS_0208 }, { "\x1B$(B", JIS_0208 },
		{ "\x1B$(@", JIS_0208 }, { "\x1B$(D", JIS_0212 } };
	size_t i, len;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		len = strlen(known[i].sequence);
		if (s.len >= len &&
		    memcmp(s.data, known[i].sequence, len) == 0) {
			*set = known[i].set;
			return (len);
		}
	}
	return (0);
}

int
jis_append_euc(struct buf *out, struct span s)
{
	enum jis_set set = JIS_ASCII;
	char piece[3];
	size_t len, n;

	while (s.len != 0) {
		if (s.data[0] == '\x1B' && (len = jis_escape(s, &set)) != 0) {
			s = span_cut(s, len, s.len);
			continue;
		}
		n = 0;
		len = 1;
		/* A line end goes back to ASCII even where that was forgotten.
		 */
		if (s.data[0] == '\n')
			set = JIS_ASCII;
		if ((unsigned char)s.data[0] >= 0x80) {
			/* No octet of it has the high bit: none of EUC-JP. */
			piece[n++] = '\xFF';
		} else if (set == JIS_ASCII || s.data[0] <= ' ') {
			piece[n++] = s.data[0];
		} else if (set == JIS_KATAKANA) {
			piece[n++] = '\x8E';
			piece[n++] = (char)(s.data[0] | 0x80);
		} else {
			if (set == JIS_0212)
				piece[n++] = '\x8F';
			piece[n++] = (char)(s.data[0] | 0x80);
			if (s.len > 1 && s.data[1] > ' ' &&
			    (unsigned char)s.data[1] < 0x80) {
				piece[n++] = (char)(s.data[1] | 0x80);
				len = 2;
			}
		}
		if (buf_put(out, piece, n) == -1)
			return (-1);
		s = span_cut(s, len, s.len);
	}
	return (0);
}
