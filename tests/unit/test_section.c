#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bridge/auth/secret.h"
#include "bridge/config/section.h"
#include "bridge/config/source.h"
#include "bridge/config/yaml.h"
#include "bridge/fault.h"

static struct config_source *src;
static json_t *tree;

static struct section *
open_text(const char *text)
{
	struct fault f = { 0 };

	src = source_new();
	tree = yaml_parse(
	    src, source_file(src, "/etc/x/f"), text, strlen(text), &f);
	assert_non_null(tree);
	return (section_new(src, tree, "top"));
}

/* End ${s}; the text of the mistake must be ${expected} ("": none). */
static void
end(struct section *s, const char *expected)
{
	struct fault f = { 0 };
	int rc;

	rc = section_end(s, &f);
	assert_string_equal(f.text, expected);
	assert_int_equal(rc, expected[0] == '\0' ? 0 : -1);
	if (rc == -1)
		assert_int_equal(f.kind, FAULT_CONFIG);
	json_decref(tree);
	source_free(src);
}

static void
test_values(void **state)
{
	static const char *const colours[] = { "red", "green", NULL };
	struct section *s;
	char *path;

	(void)state;
	s = open_text("{s: x, i: 7, b: true, z: 2 KiB, c: green, p: a/b}");
	assert_string_equal(section_string(s, "s", NULL), "x");
	assert_null(section_string(s, "none", NULL));
	assert_int_equal(section_integer(s, "i", 1, 0, 9), 7);
	assert_int_equal(section_integer(s, "j", 1, 0, 9), 1);
	assert_true(section_bool(s, "b", 0));
	assert_int_equal(section_bytes(s, "z", 1, 0, 1 << 20), 2048);
	assert_int_equal(section_choice(s, "c", colours, 0), 1);
	path = section_path(s, "p", NULL);
	assert_string_equal(path, "/etc/x/a/b");
	free(path);
	path = section_path(s, "q", "fall");
	assert_string_equal(path, "/etc/x/fall");
	free(path);
	assert_null(section_path(s, "q", NULL));
	assert_true(section_has(s, "i"));
	assert_false(section_has(s, "j"));
	assert_false(section_failed(s));
	end(s, "");
}

static void
one_bytes(const char *text, uint64_t expected)
{
	struct section *s;
	char all[64];

	(void)snprintf(all, sizeof(all), "z: %s", text);
	s = open_text(all);
	assert_int_equal(section_bytes(s, "z", 1, 0, UINT64_MAX), expected);
	end(s, "");
}

static void
bad_bytes(const char *text)
{
	struct section *s;
	char all[64];

	(void)snprintf(all, sizeof(all), "z: %s", text);
	s = open_text(all);
	assert_int_equal(section_bytes(s, "z", 1, 0, UINT64_MAX), 1);
	end(s,
	    "/etc/x/f:1:4: top.z: expected a size: a number of bytes, or "
	    "one with KiB, MiB or GiB");
}

static void
test_bytes(void **state)
{
	(void)state;
	one_bytes("0", 0);
	one_bytes("17", 17);
	one_bytes("\"17\"", 17);
	one_bytes("64MiB", 64 << 20);
	one_bytes("3GiB", UINT64_C(3) << 30);
	bad_bytes("64MB");
	bad_bytes("-1");
	bad_bytes("1.5GiB");
	bad_bytes("MiB");
	bad_bytes("1 MiB x");
	bad_bytes("99999999999999999999GiB");
	bad_bytes("\"18446744073709551616\"");
	bad_bytes("[]");
}

static void
test_mistakes(void **state)
{
	static const char *const colours[] = { "red", "green", NULL };
	struct section *s;

	(void)state;
	s = open_text("a: 5");
	assert_string_equal(section_string(s, "a", "fall"), "fall");
	end(s, "/etc/x/f:1:4: top.a: expected a string, found an integer");
	s = open_text("a: ''");
	assert_string_equal(section_string(s, "a", NULL), "");
	end(s, "/etc/x/f:1:4: top.a: is empty");
	s = open_text("a: \"5\"");
	assert_int_equal(section_integer(s, "a", 3, 0, 9), 3);
	end(s, "/etc/x/f:1:4: top.a: expected an integer, found a string");
	s = open_text("a: 10");
	assert_int_equal(section_integer(s, "a", 3, 0, 9), 3);
	end(s, "/etc/x/f:1:4: top.a: must be between 0 and 9, not 10");
	s = open_text("a: yes");
	assert_int_equal(section_bool(s, "a", 1), 1);
	end(s, "/etc/x/f:1:4: top.a: expected true or false, found a string");
	s = open_text("a: gren");
	assert_int_equal(section_choice(s, "a", colours, 0), 0);
	end(s,
	    "/etc/x/f:1:4: top.a: unknown value \"gren\", did you mean "
	    "\"green\"? (red or green)");
	s = open_text("a: ~");
	assert_null(section_list(s, "a"));
	end(s, "/etc/x/f:1:4: top.a: expected a list, found nothing");
	s = open_text("b: 1");
	section_integer(s, "b", 0, 0, 9);
	assert_string_equal(section_required(s, "a"), "");
	end(s, "/etc/x/f:1:1: top: the key \"a\" is missing");
	s = open_text("7");
	assert_string_equal(section_required(s, "a"), "");
	end(s, "/etc/x/f: top: expected a mapping, found an integer");
}

static void
test_first_mistake_stays(void **state)
{
	struct section *s = open_text("{a: 5, b: 6, c: 7}");

	(void)state;
	section_string(s, "b", NULL);
	section_string(s, "a", NULL);
	section_error(s, NULL, "later");
	end(s, "/etc/x/f:1:11: top.b: expected a string, found an integer");
}

static void
test_unknown_keys(void **state)
{
	struct section *s = open_text("passwrod: 1");

	(void)state;
	section_value(s, "user");
	section_value(s, "password");
	end(s,
	    "/etc/x/f:1:1: top.passwrod: unknown key, did you mean "
	    "\"password\"?");
	s = open_text("zebra: 1");
	section_value(s, "user");
	end(s, "/etc/x/f:1:1: top.zebra: unknown key");
	/* The misspelt key is the missing one. */
	s = open_text("hots: x");
	section_required(s, "host");
	end(s, "/etc/x/f:1:1: top.hots: unknown key, did you mean \"host\"?");
}

static void
test_children(void **state)
{
	struct section *s = open_text("{a: {b: [x, {c: 5}]}}"), *a, *item;
	struct fault f = { 0 };

	(void)state;
	assert_null(section_child(s, "none"));
	a = section_child(s, "a");
	assert_string_equal(section_where(a), "top.a");
	assert_non_null(section_list(a, "b"));
	assert_string_equal(section_item_string(a, "b", 0), "x");
	item = section_item(a, "b", 1);
	assert_string_equal(section_where(item), "top.a.b[1]");
	assert_string_equal(section_string(item, "c", ""), "");
	assert_int_equal(section_end(item, &f), -1);
	assert_string_equal(f.text,
	    "/etc/x/f:1:17: top.a.b[1].c: expected a "
	    "string, found an integer");
	assert_true(section_failed(a));
	assert_int_equal(section_end(a, NULL), -1);
	end(s, f.text);
	s = open_text("a: [5]");
	assert_non_null(section_list(s, "a"));
	assert_string_equal(section_item_string(s, "a", 0), "");
	end(s, "/etc/x/f:1:5: top.a[0]: expected a string, found an integer");
}

static void
secret_is(const char *text, const char *where, const char *mistake)
{
	struct section *s = open_text(text);
	struct secret *secret;

	secret = section_secret(s, "password");
	assert_int_equal(secret == NULL, where == NULL);
	if (where != NULL)
		assert_string_equal(secret_where(secret), where);
	secret_free(secret);
	end(s, mistake);
}

static void
test_secrets(void **state)
{
	static const char expected[] =
	    "/etc/x/f:1:11: top.password: expected {file: PATH}, {env: "
	    "NAME}, {credential: NAME} or {encrypted: \"...\"}";

	(void)state;
	secret_is("{}", NULL, "");
	secret_is("password: {file: a}", "file /etc/x/a", "");
	secret_is("password: {file: /a}", "file /a", "");
	secret_is("password: {env: PW}", "environment variable PW", "");
	secret_is("password: {credential: pw}", "credential pw", "");
	secret_is("password: {hunter2}", NULL, expected);
	secret_is("password: {hunter2: x}", NULL, expected);
	secret_is("password: {}", NULL, expected);
	secret_is("password: {file: a, env: b}", NULL, expected);
	secret_is("password: {encrypted: abc}", NULL,
	    "/etc/x/f:1:23: top.password.encrypted: needs the key: "
	    "secret_key: {file: PATH} at the top of the config");
	secret_is("password: {credential: ../x}", NULL,
	    "/etc/x/f:1:24: top.password.credential: must be the name of a "
	    "file in $CREDENTIALS_DIRECTORY, without a slash");
	secret_is("password: hunter2", NULL,
	    "/etc/x/f:1:11: top.password: a secret is not written into the "
	    "config: put it into a file that only its owner can read (chmod "
	    "600) and write password: {file: PATH}; {env: NAME} and "
	    "{credential: NAME} work too");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_first_mistake_stays),
		cmocka_unit_test(test_unknown_keys),
		cmocka_unit_test(test_children),
		cmocka_unit_test(test_secrets),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
