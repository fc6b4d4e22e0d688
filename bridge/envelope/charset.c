#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "bridge/envelope/charset.h"
#include "bridge/envelope/jis.h"
#include "bridge/envelope/utf8.h"

#define CHARSET_PIECE 4096
#define CHARSET_LABEL 45

enum charset_kind {
	CHARSET_UTF8,
	CHARSET_ASCII, /* says nothing about octets above 0x7F */
	CHARSET_1252,
	CHARSET_SUPERSET, /* iconv; ASCII octets mean ASCII */
	CHARSET_STATEFUL, /* iconv; they may mean anything */
	CHARSET_JIS	  /* the same, by way of EUC-JP */
};

struct charset {
	enum charset_kind kind;
	const char *iconv;
	const char *wider;  /* tried where ${iconv} meets errors, or NULL */
	const char *labels; /* in lower case, one space around each */
};

static const struct charset charset_table[] = {
	{ CHARSET_UTF8, NULL, NULL, " utf-8 utf8 unicode-1-1-utf-8 utf_8 " },
	{ CHARSET_ASCII, NULL, NULL,
	    " us-ascii ascii ansi_x3.4-1968 iso-ir-6 iso646-us 646 "
	    "unknown-8bit x-unknown unknown 7bit 8bit binary default none "
	    "x-user-defined " },
	{ CHARSET_1252, NULL, NULL,
	    " windows-1252 cp1252 x-cp1252 iso-8859-1 iso8859-1 iso_8859-1 "
	    "latin1 latin-1 l1 iso88591 iso-ir-100 cp819 ibm819 ansi "
	    "iso-8859-1-windows-3.0-latin-1 " },
	{ CHARSET_SUPERSET, "ISO-8859-2", NULL,
	    " iso-8859-2 iso8859-2 iso_8859-2 latin2 l2 " },
	{ CHARSET_SUPERSET, "ISO-8859-3", NULL,
	    " iso-8859-3 iso8859-3 iso_8859-3 latin3 l3 " },
	{ CHARSET_SUPERSET, "ISO-8859-4", NULL,
	    " iso-8859-4 iso8859-4 iso_8859-4 latin4 l4 " },
	{ CHARSET_SUPERSET, "ISO-8859-5", NULL,
	    " iso-8859-5 iso8859-5 iso_8859-5 cyrillic " },
	{ CHARSET_SUPERSET, "ISO-8859-6", NULL,
	    " iso-8859-6 iso8859-6 iso-8859-6-e iso-8859-6-i arabic "
	    "asmo-708 " },
	{ CHARSET_SUPERSET, "ISO-8859-7", NULL,
	    " iso-8859-7 iso8859-7 iso_8859-7 greek " },
	{ CHARSET_SUPERSET, "ISO-8859-8", NULL,
	    " iso-8859-8 iso8859-8 iso-8859-8-e iso-8859-8-i logical "
	    "hebrew visual " },
	{ CHARSET_SUPERSET, "CP1254", NULL,
	    " windows-1254 cp1254 iso-8859-9 iso8859-9 latin5 l5 " },
	{ CHARSET_SUPERSET, "ISO-8859-10", NULL,
	    " iso-8859-10 iso8859-10 latin6 l6 " },
	{ CHARSET_SUPERSET, "CP874", NULL,
	    " iso-8859-11 iso8859-11 tis-620 windows-874 dos-874 cp874 " },
	{ CHARSET_SUPERSET, "ISO-8859-13", NULL, " iso-8859-13 iso8859-13 " },
	{ CHARSET_SUPERSET, "ISO-8859-14", NULL, " iso-8859-14 iso8859-14 " },
	{ CHARSET_SUPERSET, "ISO-8859-15", NULL,
	    " iso-8859-15 iso8859-15 iso_8859-15 latin9 latin-9 l9 " },
	{ CHARSET_SUPERSET, "ISO-8859-16", NULL, " iso-8859-16 iso8859-16 " },
	{ CHARSET_SUPERSET, "KOI8-R", NULL, " koi8-r koi koi8 koi8_r " },
	{ CHARSET_SUPERSET, "KOI8-U", NULL, " koi8-u koi8-ru " },
	{ CHARSET_SUPERSET, "CP1250", NULL, " windows-1250 cp1250 x-cp1250 " },
	{ CHARSET_SUPERSET, "CP1251", NULL,
	    " windows-1251 cp1251 x-cp1251 win-1251 " },
	{ CHARSET_SUPERSET, "CP1253", NULL, " windows-1253 cp1253 x-cp1253 " },
	{ CHARSET_SUPERSET, "CP1255", NULL, " windows-1255 cp1255 x-cp1255 " },
	{ CHARSET_SUPERSET, "CP1256", NULL, " windows-1256 cp1256 x-cp1256 " },
	{ CHARSET_SUPERSET, "CP1257", NULL, " windows-1257 cp1257 x-cp1257 " },
	{ CHARSET_SUPERSET, "CP1258", NULL, " windows-1258 cp1258 x-cp1258 " },
	{ CHARSET_SUPERSET, "CP437", NULL, " ibm437 cp437 437 " },
	{ CHARSET_SUPERSET, "CP850", NULL, " ibm850 cp850 850 " },
	{ CHARSET_SUPERSET, "CP852", NULL, " ibm852 cp852 852 " },
	{ CHARSET_SUPERSET, "CP866", NULL, " ibm866 cp866 866 csibm866 " },
	{ CHARSET_SUPERSET, "MACINTOSH", NULL,
	    " macintosh mac x-mac-roman csmacintosh " },
	{ CHARSET_SUPERSET, "MAC-CYRILLIC", NULL,
	    " x-mac-cyrillic x-mac-ukrainian " },
	{ CHARSET_SUPERSET, "CP862", NULL, " ibm862 cp862 dos-862 862 " },
	{ CHARSET_SUPERSET, "CP864", NULL, " ibm864 cp864 " },
	{ CHARSET_SUPERSET, "GB18030", NULL,
	    " gb18030 gb2312 gbk gb_2312-80 gb_2312 x-gbk cp936 chinese "
	    "csgb2312 euc-cn x-euc-cn windows-936 ms936 " },
	{ CHARSET_SUPERSET, "BIG5-HKSCS", "BIG5",
	    " big5 big5-hkscs big-5 cn-big5 x-x-big5 csbig5 cp950 "
	    "windows-950 " },
	{ CHARSET_SUPERSET, "CP932", NULL,
	    " shift_jis shift-jis sjis x-sjis ms_kanji csshiftjis "
	    "windows-31j ms932 cp932 windows-932 " },
	{ CHARSET_SUPERSET, "EUC-JP-MS", NULL, " euc-jp x-euc-jp eucjp " },
	{ CHARSET_SUPERSET, "CP949", NULL,
	    " euc-kr cp949 ks_c_5601-1987 ks_c_5601-1989 ks_c_5601 ksc5601 "
	    "ksc_5601 korean windows-949 ms949 uhc iso-ir-149 cseuckr " },
	{ CHARSET_JIS, "EUC-JP-MS", NULL,
	    " iso-2022-jp csiso2022jp iso2022jp cp50220 cp50221 "
	    "iso-2022-jp-ms iso-2022-jp-1 jis " },
	{ CHARSET_STATEFUL, "ISO-2022-JP-2", NULL, " iso-2022-jp-2 " },
	{ CHARSET_STATEFUL, "ISO-2022-JP-3", NULL,
	    " iso-2022-jp-3 iso-2022-jp-2004 " },
	{ CHARSET_STATEFUL, "ISO-2022-KR", NULL, " iso-2022-kr csiso2022kr " },
	{ CHARSET_STATEFUL, "UTF-7", NULL,
	    " utf-7 utf7 unicode-1-1-utf-7 x-unicode-2-0-utf-7 " },
	{ CHARSET_STATEFUL, "UTF-16", NULL, " utf-16 utf16 unicode ucs-2 " },
	{ CHARSET_STATEFUL, "UTF-16LE", NULL, " utf-16le " },
	{ CHARSET_STATEFUL, "UTF-16BE", NULL, " utf-16be " },
	{ CHARSET_STATEFUL, "UTF-32", NULL, " utf-32 utf32 ucs-4 " },
	{ CHARSET_STATEFUL, "UTF-32LE", NULL, " utf-32le " },
	{ CHARSET_STATEFUL, "UTF-32BE", NULL, " utf-32be " },
};

/* The letters and digits of a label, in lower case: "CP-850" and "'utf-8'" are
 * meant to be found too.  Returns how many. */
static size_t
charset_letters(struct span label, char out[CHARSET_LABEL])
{
	size_t i, n = 0;

	for (i = 0; i < label.len; i++) {
		char c = span_lower(label.data[i]);

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9'))
			continue;
		if (n == CHARSET_LABEL)
			return (0);
		out[n++] = c;
	}
	return (n);
}

static const struct charset *
charset_like(struct span label)
{
	char want[CHARSET_LABEL], have[CHARSET_LABEL];
	size_t i, n = charset_letters(label, want);
	struct span rest, known;

	for (i = 0; i < sizeof(charset_table) / sizeof(*charset_table); i++) {
		rest = (struct span){ charset_table[i].labels,
			strlen(charset_table[i].labels) };
		while (rest.len != 0) {
			known = span_split(&rest, ' ');
			if (n != 0 && charset_letters(known, have) == n &&
			    memcmp(want, have, n) == 0)
				return (&charset_table[i]);
		}
	}
	return (NULL);
}

/* The charset of a label; without one ASCII, NULL for an unknown one. */
static const struct charset *
charset_find(struct span label)
{
	char word[CHARSET_LABEL + 3];
	size_t i;

	label = span_trim(label);
	if (label.len == 0)
		label = SPAN("us-ascii");
	if (label.len > CHARSET_LABEL)
		return (NULL);
	word[0] = ' ';
	for (i = 0; i < label.len; i++) {
		word[i + 1] = span_lower(label.data[i]);
		if (word[i + 1] == ' ' || word[i + 1] == '\0')
			return (charset_like(label));
	}
	word[i + 1] = ' ';
	word[i + 2] = '\0';
	for (i = 0; i < sizeof(charset_table) / sizeof(*charset_table); i++)
		if (strstr(charset_table[i].labels, word) != NULL)
			return (&charset_table[i]);
	return (charset_like(label));
}

int
charset_plain(struct span octets, struct span label)
{
	const struct charset *c = charset_find(label);
	size_t ascii = utf8_ascii(octets);

	if (c == NULL || c->kind == CHARSET_STATEFUL || c->kind == CHARSET_JIS)
		return (0);
	if (ascii == octets.len)
		return (1);
	return (c->kind == CHARSET_UTF8 && utf8_valid(octets) == octets.len);
}

/* Windows-1252; its five unassigned octets are controls, as WHATWG has it. */
static int
charset_append_1252(struct buf *out, struct span s)
{
	static const uint16_t high[32] = { 0x20AC, 0x81, 0x201A, 0x0192, 0x201E,
		0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152,
		0x8D, 0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D,
		0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153,
		0x9D, 0x017E, 0x0178 };
	char piece[4];
	unsigned char c;
	size_t n;

	while (s.len != 0) {
		n = utf8_ascii(s);
		if (n != 0 && buf_put(out, s.data, n) == -1)
			return (-1);
		if (n == s.len)
			break;
		c = (unsigned char)s.data[n];
		s = span_cut(s, n + 1, s.len);
		n = utf8_encode(c < 0xA0 ? high[c - 0x80] : c, piece);
		if (buf_put(out, piece, n) == -1)
			return (-1);
	}
	return (0);
}

static int
charset_append_utf8(struct buf *out, struct span s, unsigned *found)
{
	size_t n;

	while (s.len != 0) {
		n = utf8_valid(s);
		if (n != 0 && buf_put(out, s.data, n) == -1)
			return (-1);
		if (n == s.len)
			break;
		*found |= CHARSET_REPLACED;
		if (buf_put(out, "\xEF\xBF\xBD", 3) == -1)
			return (-1);
		s = span_cut(s, n + 1, s.len);
	}
	return (0);
}

/* Strict UTF-8 if it is that, else windows-1252, which takes anything. */
static int
charset_append_guess(struct buf *out, struct span s, unsigned *found)
{
	if (utf8_ascii(s) != s.len)
		*found |= CHARSET_GUESSED;
	if (utf8_valid(s) == s.len)
		return (s.len == 0 ? 0 : buf_put(out, s.data, s.len));
	return (charset_append_1252(out, s));
}

/* Has it a well-formed character above ASCII? */
static int
charset_looks_utf8(struct span s)
{
	size_t n;

	while ((n = utf8_ascii(s)) != s.len) {
		s = span_cut(s, n, s.len);
		if (utf8_length(s.data, s.len) != 0)
			return (1);
		s = span_cut(s, 1, s.len);
	}
	return (0);
}

/* By iconv; -1 when ${out} refused, 1 when it does not know ${name}. */
static int
charset_append_iconv(
    struct buf *out, struct span s, const char *name, unsigned *found)
{
	char piece[CHARSET_PIECE], *in = (char *)(size_t)s.data, *to;
	size_t left = s.len, room;
	iconv_t cd;
	int rc = 0, why;

	if ((cd = iconv_open("UTF-8", name)) == (iconv_t)-1)
		return (1);
	while (rc == 0 && left != 0) {
		to = piece;
		room = sizeof(piece);
		why =
		    iconv(cd, &in, &left, &to, &room) == (size_t)-1 ? errno : 0;
		rc = buf_put(out, piece, sizeof(piece) - room);
		if (rc == -1 || why == 0 || why == E2BIG)
			continue;
		*found |= CHARSET_REPLACED;
		rc = buf_put(out, "\xEF\xBF\xBD", 3);
		in++;
		left--;
	}
	to = piece;
	room = sizeof(piece);
	if (rc == 0 && iconv(cd, NULL, NULL, &to, &room) == 0)
		rc = buf_put(out, piece, sizeof(piece) - room);
	(void)iconv_close(cd);
	return (rc);
}

static int
charset_append_other(
    struct buf *out, struct span s, const struct charset *c, unsigned *found)
{
	unsigned bad = 0, wider = 0;
	size_t before = out->len;
	int rc;

	rc = charset_append_iconv(out, s, c->iconv, &bad);
	if (rc == 1) {
		*found |= CHARSET_UNKNOWN;
		return (charset_append_guess(out, s, found));
	}
	if (rc == -1 || bad == 0)
		return (rc);
	if (c->kind == CHARSET_SUPERSET && utf8_valid(s) == s.len) {
		out->len = before;
		*found |= CHARSET_GUESSED;
		return (buf_put(out, s.data, s.len));
	}
	if (c->wider != NULL) {
		out->len = before;
		rc = charset_append_iconv(out, s, c->wider, &wider);
		if (rc == 1)
			rc = charset_append_iconv(out, s, c->iconv, &wider);
		bad = wider;
	}
	*found |= bad;
	return (rc);
}

static int
charset_append_jis(
    struct buf *out, struct span s, const struct charset *c, unsigned *found)
{
	struct buf euc;
	int rc;

	buf_init(&euc, s.len * 2 + 16);
	if ((rc = jis_append_euc(&euc, s)) == 0)
		rc = charset_append_other(
		    out, (struct span){ euc.data, euc.len }, c, found);
	buf_free(&euc);
	return (rc);
}

int
charset_append(
    struct buf *out, struct span octets, struct span label, unsigned *found)
{
	const struct charset *c = charset_find(label);

	if (octets.len == 0)
		return (0);
	if (c == NULL) {
		*found |= CHARSET_UNKNOWN;
		return (charset_append_guess(out, octets, found));
	}
	switch (c->kind) {
	case CHARSET_ASCII:
		return (charset_append_guess(out, octets, found));
	case CHARSET_1252:
		return (charset_append_1252(out, octets));
	case CHARSET_UTF8:
		/* No single character of UTF-8 in it: some 8-bit charset. */
		if (utf8_ascii(octets) != octets.len &&
		    !charset_looks_utf8(octets))
			return (charset_append_guess(out, octets, found));
		return (charset_append_utf8(out, octets, found));
	case CHARSET_JIS:
		return (charset_append_jis(out, octets, c, found));
	case CHARSET_SUPERSET:
	case CHARSET_STATEFUL:
		break;
	}
	return (charset_append_other(out, octets, c, found));
}
