/* The sinks of a config, and who names them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bridge/config/config.h"
#include "config_text.h"
#include "scratch.h"

static void
test_lists_of_sinks(void **state)
{
	struct config *cfg;

	(void)state;
	cfg = config_good("sinks: {a: {type: stdout}, b: {type: stdout}}\n"
			  "defaults: {sink: [b, a]}\ndead_letter: a\n"
			  "accounts: [" ACCOUNT("a") "]");
	assert_int_equal(cfg->accounts[0].nsinks, 2);
	assert_int_equal(cfg->accounts[0].sinks[0], 1);
	assert_int_equal(cfg->accounts[0].sinks[1], 0);
	assert_int_equal(cfg->dead_letter, 0);
	config_free(cfg);
	config_bad(
	    "sinks: {a: {type: stdout}, b: {type: stdout}}\ndefaults: {sink: "
	    "[a, a]}\naccounts: [" ACCOUNT("a") "]",
	    "c.yaml:2:22: defaults.sink[1]: is listed twice");
	config_bad(
	    "sinks: {a: {type: stdout}, b: {type: stdout}}\ndefaults: {sink: "
	    "[]}\naccounts: [" ACCOUNT("a") "]",
	    "c.yaml:2:18: defaults.sink: is empty");
	config_bad(SINK "dead_letter: evnts\naccounts: [" ACCOUNT("a") "]",
	    "c.yaml:2:14: dead_letter: no sink is called \"evnts\"");
}

static void
test_sinks(void **state)
{
	(void)state;
	config_bad("accounts: [" ACCOUNT("a") "]",
	    "c.yaml:1:1: the key \"sinks\" is missing");
	config_bad("sinks: {}\naccounts: [" ACCOUNT("a") "]",
	    "c.yaml:1:8: sinks: at least one sink is needed");
	config_bad("sinks: {a: {type: dirctory}}\naccounts: [" ACCOUNT("a") "]",
	    "c.yaml:1:19: sinks.a.type: unknown type \"dirctory\", did you "
	    "mean \"directory\"?");
	config_bad("sinks: {a: 7}\naccounts: [" ACCOUNT("a") "]",
	    "c.yaml:1:12: sinks.a: expected a mapping, found an integer");
	config_bad("sinks: {a: {type: directory, pth: x}}\naccounts: [" ACCOUNT(
		       "a") "]",
	    "c.yaml:1:30: sinks.a.pth: unknown key, did you mean \"path\"?");
	config_bad(
	    "sinks: {\"a b\": {type: stdout}}\naccounts: [" ACCOUNT("a") "]",
	    "c.yaml:1:16: sinks.a b: a sink's name must be 1 to 64 letters, "
	    "digits, dots, underscores and hyphens");
	config_bad("sinks: {aa: {type: stdout}, bb: {type: stdout}}\n"
		   "accounts: [" ACCOUNT("a") "]",
	    "c.yaml:2:12: accounts[0]: the key \"sink\" is missing: it is "
	    "needed because there are several sinks (aa, bb)");
	config_bad_key("sink: uot",
	    "11: accounts[0].sink: no sink is called "
	    "\"uot\", did you mean \"out\"?");
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sinks),
		TEST(test_lists_of_sinks),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
