#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bridge/auth/seal.h"
#include "bridge/auth/secret.h"
#include "bridge/fault.h"
#include "scratch.h"

/* Read ${s} and free it: it must be ${expected}, or fail with a text that holds
 * ${fault} and not the canary. */
static void
expect(struct secret *s, const char *expected, const char *fault)
{
	struct fault f = { 0 };
	size_t len = 0;
	char *got;

	got = secret_read(s, &len, &f);
	if (expected != NULL) {
		assert_non_null(got);
		assert_string_equal(got, expected);
		assert_int_equal(len, strlen(expected));
		secret_wipe(got, len);
	} else {
		assert_null(got);
		assert_int_equal(f.kind, FAULT_CONFIG);
		assert_non_null(strstr(f.text, fault));
		assert_non_null(strstr(f.text, secret_where(s)));
		assert_null(strstr(f.text, "hunter2"));
	}
	secret_free(s);
}

static void
test_file(void **state)
{
	(void)state;
	scratch_text("s", "hunter2\n");
	expect(secret_file("s"), "hunter2", NULL);
	scratch_text("s", "hunter2");
	expect(secret_file("s"), "hunter2", NULL);
	scratch_text("s", "hunter2\r\n");
	expect(secret_file("s"), "hunter2", NULL);
	scratch_text("s", "two\nlines\n\n");
	expect(secret_file("s"), "two\nlines\n", NULL);
	scratch_text("s", " spaces stay \r");
	expect(secret_file("s"), " spaces stay \r", NULL);
	assert_int_equal(symlink("s", "link"), 0);
	expect(secret_file("link"), " spaces stay \r", NULL);
}

static void
test_file_refused(void **state)
{
	char big[64 * 1024 + 2];

	(void)state;
	expect(secret_file("none"), NULL, "No such file");
	scratch_text("s", "\n");
	expect(secret_file("s"), NULL, "is empty");
	scratch_write("s", "hunter2\0x", 9, 0600);
	expect(secret_file("s"), NULL, "NUL");
	scratch_write("s", "hunter2", 7, 0640);
	expect(secret_file("s"), NULL,
	    "mode 0640 lets others read it: chmod "
	    "600 s");
	scratch_write("s", "hunter2", 7, 0604);
	expect(secret_file("s"), NULL, "mode 0604");
	scratch_write("s", "hunter2", 7, 0620);
	expect(secret_file("s"), NULL, "mode 0620");
	scratch_write("s", "hunter2", 7, 0400);
	expect(secret_file("s"), "hunter2", NULL);
	expect(secret_file("."), NULL, "not a regular file");
	assert_int_equal(mkfifo("fifo", 0600), 0);
	expect(secret_file("fifo"), NULL, "not a regular file");
	memset(big, 'x', sizeof(big));
	scratch_write("big", big, 64 * 1024 + 1, 0600);
	expect(secret_file("big"), NULL, "larger than 64 KiB");
}

static void
test_largest_file(void **state)
{
	struct secret *s = secret_file("big");
	char big[64 * 1024];
	struct fault f;
	size_t len;
	char *got;

	(void)state;
	memset(big, 'x', sizeof(big));
	scratch_write("big", big, sizeof(big), 0600);
	got = secret_read(s, &len, &f);
	assert_non_null(got);
	assert_int_equal(len, sizeof(big));
	secret_wipe(got, len);
	secret_free(s);
}

static void
test_env(void **state)
{
	(void)state;
	setenv("MB_SECRET", "hunter2", 1);
	expect(secret_env("MB_SECRET"), "hunter2", NULL);
	setenv("MB_SECRET", "", 1);
	expect(secret_env("MB_SECRET"), NULL, "is empty");
	unsetenv("MB_SECRET");
	expect(secret_env("MB_SECRET"), NULL, "is not set");
}

static void
test_credential(void **state)
{
	(void)state;
	unsetenv("CREDENTIALS_DIRECTORY");
	expect(secret_credential("pw"), NULL, "LoadCredential");
	setenv("CREDENTIALS_DIRECTORY", ".", 1);
	expect(secret_credential("pw"), NULL, "No such file");
	/* As systemd makes them: an ACL shows as bits of the group. */
	scratch_write("pw", "hunter2\n", 8, 0440);
	expect(secret_credential("pw"), "hunter2", NULL);
}

/* It is read anew each time. */
static void
test_rotation(void **state)
{
	struct secret *s = secret_file("s");
	struct fault f;
	size_t len;
	char *got;

	(void)state;
	scratch_text("s", "old\n");
	got = secret_read(s, &len, &f);
	assert_string_equal(got, "old");
	secret_wipe(got, len);
	scratch_text("s", "newer\n");
	got = secret_read(s, &len, &f);
	assert_string_equal(got, "newer");
	secret_wipe(got, len);
	secret_free(s);
	secret_free(NULL);
	secret_wipe(NULL, 0);
}

#define KEY "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

static void
test_encrypted(void **state)
{
	struct secret *key = secret_file("key");
	struct fault f;
	char *sealed, *again;

	(void)state;
	scratch_text("key", KEY "\n");
	sealed = seal_close(key, "hunter2", 7, &f);
	assert_non_null(sealed);
	assert_int_equal(strlen(sealed), 48);
	expect(secret_encrypted(sealed, key), "hunter2", NULL);
	/* Never twice the same. */
	again = seal_close(key, "hunter2", 7, &f);
	assert_string_not_equal(sealed, again);
	free(again);
	free(sealed);
	secret_free(key);
}

/* What ${sealed} says when it is opened with ${key}. */
static void
closed(const char *sealed, const struct secret *key, const char *text)
{
	struct fault f = { 0 };
	size_t len;

	assert_null(seal_open(key, sealed, &len, &f));
	assert_int_equal(f.kind, FAULT_CONFIG);
	assert_non_null(strstr(f.text, text));
}

static void
test_encrypted_refused(void **state)
{
	struct secret *key = secret_file("key"), *other = secret_file("other");
	struct fault f;
	char *sealed, saved;
	size_t i;

	(void)state;
	scratch_text("key", KEY);
	scratch_text("other", "NDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=");
	sealed = seal_close(key, "hunter2", 7, &f);
	closed(sealed, other, "another one, or is damaged");
	/* Of the last character some bits mean nothing. */
	for (i = 0; i < strlen(sealed) - 2; i++) {
		saved = sealed[i];
		sealed[i] = saved == 'A' ? 'B' : 'A';
		closed(sealed, key, "does not open");
		sealed[i] = saved;
	}
	closed("AAAA", key, "secret seal");
	closed("", key, "secret seal");
	closed("hunter2!", key, "secret seal");
	scratch_text("other", "short");
	closed(sealed, other, "openssl rand -base64 32");
	assert_null(seal_close(other, "x", 1, &f));
	free(sealed);
	secret_free(key);
	secret_free(other);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_file),
		TEST(test_file_refused),
		TEST(test_largest_file),
		TEST(test_env),
		TEST(test_credential),
		TEST(test_rotation),
		TEST(test_encrypted),
		TEST(test_encrypted_refused),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
