/* Several files of a config, and one that is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "bridge/auth/secret.h"
#include "bridge/config/config.h"
#include "config_text.h"
#include "scratch.h"

static void
test_include(void **state)
{
	struct config *cfg;
	char cwd[4096], expected[5000];

	(void)state;
	mkdir("accounts.d", 0700);
	scratch_text("accounts.d/20.yaml", "accounts: [" ACCOUNT("b") "]\n");
	scratch_text("accounts.d/10.yaml",
	    "accounts:\n - name: a\n   tls_ca: ca.pem\n   host: h\n"
	    "   user: u\n   auth: {password: {file: s}}\n");
	scratch_text("accounts.d/30.yaml", "# nothing yet\n");
	scratch_text("accounts.d/sinks.yaml",
	    "sinks: {files: {type: directory, path: out}}\n");
	cfg = config_good(
	    SINK "include: [accounts.d/*.yaml, accounts.d/10.yaml]\n"
		 "defaults: {sink: files}\n");
	assert_int_equal(cfg->naccounts, 2);
	assert_string_equal(cfg->accounts[0].name, "a");
	assert_string_equal(cfg->accounts[1].name, "b");
	assert_int_equal(cfg->accounts[1].sinks[0], 1);
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	(void)snprintf(expected, sizeof(expected), "%s/accounts.d/ca.pem", cwd);
	assert_string_equal(cfg->accounts[0].tls_ca, expected);
	(void)snprintf(expected, sizeof(expected), "file %s/accounts.d/s", cwd);
	assert_string_equal(secret_where(cfg->accounts[0].password), expected);
	config_free(cfg);
}

/* The path of an included file in messages is absolute: the pattern's. */
static void
bad_include(const char *text, const char *before, const char *after)
{
	char cwd[4096], expected[6000];

	assert_non_null(getcwd(cwd, sizeof(cwd)));
	(void)snprintf(
	    expected, sizeof(expected), "%s%s%s", before, cwd, after);
	config_bad(text, expected);
}

static void
test_include_mistakes(void **state)
{
	static const char *const text =
	    SINK "include: [d/*.yaml]\naccounts: [" ACCOUNT("a") "]\n";

	(void)state;
	config_bad(
	    text, "c.yaml:2:11: include: d/*.yaml: No such file or directory");
	mkdir("d", 0700);
	config_free(config_good(text)); /* an empty folder is fine */
	scratch_text("d/x.yaml", "\nsinks: {out: {type: stdout}}\n");
	bad_include(text, "",
	    "/d/x.yaml:2:9: sinks.out: was defined before, at c.yaml:1:9");
	scratch_text("d/x.yaml", "accounts: 7\n");
	bad_include(text, "",
	    "/d/x.yaml:1:1: accounts: was defined before, at c.yaml:3:1");
	scratch_text("d/x.yaml", "include: [y]\n");
	bad_include(text, "",
	    "/d/x.yaml:1:1: include: only the main file may include others");
	scratch_text("d/x.yaml", "accounts: [{name: b, hots: x}]\n");
	bad_include(text, "",
	    "/d/x.yaml:1:22: accounts[1].hots: unknown key, "
	    "did you mean \"host\"?");
	config_bad(SINK "include: [none.yaml]\n",
	    "c.yaml:2:11: include: none.yaml: No such file or directory");
	config_bad(SINK "include: x\n",
	    "c.yaml:2:10: include: expected a list of file patterns");
	config_bad(SINK "include: [7]\n",
	    "c.yaml:2:11: include[0]: expected a file pattern");
}

static void
test_no_file(void **state)
{
	(void)state;
	unlink("c.yaml");
	config_bad_file("c.yaml: cannot be read: No such file or directory");
	mkdir("c.yaml", 0700);
	config_bad_file("c.yaml: cannot be read: Is a directory");
	rmdir("c.yaml");
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_include),
		TEST(test_include_mistakes),
		TEST(test_no_file),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
