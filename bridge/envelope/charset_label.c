#include <string.h>

#include "bridge/envelope/charset_private.h"

/* The longest label that is looked up. */
#define CHARSET_LABEL 45

static const struct charset charset_table[] = {
	{ CHARSET_UTF8, NULL, NULL,
	    " utf-8 utf8 unicode-1-1-utf-8 utf_8 unicode11utf8 unicode20utf8 "
	    "x-unicode20utf8 " },
	{ CHARSET_ASCII, NULL, NULL,
	    " us-ascii ascii ansi_x3.4-1968 iso-ir-6 iso646-us 646 "
	    "unknown-8bit x-unknown unknown 7bit 8bit binary default none "
	    "x-user-defined " },
	{ CHARSET_1252, NULL, NULL,
	    " windows-1252 cp1252 x-cp1252 iso-8859-1 iso8859-1 iso_8859-1 "
	    "latin1 latin-1 l1 iso88591 iso-ir-100 cp819 ibm819 csisolatin1 "
	    "ansi "
	    "iso-8859-1-windows-3.0-latin-1 " },
	{ CHARSET_SUPERSET, "ISO-8859-2", NULL,
	    " iso-8859-2 iso8859-2 iso_8859-2 latin2 l2 "
	    "csisolatin2 iso-ir-101 " },
	{ CHARSET_SUPERSET, "ISO-8859-3", NULL,
	    " iso-8859-3 iso8859-3 iso_8859-3 latin3 l3 "
	    "csisolatin3 iso-ir-109 " },
	{ CHARSET_SUPERSET, "ISO-8859-4", NULL,
	    " iso-8859-4 iso8859-4 iso_8859-4 latin4 l4 "
	    "csisolatin4 iso-ir-110 " },
	{ CHARSET_SUPERSET, "ISO-8859-5", NULL,
	    " iso-8859-5 iso8859-5 iso_8859-5 cyrillic "
	    "csisolatincyrillic iso-ir-144 " },
	{ CHARSET_SUPERSET, "ISO-8859-6", NULL,
	    " iso-8859-6 iso8859-6 iso-8859-6-e iso-8859-6-i arabic "
	    "asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 "
	    "iso-ir-127 " },
	{ CHARSET_SUPERSET, "ISO-8859-7", NULL,
	    " iso-8859-7 iso8859-7 iso_8859-7 greek "
	    "csisolatingreek ecma-118 elot_928 greek8 iso-ir-126 "
	    "sun_eu_greek " },
	{ CHARSET_SUPERSET, "ISO-8859-8", NULL,
	    " iso-8859-8 iso8859-8 iso-8859-8-e iso-8859-8-i logical "
	    "hebrew visual csiso88598e csiso88598i csisolatinhebrew "
	    "iso-ir-138 " },
	{ CHARSET_SUPERSET, "CP1254", NULL,
	    " windows-1254 cp1254 iso-8859-9 iso8859-9 latin5 l5 "
	    "csisolatin5 iso-ir-148 x-cp1254 " },
	{ CHARSET_SUPERSET, "ISO-8859-10", NULL,
	    " iso-8859-10 iso8859-10 latin6 l6 "
	    "csisolatin6 iso-ir-157 " },
	{ CHARSET_SUPERSET, "CP874", NULL,
	    " iso-8859-11 iso8859-11 tis-620 windows-874 dos-874 cp874 " },
	{ CHARSET_SUPERSET, "ISO-8859-13", NULL, " iso-8859-13 iso8859-13 " },
	{ CHARSET_SUPERSET, "ISO-8859-14", NULL, " iso-8859-14 iso8859-14 " },
	{ CHARSET_SUPERSET, "ISO-8859-15", NULL,
	    " iso-8859-15 iso8859-15 iso_8859-15 latin9 latin-9 l9 "
	    "csisolatin9 " },
	{ CHARSET_SUPERSET, "ISO-8859-16", NULL, " iso-8859-16 iso8859-16 " },
	{ CHARSET_SUPERSET, "KOI8-R", NULL,
	    " koi8-r koi koi8 koi8_r cskoi8r " },
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
	    " gb18030 gb2312 csiso58gb231280 iso-ir-58 gbk gb_2312-80 gb_2312 "
	    "x-gbk cp936 chinese "
	    "csgb2312 euc-cn x-euc-cn windows-936 ms936 " },
	{ CHARSET_SUPERSET, "BIG5-HKSCS", "BIG5",
	    " big5 big5-hkscs big-5 cn-big5 x-x-big5 csbig5 cp950 "
	    "windows-950 " },
	{ CHARSET_SUPERSET, "CP932", NULL,
	    " shift_jis shift-jis sjis x-sjis ms_kanji csshiftjis "
	    "windows-31j ms932 cp932 windows-932 " },
	{ CHARSET_SUPERSET, "EUC-JP-MS", NULL,
	    " euc-jp x-euc-jp eucjp cseucpkdfmtjapanese " },
	{ CHARSET_SUPERSET, "CP949", NULL,
	    " euc-kr cp949 ks_c_5601-1987 ks_c_5601-1989 ks_c_5601 ksc5601 "
	    "ksc_5601 korean windows-949 ms949 uhc iso-ir-149 cseuckr "
	    "csksc56011987 " },
	{ CHARSET_JIS, "EUC-JP-MS", NULL,
	    " iso-2022-jp csiso2022jp iso2022jp cp50220 cp50221 "
	    "iso-2022-jp-ms iso-2022-jp-1 jis " },
	{ CHARSET_STATEFUL, "ISO-2022-JP-2", NULL, " iso-2022-jp-2 " },
	{ CHARSET_STATEFUL, "ISO-2022-JP-3", NULL,
	    " iso-2022-jp-3 iso-2022-jp-2004 " },
	{ CHARSET_STATEFUL, "ISO-2022-KR", NULL, " iso-2022-kr csiso2022kr " },
	{ CHARSET_STATEFUL, "UTF-7", NULL,
	    " utf-7 utf7 unicode-1-1-utf-7 x-unicode-2-0-utf-7 " },
	{ CHARSET_STATEFUL, "UTF-16", NULL,
	    " utf-16 utf16 unicode ucs-2 csunicode iso-10646-ucs-2 "
	    "unicodefeff " },
	{ CHARSET_STATEFUL, "UTF-16LE", NULL, " utf-16le " },
	{ CHARSET_STATEFUL, "UTF-16BE", NULL, " utf-16be unicodefffe " },
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

const struct charset *
charset_find(struct span label)
{
	char word[CHARSET_LABEL + 3];
	size_t i;

	/* "iso_8859-1:1987": the year says nothing. */
	label = span_trim(span_split(&label, ':'));
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
