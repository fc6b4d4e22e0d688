#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bridge/config/source.h"
#include "bridge/config/yaml.h"
#include "bridge/fault.h"

/* The tree as JSON text, or the fault's text. */
static char *
parse(const char *text, size_t len)
{
	struct config_source *src = source_new();
	const struct source_file *file = source_file(src, "f");
	struct fault f = { 0 };
	char *out;
	json_t *v;

	v = yaml_parse(src, file, text, len, &f);
	if (v == NULL) {
		assert_int_equal(f.kind, FAULT_CONFIG);
		out = strdup(f.text);
	} else
		out = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
	json_decref(v);
	source_free(src);
	return (out);
}

static void
expect(const char *text, const char *expected)
{
	char *got = parse(text, strlen(text));

	assert_string_equal(got, expected);
	free(got);
}

static void
test_scalars(void **state)
{
	(void)state;
	expect("[null, Null, NULL, ~, ]", "[null,null,null,null]");
	expect("{a: , b: ''}", "{\"a\":null,\"b\":\"\"}");
	expect("[true, True, TRUE, false, False, FALSE]",
	    "[true,true,true,false,false,false]");
	expect("[yes, no, on, off, y, n, tRue]",
	    "[\"yes\",\"no\",\"on\",\"off\",\"y\",\"n\",\"tRue\"]");
	expect("[0, -1, +7, 007, 0x1F, 0o17, 0b1, 1_000, 0x, 1:30]",
	    "[0,-1,7,7,31,15,\"0b1\",\"1_000\",\"0x\",\"1:30\"]");
	expect("[1.5, -.5, 5., 1e3, .e1, 1e, 2026-11-23]",
	    "[1.5,-0.5,5.0,1000.0,\".e1\",\"1e\",\"2026-11-23\"]");
	expect("[\"1\", 'true', \"null\"]", "[\"1\",\"true\",\"null\"]");
	expect("9223372036854775807", "9223372036854775807");
	expect("a: |\n  x\n  y\n", "{\"a\":\"x\\ny\\n\"}");
}

static void
test_numbers_that_do_not_fit(void **state)
{
	(void)state;
	expect("a: 9223372036854775808", "f:1:4: a number out of range");
	expect("a: .inf", "f:1:4: a number out of range");
	expect("a: -.INF", "f:1:4: a number out of range");
	expect("a: .nan", "f:1:4: a number out of range");
	expect("a: 1e999", "f:1:4: a number out of range");
}

static void
test_json(void **state)
{
	(void)state;
	expect("{\"a\":1,\"b\":[true,null,\"x\\/y\\u00e9\"],\"c\":{}}",
	    "{\"a\":1,\"b\":[true,null,\"x/y\303\251\"],\"c\":{}}");
	expect(
	    "{\n\t\"a\": 1,\n\t\"b\": [\n\t\t2\n\t]\n}", "{\"a\":1,\"b\":[2]}");
	expect("", "null");
	expect("# only a comment\n", "null");
}

/* JSON writes what is beyond U+FFFF as two escapes. */
static void
test_surrogates(void **state)
{
	char *got;

	(void)state;
	expect("{\"a\": \"\\ud83d\\ude00\\uD83D\\uDE01 \\u00e9\"}",
	    "{\"a\":\"\360\237\230\200\360\237\230\201 \303\251\"}");
	expect("[\"\\\\ud83d\\ude00 \\ud83d\\ude00\"]",
	    "f:1:12: not valid YAML: found invalid Unicode character escape "
	    "code (while parsing a quoted scalar)");
	got = parse("\"\\ud83d\"", 8);
	assert_non_null(strstr(got, "invalid Unicode character escape"));
	free(got);
	got = parse("\"\\ud83d\\ude0\"", 13);
	assert_non_null(strstr(got, "f:1:"));
	free(got);
}

static void
test_refused(void **state)
{
	(void)state;
	expect("a: &x 1",
	    "f:1:4: anchors (&) are not supported; use "
	    "\"defaults:\" for what accounts have in common");
	expect("a: *x",
	    "f:1:4: aliases (*) are not supported; put a string "
	    "that begins with * in quotes");
	expect("a: !!str 1",
	    "f:1:4: tags (!) are not supported; put a string "
	    "that begins with ! in quotes");
	expect("<<: {a: 1}",
	    "f:1:1: merge keys (<<) are not supported; use \"defaults:\" for "
	    "what accounts have in common");
	expect("a: 1\n---\nb: 2\n",
	    "f:2:1: a second document (---) in one "
	    "file");
	expect("a: 1\nb: 2\na: 3\n",
	    "f:3:1: the key \"a\" was given before, in line 1");
	expect("{a: 1, \"a\": 2}",
	    "f:1:8: the key \"a\" was given before, in line 1");
	expect("1: x",
	    "f:1:1: a key must be a string; put it in quotes if it "
	    "is meant to be one");
	expect("? [a]\n: x", "f:1:3: a key must be a plain or quoted string");
	expect("a: \"x\\0y\"", "f:1:4: a NUL character in a string");
}

static void
test_syntax(void **state)
{
	char *got;

	(void)state;
	got = parse("a: [1,\n\n", 8);
	assert_non_null(strstr(got, "f:3:1: not valid YAML: "));
	free(got);
	got = parse("a: \377\376", 5);
	assert_non_null(strstr(got, "f: not valid YAML: "));
	free(got);
	got = parse("a:\n\tb: 1", 8);
	assert_non_null(strstr(got, "f:2:1: not valid YAML: "));
	free(got);
}

static void
test_nesting(void **state)
{
	char text[80], *got;

	(void)state;
	memset(text, '[', 40);
	memset(text + 40, ']', 40);
	got = parse(text + 10, 60);
	assert_int_equal(got[0], '[');
	free(got);
	got = parse(text, 80);
	assert_string_equal(got, "f:1:33: nested too deeply");
	free(got);
}

static void
test_places(void **state)
{
	static const char text[] = "a:\n  - x: true\n    y: 1\nb: false\n";
	struct config_source *src = source_new();
	const struct source_file *file = source_file(src, "d/f.yaml");
	struct source_place at;
	struct fault f = { 0 };
	json_t *v, *a, *item;

	(void)state;
	v = yaml_parse(src, file, text, sizeof(text) - 1, &f);
	assert_non_null(v);
	a = json_object_get(v, "a");
	item = json_array_get(a, 0);
	at = source_key_place(src, v, "b");
	assert_int_equal(at.line, 4);
	assert_int_equal(at.column, 1);
	at = source_value_place(src, item, "x");
	assert_int_equal(at.line, 2);
	assert_int_equal(at.column, 8);
	at = source_item_place(src, a, 0);
	assert_int_equal(at.line, 2);
	assert_int_equal(at.column, 5);
	at = source_place(src, v);
	assert_ptr_equal(at.file, file);
	at = source_item_place(src, a, 1);
	assert_null(at.file);
	at = source_key_place(src, v, "none");
	assert_null(at.file);
	assert_string_equal(file->folder + strlen(file->folder) - 2, "/d");
	json_decref(v);
	source_free(src);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_numbers_that_do_not_fit),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_surrogates),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_places),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
