/* The codes of problems are the same in the code and in docs/problems.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bridge/envelope/problem.h"

static unsigned
code_of(const char *word)
{
	unsigned i;

	for (i = 0; i < PROBLEM_CODES; i++)
		if (strcmp(problem_texts[i].code, word) == 0)
			return (i);
	fail_msg("docs/problems.md has %s, the code has not", word);
	return (PROBLEM_CODES);
}

static void
codes_are_documented_once(void **state)
{
	unsigned seen[PROBLEM_CODES] = { 0 }, i;
	char line[1000], word[64];
	size_t n;
	FILE *in;

	(void)state;
	assert_non_null(in = fopen("docs/problems.md", "r"));
	while (fgets(line, sizeof(line), in) != NULL) {
		if (strncmp(line, "| `", 3) != 0)
			continue;
		n = strcspn(line + 3, "`");
		assert_true(n < sizeof(word));
		memcpy(word, line + 3, n);
		word[n] = '\0';
		seen[code_of(word)]++;
	}
	fclose(in);
	for (i = 0; i < PROBLEM_CODES; i++)
		if (seen[i] != 1)
			fail_msg("%s is %u times in docs/problems.md",
			    problem_texts[i].code, seen[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_are_documented_once),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
