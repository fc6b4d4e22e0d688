/* The bytes-to-bytes parts of the envelope: JSON strings, base64,
 * quoted-printable. */
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
#include "bridge/envelope/jsonw.h"
#include "bridge/envelope/quoted.h"

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
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
