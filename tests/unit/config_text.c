#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/config/config.h"
#include "bridge/fault.h"
#include "config_text.h"
#include "scratch.h"

struct config *
config_good(const char *text)
{
	struct config *cfg;
	struct fault f = { 0 };

	scratch_text("c.yaml", text);
	cfg = config_load("c.yaml", &f);
	assert_string_equal(f.text, "");
	assert_non_null(cfg);
	return (cfg);
}

void
config_bad_file(const char *expected)
{
	struct fault f = { 0 };

	assert_null(config_load("c.yaml", &f));
	assert_string_equal(f.text, expected);
	assert_int_equal(f.kind, FAULT_CONFIG);
}

void
config_bad(const char *text, const char *expected)
{
	scratch_text("c.yaml", text);
	config_bad_file(expected);
}

void
config_bad_key(const char *keys, const char *expected)
{
	const char *host = strncmp(keys, "host", 4) == 0 ? "" : "    host: h\n";
	char *text, *all;

	assert_int_not_equal(
	    asprintf(&text,
		SINK "accounts:\n  - name: a\n    auth: {password: {file: s}}"
		     "\n    user: u\n%s    %s\n",
		host, keys),
	    -1);
	assert_int_not_equal(
	    asprintf(&all, "c.yaml:%d:%s", host[0] == '\0' ? 6 : 7, expected),
	    -1);
	config_bad(text, all);
	free(text);
	free(all);
}
