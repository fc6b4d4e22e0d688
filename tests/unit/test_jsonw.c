/* Properties of the JSON writer, for bytes that a seed decides: SEED=N runs one
 * again.  What it writes is read by jansson, and compared with what a plain
 * decoder of our own, a table of RFC 3629, says that it should be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <jansson.h>

#include "bridge/buf.h"
#include "bridge/envelope/jsonw.h"

#define ROUNDS 4000
#define LONGEST 160

static uint64_t seed, state_of_dice;

/* splitmix64 */
static uint64_t
dice(uint64_t sides)
{
	uint64_t z = (state_of_dice += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return ((z ^ (z >> 31)) % sides);
}

/* The length of the well-formed character at the start, or 0: RFC 3629
 * section 4, line by line. */
static size_t
character(const unsigned char *p, size_t len)
{
	static const unsigned char rows[][6] = {
		/* first from, to, second from, to, length */
		{ 0x00, 0x7F, 0, 0, 1 },
		{ 0xC2, 0xDF, 0x80, 0xBF, 2 },
		{ 0xE0, 0xE0, 0xA0, 0xBF, 3 },
		{ 0xE1, 0xEC, 0x80, 0xBF, 3 },
		{ 0xED, 0xED, 0x80, 0x9F, 3 },
		{ 0xEE, 0xEF, 0x80, 0xBF, 3 },
		{ 0xF0, 0xF0, 0x90, 0xBF, 4 },
		{ 0xF1, 0xF3, 0x80, 0xBF, 4 },
		{ 0xF4, 0xF4, 0x80, 0x8F, 4 },
	};
	size_t i, k;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (p[0] < rows[i][0] || p[0] > rows[i][1])
			continue;
		if (rows[i][4] > len)
			return (0);
		if (rows[i][4] > 1 && (p[1] < rows[i][2] || p[1] > rows[i][3]))
			return (0);
		for (k = 2; k < rows[i][4]; k++)
			if (p[k] < 0x80 || p[k] > 0xBF)
				return (0);
		return (rows[i][4]);
	}
	return (0);
}

/* What the bytes are to become: NULs go, octets of no character are U+FFFD. */
static size_t
wanted(const char *in, size_t len, char *out)
{
	const unsigned char *p = (const unsigned char *)in;
	size_t i, n = 0, size;

	for (i = 0; i < len; i += size != 0 ? size : 1) {
		size = character(p + i, len - i);
		if (size == 0) {
			memcpy(out + n, "\xEF\xBF\xBD", 3);
			n += 3;
		} else if (p[i] != 0) {
			memcpy(out + n, p + i, size);
			n += size;
		}
	}
	return (n);
}

/* Some bytes: clean text, what JSON escapes, characters of all lengths, and
 * every kind of what is none, or the start of one. */
static size_t
bytes(char out[LONGEST])
{
	static const char *const pieces[] = { "a", "plain text of some length",
		"\"", "\\", "/", "\n", "\r\n", "\t", "\b\f", "\x01", "\x1F",
		"\x7F", "\xC3\xA9", "\xE2\x82\xAC", "\xE2\x80\xA8",
		"\xE2\x80\xA9", "\xEF\xBB\xBF", "\xEF\xBF\xBF", "\xEF\xBF\xBD",
		"\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF", "\xED\xA0\x80",
		"\xED\xBF\xBF", "\xED\xA0\xBD\xED\xB8\x80", "\x80", "\xBF",
		"\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF",
		"\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80",
		"\xFE", "\xFF", "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xE2" };
	size_t n = 0, len, max = dice(LONGEST);
	const char *piece;

	while (n < max) {
		switch (dice(8)) {
		case 0:
			out[n++] = (char)dice(256);
			break;
		case 1:
			out[n++] = '\0';
			break;
		default:
			piece = pieces[dice(sizeof(pieces) / sizeof(*pieces))];
			len = strlen(piece);
			if (len > max - n)
				len = max - n;
			memcpy(out + n, piece, len);
			n += len;
			break;
		}
	}
	return (n);
}

static void
put(struct buf *out, const char *p, size_t len)
{
	struct jsonw j;

	buf_clear(out);
	jsonw_init(&j, out);
	jsonw_string(&j, (struct span){ p, len });
	assert_false(out->failed);
}

/* The text is one line of well-formed UTF-8 without controls, and means
 * ${want}. */
static void
assert_json(const struct buf *out, const char *want, size_t len)
{
	const unsigned char *p = (const unsigned char *)out->data;
	json_error_t error;
	json_t *json;
	size_t i, n;

	for (i = 0; i < out->len; i += n) {
		n = character(p + i, out->len - i);
		if (n == 0 || p[i] < 0x20)
			fail_msg("SEED=%llu: octet %zu of the JSON is %02x",
			    (unsigned long long)seed, i, p[i]);
	}
	json = json_loadb(out->data, out->len,
	    JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
	if (json == NULL || json_string_length(json) != len ||
	    memcmp(json_string_value(json), want, len) != 0)
		fail_msg("SEED=%llu: %s: %.*s", (unsigned long long)seed,
		    json == NULL ? error.text : "another text", (int)out->len,
		    out->data);
	json_decref(json);
}

/* jsonw_fit(): for each maximum the longest start that fits, cut between
 * characters, so that the two halves make the whole. */
static void
assert_splits(const char *in, size_t len, const struct buf *whole)
{
	struct buf first, second;
	size_t max, at, written, next, last = 0;

	buf_init(&first, 1 << 20);
	buf_init(&second, 1 << 20);
	for (max = 0; max <= whole->len; max++) {
		at = jsonw_fit((struct span){ in, len }, max, &written);
		assert_true(at <= len && at >= last && written <= max);
		put(&first, in, at);
		assert_int_equal(first.len, written + 2);
		put(&second, in + at, len - at);
		assert_int_equal(first.len + second.len, whole->len + 2);
		assert_memory_equal(first.data, whole->data, first.len - 1);
		assert_memory_equal(second.data + 1,
		    whole->data + first.len - 1, second.len - 1);
		if (at < len) {
			(void)jsonw_fit(
			    (struct span){ in, len }, written + 1, &next);
			assert_true(max == written || next == written);
		}
		last = at;
	}
	assert_int_equal(last, len);
	buf_free(&first);
	buf_free(&second);
}

static void
any_bytes_become_the_text_they_should(void **state)
{
	char in[LONGEST + 32], want[LONGEST * 3];
	struct buf out, again;
	size_t i, len, n, at;

	(void)state;
	buf_init(&out, 1 << 20);
	buf_init(&again, 1 << 20);
	for (i = 0; i < ROUNDS; i++) {
		len = bytes(in);
		n = wanted(in, len, want);
		put(&out, in, len);
		assert_json(&out, want, n);
		/* Wherever the bytes lie: vectors read them in blocks. */
		at = dice(32);
		memmove(in + at, in, len);
		put(&again, in + at, len);
		assert_int_equal(again.len, out.len);
		assert_memory_equal(again.data, out.data, out.len);
		if (i % 16 == 0)
			assert_splits(in + at, len, &out);
		/* What is well-formed and without NUL is not changed. */
		put(&out, want, n);
		assert_json(&out, want, n);
	}
	buf_free(&out);
	buf_free(&again);
}

/* Each single character, and each two octets. */
static void
every_short_text_is_right(void **state)
{
	char in[4], want[12];
	struct buf out;
	unsigned i;
	size_t n;

	(void)state;
	buf_init(&out, 1 << 20);
	for (i = 0; i < 0x10000; i++) {
		in[0] = (char)(i >> 8);
		in[1] = (char)i;
		n = wanted(in, 2, want);
		put(&out, in, 2);
		assert_json(&out, want, n);
	}
	buf_free(&out);
}

/* Write a value that the dice decide, and return the same. */
static json_t *
tree(struct jsonw *j, unsigned depth)
{
	char key[16], in[LONGEST], want[LONGEST * 3];
	uint64_t n = dice(5), number;
	json_t *json;
	size_t len;

	switch (dice(depth == 0 ? 4 : 6)) {
	case 0:
		jsonw_null(j);
		return (json_null());
	case 1:
		jsonw_bool(j, (int)(n & 1));
		return (json_boolean(n & 1));
	case 2:
		number = dice(INT64_MAX);
		jsonw_uint(j, number);
		return (json_integer((json_int_t)number));
	case 3:
		len = bytes(in);
		jsonw_string(j, (struct span){ in, len });
		len = wanted(in, len, want);
		return (json_stringn(want, len));
	case 4:
		json = json_array();
		jsonw_open(j, '[');
		while (n-- != 0)
			json_array_append_new(json, tree(j, depth - 1));
		jsonw_close(j, ']');
		return (json);
	default:
		json = json_object();
		jsonw_open(j, '{');
		while (n-- != 0) {
			snprintf(key, sizeof(key), "key %u", (unsigned)n);
			if (n % 2 == 0)
				jsonw_key(j, key);
			else
				jsonw_key_span(
				    j, (struct span){ key, strlen(key) });
			json_object_set_new(json, key, tree(j, depth - 1));
		}
		jsonw_close(j, '}');
		return (json);
	}
}

static void
trees_are_written_as_they_are(void **state)
{
	json_error_t error;
	json_t *want, *got;
	struct jsonw j;
	struct buf out;
	size_t i;

	(void)state;
	buf_init(&out, 1 << 24);
	for (i = 0; i < ROUNDS / 4; i++) {
		buf_clear(&out);
		jsonw_init(&j, &out);
		want = tree(&j, 5);
		got = json_loadb(out.data, out.len,
		    JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
		if (got == NULL || !json_equal(got, want))
			fail_msg("SEED=%llu: %.*s", (unsigned long long)seed,
			    (int)out.len, out.data);
		json_decref(want);
		json_decref(got);
	}
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_bytes_become_the_text_they_should),
		cmocka_unit_test(every_short_text_is_right),
		cmocka_unit_test(trees_are_written_as_they_are),
	};
	const char *given = getenv("SEED");

	seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	state_of_dice = seed;
	printf("SEED=%llu\n", (unsigned long long)seed);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
