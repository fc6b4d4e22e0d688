/* Character sets: the labels that senders write, what they mean by them, and
 * what cannot be right. */
#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bridge/buf.h"
#include "bridge/envelope/charset.h"
#include "bridge/envelope/utf8.h"

/* All labels of the WHATWG Encoding Standard that stand for an encoding. */
static void
all_labels_of_the_web_are_known(void **state)
{
	static const char labels[] =
	    "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 "
	    "x-unicode20utf8 866 cp866 csibm866 ibm866 csisolatin2 iso-8859-2 "
	    "iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 "
	    "latin2 csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 "
	    "iso_8859-3 iso_8859-3:1988 l3 latin3 csisolatin4 iso-8859-4 "
	    "iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 "
	    "latin4 csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 "
	    "iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988 arabic asmo-708 "
	    "csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 "
	    "iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 "
	    "iso_8859-6 iso_8859-6:1987 csisolatingreek ecma-118 elot_928 "
	    "greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597 iso_8859-7 "
	    "iso_8859-7:1987 sun_eu_greek csiso88598e csisolatinhebrew hebrew "
	    "iso-8859-8 iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8 "
	    "iso_8859-8:1988 visual csiso88598i iso-8859-8-i logical "
	    "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 "
	    "latin6 iso-8859-13 iso8859-13 iso885913 iso-8859-14 iso8859-14 "
	    "iso885914 csisolatin9 iso-8859-15 iso8859-15 iso885915 "
	    "iso_8859-15 l9 iso-8859-16 cskoi8r koi koi8 koi8-r koi8_r "
	    "koi8-ru koi8-u csmacintosh mac macintosh x-mac-roman dos-874 "
	    "iso-8859-11 iso8859-11 iso885911 tis-620 windows-874 cp1250 "
	    "windows-1250 x-cp1250 cp1251 windows-1251 x-cp1251 "
	    "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 "
	    "iso-ir-100 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 "
	    "latin1 us-ascii windows-1252 x-cp1252 cp1253 windows-1253 "
	    "x-cp1253 cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 "
	    "iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5 windows-1254 "
	    "x-cp1254 cp1255 windows-1255 x-cp1255 cp1256 windows-1256 "
	    "x-cp1256 cp1257 windows-1257 x-cp1257 cp1258 windows-1258 "
	    "x-cp1258 x-mac-cyrillic x-mac-ukrainian chinese csgb2312 "
	    "csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk "
	    "gb18030 big5 big5-hkscs cn-big5 csbig5 x-x-big5 "
	    "cseucpkdfmtjapanese euc-jp x-euc-jp csiso2022jp iso-2022-jp "
	    "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j "
	    "x-sjis cseuckr csksc56011987 euc-kr iso-ir-149 korean "
	    "ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949 "
	    "unicodefffe utf-16be csunicode iso-10646-ucs-2 ucs-2 unicode "
	    "unicodefeff utf-16 utf-16le x-user-defined";
	struct span rest = SPAN(labels), label;
	struct buf out;
	unsigned found;

	(void)state;
	while (rest.len != 0) {
		label = span_split(&rest, ' ');
		buf_init(&out, 1000);
		found = 0;
		(void)charset_append(&out, SPAN("ab"), label, &found);
		if ((found & CHARSET_UNKNOWN) != 0)
			fail_msg("%.*s", (int)label.len, label.data);
		buf_free(&out);
	}
}

static void
charsets_are_what_senders_mean(void **state)
{
	static const struct {
		const char *label, *octets, *text;
		unsigned found;
	} cases[] = {
		{ "utf-8", "caf\xC3\xA9", "caf\xC3\xA9", 0 },
		{ "UTF-8", "\xC3\xA9 \xff", "\xC3\xA9 \xEF\xBF\xBD",
		    CHARSET_REPLACED },
		{ "utf-8", "caf\xE9", "caf\xC3\xA9", CHARSET_GUESSED },
		{ "us-ascii", "caf\xE9", "caf\xC3\xA9", CHARSET_GUESSED },
		{ "us-ascii", "caf\xC3\xA9", "caf\xC3\xA9", CHARSET_GUESSED },
		{ "", "plain", "plain", 0 },
		{ "unknown-8bit", "\x80", "\xE2\x82\xAC", CHARSET_GUESSED },
		{ "x-none", "\x80", "\xE2\x82\xAC",
		    CHARSET_GUESSED | CHARSET_UNKNOWN },
		{ "../../etc/passwd", "a", "a", CHARSET_UNKNOWN },
		{ "iso-2022-cn-ext", "a", "a", CHARSET_UNKNOWN },
		{ "ISO-8859-1", "\x93q\x94", "\xE2\x80\x9Cq\xE2\x80\x9D", 0 },
		{ "latin1", "\x81", "\xC2\x81", 0 },
		{ "iso-8859-15", "\xA4", "\xE2\x82\xAC", 0 },
		{ "koi8-r", "\xD4\xC5\xD3\xD4",
		    "\xD1\x82\xD0\xB5\xD1\x81\xD1\x82", 0 },
		{ "gb2312", "\xE9\x46", "\xE9\x95\x95", 0 },
		{ "ks_c_5601-1987", "\x8C\x63", "\xEB\x98\xA0", 0 },
		{ "shift_jis", "\x87\x40", "\xE2\x91\xA0", 0 },
		{ "x-sjis", "\x93\xFA", "\xE6\x97\xA5", 0 },
		{ "euc-kr", "\xB0\xA1", "\xEA\xB0\x80", 0 },
		{ "big5", "\xA4\xA4", "\xE4\xB8\xAD", 0 },
		{ "iso-2022-jp", "\x1B$BF|\x1B(B", "\xE6\x97\xA5", 0 },
		{ "iso-2022-jp", "\x1B$B-!\x1B(B", "\xE2\x91\xA0", 0 },
		{ "iso-2022-jp", "\x1B(I1\x1B(B!", "\xEF\xBD\xB1!", 0 },
		{ "iso-2022-jp", "\x1B$B\n", "\n", 0 },
		{ "utf-7", "Hi +AOk-", "Hi \xC3\xA9", 0 },
		{ "windows-1251", "\xCF", "\xD0\x9F", 0 },
		{ "cp-850", "\x82", "\xC3\xA9", 0 },
		{ "'ISO_8859-2:1987'", "\xB9", "\xC5\xA1", 0 },
		{ "iso-8859-9", "\x80\xFD", "\xE2\x82\xAC\xC4\xB1", 0 },
		{ "iso-2022-jp", "a\x8A", "a\xEF\xBF\xBD", CHARSET_REPLACED },
		{ "utf8", "\xC3\xA9", "\xC3\xA9", 0 },
	};
	struct buf out;
	unsigned found;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		buf_init(&out, 1000);
		found = 0;
		assert_int_equal(
		    charset_append(&out,
			(struct span){
			    cases[i].octets, strlen(cases[i].octets) },
			(struct span){ cases[i].label, strlen(cases[i].label) },
			&found),
		    0);
		assert_string_equal(out.data, cases[i].text);
		assert_int_equal(found, cases[i].found);
		buf_free(&out);
	}
}

/* What others write in a charset is read as it was. */
static void
assert_round_trip(const char *label, const char *name, const char *want)
{
	char octets[200], *in = (char *)(uintptr_t)want, *to = octets;
	size_t left = strlen(want), room = sizeof(octets);
	unsigned found = 0;
	struct buf out;
	iconv_t cd;

	assert_true((cd = iconv_open(name, "UTF-8")) != (iconv_t)-1);
	assert_int_equal(iconv(cd, &in, &left, &to, &room), 0);
	assert_int_equal(iconv(cd, NULL, NULL, &to, &room), 0);
	iconv_close(cd);
	buf_init(&out, 1000);
	assert_int_equal(
	    charset_append(&out, (struct span){ octets, sizeof(octets) - room },
		(struct span){ label, strlen(label) }, &found),
	    0);
	assert_string_equal(out.data, want);
	assert_int_equal(found, 0);
	buf_free(&out);
}

#define ROMANCE "\xC3\xA9t\xC3\xA9"
#define POLISH             \
	"\xC5\x82\xC3\xB3" \
	"d\xC5\xBA"
#define RUSSIAN "\xD0\xBF\xD0\xBE\xD1\x87\xD1\x82\xD0\xB0"
#define GREEK "\xCE\xB3\xCF\x81\xCE\xAC\xCE\xBC\xCE\xBC\xCE\xB1"
#define TURKISH "\xC4\x9F\xC4\xB1\xC5\x9F"
#define HEBREW "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D"
#define ARABIC "\xD8\xB3\xD9\x84\xD8\xA7\xD9\x85"
#define BALTIC "\xC5\xA1\xC4\x97\xC5\xA1\xC4\x97"
#define THAI "\xE0\xB8\x88\xE0\xB8\x94"
#define CHINESE "\xE4\xBF\xA1\xE4\xBB\xB6"
#define TAIWANESE "\xE4\xBF\xA1\xE5\x87\xBD"
#define JAPANESE "\xE6\x97\xA5\xE6\x9C\xAC\xE3\x81\xA7"
#define KOREAN "\xED\x8E\xB8\xEC\xA7\x80"

static void
what_others_write_is_read(void **state)
{
	static const struct {
		const char *label, *name, *text;
	} cases[] = {
		{ "iso-8859-1", "ISO-8859-1", ROMANCE },
		{ "iso-8859-2", "ISO-8859-2", POLISH },
		{ "iso-8859-4", "ISO-8859-4", BALTIC },
		{ "iso-8859-5", "ISO-8859-5", RUSSIAN },
		{ "iso-8859-6", "ISO-8859-6", ARABIC },
		{ "iso-8859-7", "ISO-8859-7", GREEK },
		{ "iso-8859-8-i", "ISO-8859-8", HEBREW },
		{ "iso-8859-9", "ISO-8859-9", TURKISH },
		{ "iso-8859-13", "ISO-8859-13", BALTIC },
		{ "iso-8859-15", "ISO-8859-15", ROMANCE "\xE2\x82\xAC" },
		{ "windows-1250", "CP1250", POLISH },
		{ "windows-1251", "CP1251", RUSSIAN },
		{ "windows-1252", "CP1252", ROMANCE "\xE2\x82\xAC" },
		{ "windows-1253", "CP1253", GREEK },
		{ "windows-1254", "CP1254", TURKISH },
		{ "windows-1255", "CP1255", HEBREW },
		{ "windows-1256", "CP1256", ARABIC },
		{ "windows-1257", "CP1257", BALTIC },
		{ "koi8-r", "KOI8-R", RUSSIAN },
		{ "koi8-u", "KOI8-U", RUSSIAN },
		{ "cp866", "CP866", RUSSIAN },
		{ "tis-620", "TIS-620", THAI },
		{ "gb2312", "EUC-CN", CHINESE },
		{ "gbk", "GBK", CHINESE },
		{ "gb18030", "GB18030", CHINESE "\xF0\x9F\x93\xA7" },
		{ "big5", "BIG5", TAIWANESE },
		{ "shift_jis", "CP932", JAPANESE },
		{ "euc-jp", "EUC-JP", JAPANESE },
		{ "iso-2022-jp", "ISO-2022-JP", "a" JAPANESE "b\n" JAPANESE },
		{ "iso-2022-jp-2", "ISO-2022-JP-2", JAPANESE },
		{ "euc-kr", "EUC-KR", KOREAN },
		{ "ks_c_5601-1987", "CP949", KOREAN },
		{ "iso-2022-kr", "ISO-2022-KR", KOREAN "a" },
		{ "utf-7", "UTF-7", "a+b" JAPANESE "c" },
		{ "utf-16", "UTF-16", "a" JAPANESE },
		{ "utf-16le", "UTF-16LE", "a" JAPANESE },
		{ "utf-32be", "UTF-32BE", "a" JAPANESE },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_round_trip(cases[i].label, cases[i].name, cases[i].text);
}

static void
utf8_is_strict(void **state)
{
	char c[4];

	(void)state;
	assert_int_equal(utf8_valid(SPAN("\xED\x9F\xBF")), 3);
	assert_int_equal(utf8_valid(SPAN("a\xED\xA0\x80")), 1);
	assert_int_equal(utf8_valid(SPAN("\xF4\x8F\xBF\xBF")), 4);
	assert_int_equal(utf8_valid(SPAN("\xF4\x90\x80\x80")), 0);
	assert_int_equal(utf8_valid(SPAN("\xC1\xBF")), 0);
	assert_int_equal(utf8_encode(0xD800, c), 3);
	assert_memory_equal(c, "\xEF\xBF\xBD", 3);
	assert_int_equal(utf8_floor(SPAN("a\xE2\x82\xAC"), 3), 1);
	assert_int_equal(utf8_floor(SPAN("a\xE2\x82\xAC"), 4), 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_labels_of_the_web_are_known),
		cmocka_unit_test(charsets_are_what_senders_mean),
		cmocka_unit_test(what_others_write_is_read),
		cmocka_unit_test(utf8_is_strict),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
