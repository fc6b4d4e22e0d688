/* What an exec sink makes of the answers of its program, and of its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "exec_bench.h"
#include "scratch.h"
#include "sinks/sinks.h"

static void
test_answers(void **state)
{
	struct contract_event e;
	struct contract c;

	(void)state;
	exec_bench_open(&c,
	    "read -r a; echo refused too 'la\033rge'\n"
	    "read -r a; echo ok 77-1\n"
	    "read -r a; echo retry database is away\n"
	    "read -r a; printf 'ok\\r\\n'; cat >/dev/null\n",
	    "");
	assert_int_equal(exec_bench_answer(&c, &e), CONTRACT_REFUSED);
	assert_string_equal(e.why, "sink test: sh: refused: too la?rge");
	assert_int_equal(exec_bench_answer(&c, &e), CONTRACT_STORED);
	assert_int_equal(c.state, 1);
	assert_int_equal(exec_bench_answer(&c, &e), CONTRACT_RETRY);
	assert_string_equal(e.why, "sink test: sh: retry: database is away");
	assert_int_equal(c.state, 0);
	assert_int_equal(exec_bench_answer(&c, &e), CONTRACT_STORED);
	assert_int_equal(c.state, 1);
	exec_bench_end(&c);
}

/* Whatever is wrong with it: the event is to be handed in again, and a person
 * reads why. */
static void
test_wrong(void **state)
{
	static const struct {
		const char *script, *why;
	} cases[] = { { "read -r a; echo okay", "\"okay\", which is none" },
		{ "read -r a; echo OK", "\"OK\", which is none" },
		{ "read -r a; echo", "\"\", which is none" },
		{ "read -r a; echo ok 77-2", "where \"ok 77-1\" is due" },
		{ "read -r a; exit 3", "ended with exit code 3" },
		{ "read -r a; printf ok; exit 0", "ended with exit code 0" },
		{ "read -r a; kill -9 $$", "ended by signal 9" },
		{ "read -r a; exec >&-; exec sleep 100",
		    "closed its standard output and went on" },
		{ "exec <&-; exec sleep 100",
		    "closed its standard input and went on" },
		{ "read -r a; tr '\\0' x </dev/zero", "longer than 4096" },
		{ "read -r a; sleep 100", "no answer within 1 s" },
		{ "exit 1", "ended with exit code 1" },
		{ "echo ok; cat >/dev/null", "without having been asked" } };
	struct contract_event e;
	struct contract c;
	uint64_t end;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		exec_bench_open(&c, cases[i].script,
		    strstr(cases[i].why, "within 1 s") != NULL
			? ", \"timeout_seconds\": 1"
			: "");
		/* What does not fit into the pipe shows that nobody reads. */
		e = contract_event("INBOX", 1,
		    strstr(cases[i].why, "input") != NULL ? 300000 : 100);
		end = uv_hrtime() + 10000000000;
		while (c.state != 0 && uv_hrtime() < end) {
			if (!c.full && e.answer == CONTRACT_NEW &&
			    strstr(cases[i].why, "been asked") == NULL)
				(void)contract_submit(&c, &e);
			contract_turn(&c);
		}
		if (strstr(c.why, cases[i].why) == NULL)
			fail_msg("%s: %s", cases[i].script, c.why);
		assert_int_not_equal(e.answer, CONTRACT_STORED);
		exec_bench_end(&c);
	}
}

/* More answers than questions: the event that it has not read yet keeps its
 * own. */
static void
test_answers_too_often(void **state)
{
	struct contract_event e[2] = { contract_event("INBOX", 1, 100),
		contract_event("INBOX", 2, 200000) };
	struct contract c;

	(void)state;
	exec_bench_open(&c,
	    "test -e again && exec cat >/dev/null; : >again\n"
	    "read -r a; printf 'ok\\nok\\n'; cat >/dev/null",
	    ", \"max_in_flight\": 1");
	exec_bench_submit(&c, &e[0]);
	exec_bench_wait(&c, &e[0]);
	assert_int_equal(e[0].answer, CONTRACT_STORED);
	if (!c.full && contract_submit(&c, &e[1]))
		exec_bench_wait(&c, &e[1]);
	contract_wait_int(&c, &c.state, 0, 5000);
	assert_int_not_equal(e[1].answer, CONTRACT_STORED);
	exec_bench_end(&c);
}

/* With several in flight a plain ok is not enough. */
static void
test_id_is_needed(void **state)
{
	struct contract_event e;
	struct contract c;

	(void)state;
	exec_bench_open(
	    &c, "while read -r a; do echo ok; done", ", \"max_in_flight\": 2");
	e = contract_event("INBOX", 1, 100);
	exec_bench_submit(&c, &e);
	contract_wait_int(&c, &c.state, 0, 5000);
	assert_non_null(strstr(c.why, "needs the id"));
	exec_bench_end(&c);
}

/* One that ends after its work is started for the next, without a complaint. */
static void
test_one_shot(void **state)
{
	static struct contract_event e[10];
	struct contract c;
	size_t i;

	(void)state;
	exec_bench_open(&c, "read -r a && echo ok", "");
	for (i = 0; i < 10; i++)
		e[i] = contract_event("INBOX", (uint32_t)i + 1, 100);
	contract_store(&c, e, 10, 20000);
	assert_int_equal(c.state, 1);
	assert_int_equal(c.states, 1);
	exec_bench_end(&c);
}

/* It crashes on every third: what it had comes again, and all get through. */
static void
test_crashes(void **state)
{
	static struct contract_event e[9];
	struct contract c;
	size_t i;

	(void)state;
	exec_bench_open(&c,
	    "read -r a && echo ok; read -r a && echo ok\n"
	    "read -r a && kill -11 $$",
	    "");
	for (i = 0; i < 9; i++)
		e[i] = contract_event("INBOX", (uint32_t)i + 1, 100);
	contract_store(&c, e, 9, 20000);
	assert_true(c.states > 1);
	exec_bench_end(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_answers_too_often),
		cmocka_unit_test(test_id_is_needed),
		cmocka_unit_test(test_one_shot),
		cmocka_unit_test(test_crashes),
	};
	int failed;

	(void)scratch_enter();
	failed = cmocka_run_group_tests_name("exec answers", tests, NULL, NULL);
	scratch_leave();
	return (failed);
}
