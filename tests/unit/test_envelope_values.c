/* Header values: encoded words, parameters, addresses, ids, dates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bridge/buf.h"
#include "bridge/envelope/address.h"
#include "bridge/envelope/arena.h"
#include "bridge/envelope/date.h"
#include "bridge/envelope/header.h"
#include "bridge/envelope/ids.h"
#include "bridge/envelope/params.h"
#include "bridge/envelope/words.h"

static struct arena arena;

static int
setup(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 24);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	assert_false(arena.failed);
	arena_free(&arena);
	return (0);
}

static struct span
text(const char *s)
{
	return ((struct span){ s, strlen(s) });
}

static void
assert_span(struct span got, const char *want)
{
	if (want == NULL) {
		assert_null(got.data);
		return;
	}
	assert_non_null(got.data);
	if (got.len != strlen(want) || memcmp(got.data, want, got.len) != 0)
		fail_msg(
		    "got \"%.*s\", not \"%s\"", (int)got.len, got.data, want);
}

static void
words_are_decoded(void **state)
{
	static const struct {
		const char *value, *text;
	} cases[] = {
		{ "plain text", "plain text" },
		{ "=?utf-8?q?caf=C3=A9_x?=", "caf\xC3\xA9 x" },
		{ "=?UTF-8?B?SGVsbG8=?= =?UTF-8?B?IHdvcmxk?=", "Hello world" },
		/* A character split between two words. */
		{ "=?utf-8?q?=E2=82?= =?utf-8?q?=AC?=", "\xE2\x82\xAC" },
		{ "=?utf-8?b?4oI=?=\t =?UTF-8?b?rA==?=", "\xE2\x82\xAC" },
		{ "a =?utf-8?q?b?= c", "a b c" },
		{ "a=?utf-8?q?b?=c", "abc" },
		{ "=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c" },
		{ "=?utf-8?q?a?= =?iso-8859-1?q?=E9?=", "a\xC3\xA9" },
		{ "=?utf-8*en?q?lang?=", "lang" },
		{ "=?utf-8?q?with space?=", "with space" },
		{ "=?utf-8?q?"
		  "?=",
		    "" },
		{ "=?utf-8?x?a?= =?b", "=?utf-8?x?a?= =?b" },
		{ "=?utf-8?q?open", "=?utf-8?q?open" },
		{ "=?=?utf-8?q?a?=", "=?a" },
		{ "=?utf-8?q?a=00b=0Ac=1B?=", "ab c" },
		{ "=?utf-8?q?what?"
		  "?=",
		    "what?" },
		{ "caf\xE9", "caf\xC3\xA9" },
		{ "caf\xC3\xA9 =?utf-8?q?x?=", "caf\xC3\xA9 x" },
		{ "?=", "?=" },
		{ "=?utf-8?b?SGVsbG8?=", "Hello" },
		{ "=?x-none?q?a=E9?=", "a\xC3\xA9" },
		{ "=?utf-8?q?=3D=3Futf-8=3Fq=3Fa=3F=3D?=", "=?utf-8?q?a?=" },
		{ "=?utf-8?q?=?utf-8?q?a?=?=", "=?utf-8?q?a?=" },
	};
	unsigned found = 0;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_span(words_decode(&arena, text(cases[i].value), &found),
		    cases[i].text);
}

static void
values_are_unfolded(void **state)
{
	(void)state;
	assert_span(words_unfold(&arena, text(" a\r\n b\n\tc \r\n")), "a b\tc");
	assert_span(words_unfold(&arena, SPAN("a\0b")), "ab");
	assert_span(words_unfold(&arena, text("a\rb")), "a\rb");
}

static void
assert_param(const char *value, const char *name, const char *want)
{
	struct params p;
	unsigned found = 0;

	params_parse(&p, &arena, text(value));
	assert_span(params_find(&p, &arena, name, &found), want);
}

static void
parameters_are_found(void **state)
{
	(void)state;
	assert_param("text/plain; charset=utf-8", "CHARSET", "utf-8");
	assert_param("text/plain; charset = \"utf-8\" ; x=y", "x", "y");
	assert_param("text/plain", "charset", NULL);
	assert_param("a/b; name=\"a \\\"b\\\" c;d\"", "name", "a \"b\" c;d");
	assert_param("a/b; name=un quoted.pdf; x=1", "name", "un quoted.pdf");
	assert_param("a/b; name=\"open", "name", "open");
	assert_param("a/b;; ;name=x", "name", "x");
	assert_param("x; filename*=UTF-8'en'%e2%82%ac.txt", "filename",
	    "\xE2\x82\xAC.txt");
	assert_param(
	    "x; filename*=iso-8859-1''caf%E9", "filename", "caf\xC3\xA9");
	assert_param(
	    "x; filename=a.txt; filename*=UTF-8''b.txt", "filename", "b.txt");
	assert_param("x; filename*1*=%ac.txt; filename*0*=UTF-8''%e2%82",
	    "filename", "\xE2\x82\xAC.txt");
	assert_param("x; filename*0=\"a b\"; filename*1=c; filename*3=lost",
	    "filename", "a bclost");
	assert_param("x; filename*=broken%zz", "filename", "broken%zz");
	assert_param("x; filename=\"=?utf-8?B?SGVsbG8=?= "
		     "=?utf-8?B?IHdvcmxkLnBkZg==?=\"",
	    "filename", "Hello world.pdf");
	assert_param("x; filename*0==?utf-8?B?SGVs; filename*1=bG8=?=",
	    "filename", "Hello");
	assert_param(
	    "x; filename=caf\xC3\xA9.txt", "filename", "caf\xC3\xA9.txt");
}

/* "name <email>, ..." with "-" for no name. */
static void
assert_addresses(const char *value, const char *want)
{
	struct addresses a;
	struct buf out;
	size_t i;

	address_parse(&a, &arena, text(value), 100);
	buf_init(&out, 10000);
	for (i = 0; i < a.n; i++) {
		const struct address *x = &a.items[i];

		buf_printf(&out, "%s%.*s <%.*s>", i != 0 ? ", " : "",
		    x->name.data != NULL ? (int)x->name.len : 1,
		    x->name.data != NULL ? x->name.data : "-",
		    (int)x->email.len,
		    x->email.data != NULL ? x->email.data : "");
	}
	assert_string_equal(out.len != 0 ? out.data : "", want);
	buf_free(&out);
}

static void
addresses_are_read(void **state)
{
	(void)state;
	assert_addresses("a@b.c", "- <a@b.c>");
	assert_addresses("A B <a@b.c>", "A B <a@b.c>");
	assert_addresses("\"B, A\" <a@b.c>,<d@e.f>", "B, A <a@b.c>, - <d@e.f>");
	assert_addresses(
	    "a@b.c (Name \\) (nested))", "Name ) (nested) <a@b.c>");
	assert_addresses("Group: a@b.c, X <d@e.f>;, g@h.i",
	    "- <a@b.c>, X <d@e.f>, - <g@h.i>");
	assert_addresses("undisclosed-recipients:;", "");
	assert_addresses("<@r1,@r2:a@b.c>", "- <a@b.c>");
	assert_addresses("a @ b . c", "- <a@b.c>");
	assert_addresses("\"a b\"@c.d", "- <\"a b\"@c.d>");
	assert_addresses("John Doe john@x.y", "John Doe <john@x.y>");
	assert_addresses("a@b.c; d@e.f", "- <a@b.c>, - <d@e.f>");
	assert_addresses("X <a@b.c, Y <d@e.f>", "X <a@b.c>, Y <d@e.f>");
	assert_addresses("nobody", "- <nobody>");
	assert_addresses("Mary Smith", "- <Mary Smith>");
	assert_addresses(
	    "=?utf-8?q?J=C3=B6rg?= <j@x.y>", "J\xC3\xB6rg <j@x.y>");
	assert_addresses(
	    "\"=?utf-8?q?J=C3=B6rg?=\" <j@x.y>", "J\xC3\xB6rg <j@x.y>");
	assert_addresses("=?UTF-8?B?SGVsbG8=?= =?UTF-8?B?IHdvcmxk?= <a@b.c>",
	    "Hello world <a@b.c>");
	assert_addresses("", "");
	assert_addresses(" , ;<>", "");
	assert_addresses("\"open <a@b.c>", "- <\"open <a@b.c>>");
	assert_addresses("g: h: a@b;, c@d;, e@f", "- <a@b>, - <c@d>, - <e@f>");
	assert_addresses("x@.MISSING-HOST-NAME.", "- <x@.MISSING-HOST-NAME.>");
	/* RFC 6532. */
	assert_addresses("J\xC3\xB6rg <j\xC3\xB6rg@\xC3\xA4.example>",
	    "J\xC3\xB6rg <j\xC3\xB6rg@\xC3\xA4.example>");
}

static void
addresses_are_counted(void **state)
{
	struct addresses a;

	(void)state;
	address_parse(&a, &arena, text("a@b, c@d, e@f"), 2);
	assert_int_equal(a.n, 2);
	assert_true(a.cut);
	address_parse(&a, &arena, text("a@b, c@d, "), 2);
	assert_false(a.cut);
}

static void
ids_are_read(void **state)
{
	struct ids ids;

	(void)state;
	ids_parse(&ids, &arena, text("<a@b> junk <c@d><e@f>"));
	assert_int_equal(ids.n, 3);
	assert_span(ids.items[0], "a@b");
	assert_span(ids.items[2], "e@f");
	ids_parse(&ids, &arena, text("a@b c@d"));
	assert_int_equal(ids.n, 2);
	ids_parse(&ids, &arena, text("no id here"));
	assert_int_equal(ids.n, 0);
	ids_parse(&ids, &arena, text("<> <<x@y>"));
	assert_int_equal(ids.n, 1);
	assert_span(ids.items[0], "x@y");
	ids_parse(&ids, &arena, text("<open@end"));
	assert_span(ids.items[0], "open@end");
}

static void
assert_date(const char *value, const char *want)
{
	char out[DATE_TEXT];

	if (want == NULL) {
		assert_int_equal(date_parse(text(value), out), -1);
		return;
	}
	assert_true(date_parse(text(value), out) >= 0);
	assert_string_equal(out, want);
}

static void
dates_are_read(void **state)
{
	(void)state;
	assert_date(
	    "Fri, 1 May 2026 12:30:00 +0200", "2026-05-01T12:30:00+02:00");
	assert_date("1 May 26 12:30 EST", "2026-05-01T12:30:00-05:00");
	assert_date("Fri, 01 May 1998 12:30:59 GMT (comment (nested))",
	    "1998-05-01T12:30:59+00:00");
	assert_date("Fri,01 May 2026 2:3:4 -0000", "2026-05-01T02:03:04-00:00");
	assert_date("1 May 126 00:00:00 Z", "2026-05-01T00:00:00+00:00");
	assert_date("1 May 70 00:00:00 +05:30", "1970-05-01T00:00:00+05:30");
	assert_date("Fri May  1 12:30:00 2026", "2026-05-01T12:30:00+00:00");
	assert_date("1 May 2026 12:30+0200", "2026-05-01T12:30:00+02:00");
	assert_date("1-May-2026 12:30:01-0700", "2026-05-01T12:30:01-07:00");
	assert_date(
	    "1 May 2026 12:30:00 (EDT) -0400", "2026-05-01T12:30:00-04:00");
	assert_date("2026-05-01 12:30:00 +0200", "2026-05-01T12:30:00+02:00");
	assert_date("2026-05-01T12:30:00Z", "2026-05-01T12:30:00+00:00");
	assert_date("2026-05-01T12:30:00.5-02:00", "2026-05-01T12:30:00-02:00");
	assert_date("2026-00-01T12:30:00Z", NULL);
	assert_date("2026/05/01 12:30", "2026-05-01T12:30:00+00:00");
	assert_date("1 May 2026 3:04 PM +0200", "2026-05-01T15:04:00+02:00");
	assert_date("1 May 2026 12:04 AM", "2026-05-01T00:04:00+00:00");
	assert_date("1 May 2026 15.04.05 +0200", "2026-05-01T15:04:05+02:00");
	assert_date("02/01/26 12:30", NULL);
	assert_date("02-01-26 12:30", NULL);
	assert_date("02.01.2026 12:30", NULL);
	assert_date("2026-13-01T12:30:00Z", NULL);
	assert_date("Friday, 01-May-2026 12:30:00 GMT+0800",
	    "2026-05-01T12:30:00+08:00");
	assert_date("29 Feb 2024 23:59:60 +0000", "2024-02-29T23:59:59+00:00");
	assert_date("29 Feb 2023 00:00:00 +0000", NULL);
	assert_date("31 Apr 2026 00:00:00 +0000", NULL);
	assert_date("1 May 2026", NULL);
	assert_date("1 May 0000 00:00:00 +0000", NULL);
	assert_date("1 May 9999 00:00:00 +0000", "9999-05-01T00:00:00+00:00");
	assert_date("1 May 10000 00:00:00 +0000", NULL);
	assert_date("1 May 292277026596 00:00:00 +0000", NULL);
	assert_date("1 May 2026 25:00:00 +0000", NULL);
	assert_date("yesterday", NULL);
	assert_date("", NULL);
	assert_date("1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", NULL);
}

static void
times_are_written(void **state)
{
	char out[DATE_TEXT];

	(void)state;
	assert_int_equal(date_utc(0, out), 0);
	assert_string_equal(out, "1970-01-01T00:00:00Z");
	assert_int_equal(date_utc(951782399, out), 0);
	assert_string_equal(out, "2000-02-28T23:59:59Z");
	assert_int_equal(date_utc(951782400, out), 0);
	assert_string_equal(out, "2000-02-29T00:00:00Z");
	assert_int_equal(date_utc(-1, out), 0);
	assert_string_equal(out, "1969-12-31T23:59:59Z");
	assert_int_equal(date_utc(INT64_C(253402300799), out), 0);
	assert_string_equal(out, "9999-12-31T23:59:59Z");
	assert_int_equal(date_utc(INT64_C(253402300800), out), -1);
	assert_int_equal(date_utc(INT64_MIN, out), -1);
	assert_int_equal(date_utc(INT64_MAX, out), -1);
}

static void
assert_block(const char *in, int part, size_t fields, const char *body)
{
	struct span head, rest;
	struct header h;
	unsigned skipped = 0;
	size_t n = 0;

	header_block(text(in), part, &head, &rest);
	while (header_next(&head, &h, &skipped))
		n++;
	assert_int_equal(n, fields);
	assert_span(rest, body);
}

static void
headers_end_where_text_starts(void **state)
{
	(void)state;
	assert_block("A: b\r\nC: d\r\n\r\nbody", 0, 2, "body");
	assert_block("A: b\n\nbody", 0, 1, "body");
	assert_block("\nbody", 0, 0, "body");
	assert_block("", 0, 0, "");
	assert_block("A: b", 0, 1, "");
	assert_block("From x\nA: b\n\nbody", 0, 1, "body");
	assert_block("A : b\n c\n\td\n\nbody", 0, 1, "body");
	assert_block("A: b\nno field\nC: d\n\nbody", 0, 2, "body");
	assert_block("A: b\njust text\n\nmore", 0, 1, "just text\n\nmore");
	assert_block("just text\n\nmore", 0, 0, "just text\n\nmore");
	assert_block("A: b;\nname=x\nC: d\n\nbody", 0, 2, "body");
	assert_block("A: b\n--x\n", 1, 1, "--x\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    words_are_decoded, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    values_are_unfolded, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    parameters_are_found, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    addresses_are_read, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    addresses_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(ids_are_read, setup, teardown),
		cmocka_unit_test(dates_are_read),
		cmocka_unit_test(times_are_written),
		cmocka_unit_test(headers_end_where_text_starts),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
