/* The bytes-to-bytes parts of the envelope: JSON strings, base64,
 * quoted-printable, charsets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>
#include <jansson.h>

#include "bridge/buf.h"
#include "bridge/envelope/base64.h"
#include "bridge/envelope/base64_lines.h"
#include "bridge/envelope/charset.h"
#include "bridge/envelope/jsonw.h"
#include "bridge/envelope/quoted.h"
#include "bridge/envelope/utf8.h"

static uint32_t seed = 1;

static uint32_t
random_number(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return ((seed >> 8) % below);
}

static void
assert_bytes(const char *got, size_t len, const char *want, size_t want_len)
{
	assert_int_equal(len, want_len);
	assert_memory_equal(got, want, len);
}

/* JSON */

static void
write_string(struct buf *out, struct span s)
{
	struct jsonw j;

	buf_init(out, 1 << 20);
	jsonw_init(&j, out);
	jsonw_string(&j, s);
	assert_false(out->failed);
}

static void
json_strings_escape_what_they_must(void **state)
{
	struct buf out;

	(void)state;
	write_string(&out, SPAN("a\"b\\c\n\t\x01\x1f\x7f/"));
	assert_string_equal(
	    out.data, "\"a\\\"b\\\\c\\n\\t\\u0001\\u001f\x7f/\"");
	buf_free(&out);
	write_string(&out, SPAN("x\0y"));
	assert_string_equal(out.data, "\"xy\"");
	buf_free(&out);
	write_string(&out, SPAN("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));
	assert_string_equal(
	    out.data, "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"");
	buf_free(&out);
}

static void
json_strings_replace_what_is_no_utf8(void **state)
{
	static const char *const bad[] = { "\xff", "\xc3", "\xc0\xaf",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80" };
	struct buf out;
	size_t i;
	json_t *json;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		write_string(&out, (struct span){ bad[i], strlen(bad[i]) });
		json = json_loads(out.data, JSON_DECODE_ANY, NULL);
		assert_non_null(json);
		assert_non_null(
		    strstr(json_string_value(json), "\xEF\xBF\xBD"));
		json_decref(json);
		buf_free(&out);
	}
}

/* Whatever the bytes and wherever the odd one stands, a reader gets a string,
 * and jsonw_fit() counts what is written. */
static void
json_strings_take_any_bytes(void **state)
{
	char data[80];
	struct buf out, part;
	size_t len, i, n, round, fit;
	json_t *json;

	(void)state;
	for (round = 0; round < 20000; round++) {
		len = random_number(sizeof(data));
		for (i = 0; i < len; i++)
			data[i] = random_number(4) != 0
			    ? (char)('a' + random_number(26))
			    : (char)random_number(256);
		write_string(&out, (struct span){ data, len });
		json = json_loadb(out.data, out.len, JSON_DECODE_ANY, NULL);
		assert_non_null(json);
		json_decref(json);
		assert_int_equal(
		    jsonw_fit((struct span){ data, len }, SIZE_MAX, &n), len);
		assert_int_equal(n + 2, out.len);
		fit = jsonw_fit((struct span){ data, len },
		    random_number((uint32_t)n + 1), &n);
		write_string(&part, (struct span){ data, fit });
		assert_int_equal(part.len, n + 2);
		buf_free(&out);
		buf_free(&part);
	}
}

static void
json_puts_commas(void **state)
{
	struct jsonw j;
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	jsonw_init(&j, &out);
	jsonw_open(&j, '{');
	jsonw_key(&j, "a");
	jsonw_open(&j, '[');
	jsonw_uint(&j, UINT64_MAX);
	jsonw_null(&j);
	jsonw_open(&j, '{');
	jsonw_close(&j, '}');
	jsonw_bool(&j, 0);
	jsonw_close(&j, ']');
	jsonw_key(&j, "b");
	jsonw_maybe(&j, (struct span){ NULL, 0 });
	jsonw_key_span(&j, SPAN("c\""));
	jsonw_string(&j, SPAN(""));
	jsonw_close(&j, '}');
	assert_string_equal(out.data,
	    "{\"a\":[18446744073709551615,null,{},false],\"b\":null,"
	    "\"c\\\"\":\"\"}");
	buf_free(&out);
}

/* base64 */

static size_t
decode(const char *text, char *out, unsigned *found)
{
	return (base64_decode((struct span){ text, strlen(text) }, out, found));
}

static void
base64_decodes_what_mail_has(void **state)
{
	static const struct {
		const char *text, *octets;
		unsigned found;
	} cases[] = {
		{ "", "", 0 },
		{ "SGVsbG8=", "Hello", 0 },
		{ "SGVs\r\nbG8=\r\n", "Hello", 0 },
		{ "SGVs\nbG8=\n\n", "Hello", 0 },
		{ "SGVsbG8gd29ybGQh", "Hello world!", 0 },
		/* Padding in the middle: chunks encoded one by one. */
		{ "SGVsbG8=IHdvcmxkIQ==", "Hello world!", BASE64_JOINED },
		{ "SGVsbG8=\r\nIHdvcmxkIQ==\r\n", "Hello world!",
		    BASE64_JOINED },
		{ "SGVsbG8", "Hello", BASE64_CUT },
		{ "SGVsbG8=\n--\nA footer", "Hello", BASE64_STRAY },
		{ "SGVsbG8=\nSent with love", "Hello", BASE64_STRAY },
		{ "SGV*sbG8=", "Hello", BASE64_STRAY },
		{ "SGVs bG8=", "Hello", BASE64_SPACE },
		{ "SGVsbG8==", "Hello", BASE64_STRAY },
		{ "SGVsbG9=", "Hello", BASE64_BITS },
		{ "SGVsbG8gd", "Hello ", BASE64_CUT },
		{ "=", "", BASE64_STRAY },
	};
	char out[64];
	unsigned found;
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		len = decode(cases[i].text, out, &found);
		assert_bytes(
		    out, len, cases[i].octets, strlen(cases[i].octets));
		assert_int_equal(found & cases[i].found, cases[i].found);
		assert_int_equal(found == 0, cases[i].found == 0);
	}
}

/* Against GLib, over all lengths, line lengths and stray characters. */
static void
base64_agrees_with_glib(void **state)
{
	char octets[400], text[1200], out[1200], joined[1200];
	size_t len, line, i, n, round, want_len, at;
	unsigned found;
	guchar *want;

	(void)state;
	for (round = 0; round < 5000; round++) {
		char *encoded;

		len = random_number(sizeof(octets));
		for (i = 0; i < len; i++)
			octets[i] = (char)random_number(256);
		base64_encode((struct span){ octets, len }, text);
		n = BASE64_ENCODED(len);
		encoded = g_base64_encode((const guchar *)octets, len);
		assert_bytes(text, n, encoded, strlen(encoded));
		line = 1 + random_number(100);
		for (i = at = 0; i < n; i++) {
			text[at++] = encoded[i];
			if ((i + 1) % line == 0) {
				if ((round & 1) != 0)
					text[at++] = '\r';
				text[at++] = '\n';
			}
			if (at > sizeof(text) - 4)
				break;
		}
		g_free(encoded);
		if (i < n)
			continue;
		assert_bytes(out,
		    base64_decode((struct span){ text, at }, out, &found),
		    octets, len);
		assert_int_equal(found, 0);
		assert_int_equal(
		    base64_join((struct span){ text, at }, joined, n), n);
		text[at] = '\0';
		want = g_base64_decode(text, &want_len);
		assert_bytes(out, len, (char *)want, want_len);
		g_free(want);
	}
}

/* Lines of base64, some with an octet or two that do not belong there. */
static size_t
random_lines(uint8_t *text, size_t max)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t line = random_number(4) != 0 ? 76 : 1 + random_number(100);
	size_t len = random_number((unsigned)max), i, n;
	int crlf = random_number(2) != 0;

	for (i = n = 0; i < len; i++, n++) {
		text[i] = (uint8_t)digits[random_number(64)];
		if (n == line && crlf && i + 1 < len)
			text[i++] = '\r';
		if (n == line) {
			text[i] = '\n';
			n = (size_t)-1;
		}
	}
	for (n = random_number(3); n != 0 && len != 0; n--)
		text[random_number((unsigned)len)] =
		    (uint8_t)random_number(256);
	return (len);
}

/* Copies of the exact size show what reads or writes beyond it. */
static void
base64_is_the_same_with_and_without_vectors(void **state)
{
	uint8_t text[1000], *copy;
	const uint8_t *fast, *plain;
	char *out, *want, *out_end, *want_end;
	size_t len, room, round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		len = random_lines(text, sizeof(text));
		assert_non_null(copy = malloc(len + 1));
		memcpy(++copy, text, len);
		assert_non_null(out = malloc(BASE64_DECODED(len)));
		assert_non_null(want = malloc(BASE64_DECODED(len)));
		fast = plain = copy;
		out_end = out;
		want_end = want;
		base64_lines_decode(&fast, copy + len, &out_end);
		base64_lines_decode_plain(&plain, copy + len, &want_end);
		assert_ptr_equal(fast, plain);
		assert_bytes(out, (size_t)(out_end - out), want,
		    (size_t)(want_end - want));
		room = random_number((unsigned)(len / 4 * 3 + 19));
		assert_bytes(out,
		    base64_lines_join(copy, copy + len, out, room), want,
		    base64_lines_join_plain(copy, copy + len, want, room));
		free(copy - 1);
		free(out);
		free(want);
	}
}

static void
base64_takes_any_bytes(void **state)
{
	char text[300], out[BASE64_DECODED(sizeof(text))];
	size_t len, i, round;
	unsigned found;

	(void)state;
	for (round = 0; round < 20000; round++) {
		len = random_number(sizeof(text));
		for (i = 0; i < len; i++)
			text[i] = random_number(20) != 0
			    ? (char)('A' + random_number(26))
			    : (char)random_number(256);
		assert_in_range(
		    base64_decode((struct span){ text, len }, out, &found), 0,
		    len / 4 * 3 + 2);
	}
}

/* Quoted-printable */

static void
quoted_decodes_what_mail_has(void **state)
{
	static const struct {
		const char *text, *octets;
		int damaged;
	} cases[] = {
		{ "a=3Db", "a=b", 0 },
		{ "caf=c3=A9", "caf\xC3\xA9", 0 },
		{ "soft=\r\nbreak", "softbreak", 0 },
		{ "soft= \t\nbreak", "softbreak", 0 },
		{ "trailing \t\r\nblanks  ", "trailing\r\nblanks", 0 },
		{ "100=% =4", "100=% =4", 1 },
		{ "end=", "end", 0 },
		{ "\n\n", "\n\n", 0 },
		{ "kept=20\n", "kept \n", 0 },
	};
	char out[64];
	size_t i, len;
	int damaged;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		len = quoted_decode(
		    (struct span){ cases[i].text, strlen(cases[i].text) }, out,
		    &damaged);
		assert_bytes(
		    out, len, cases[i].octets, strlen(cases[i].octets));
		assert_int_equal(damaged, cases[i].damaged);
	}
}

/* Charsets */

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
		cmocka_unit_test(json_strings_escape_what_they_must),
		cmocka_unit_test(json_strings_replace_what_is_no_utf8),
		cmocka_unit_test(json_strings_take_any_bytes),
		cmocka_unit_test(json_puts_commas),
		cmocka_unit_test(base64_decodes_what_mail_has),
		cmocka_unit_test(base64_agrees_with_glib),
		cmocka_unit_test(base64_is_the_same_with_and_without_vectors),
		cmocka_unit_test(base64_takes_any_bytes),
		cmocka_unit_test(quoted_decodes_what_mail_has),
		cmocka_unit_test(all_labels_of_the_web_are_known),
		cmocka_unit_test(charsets_are_what_senders_mean),
		cmocka_unit_test(utf8_is_strict),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
