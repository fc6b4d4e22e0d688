/* An event at which the program ends, and a program that ends at all events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "bridge/limits.h"
#include "exec_bench.h"
#include "scratch.h"
#include "sinks/sinks.h"

/* Lines of "starts". */
static unsigned
starts(void)
{
	unsigned n = 0;
	char *text;
	size_t len, i;

	if (access("starts", F_OK) == -1)
		return (0);
	text = scratch_read("starts", &len);
	for (i = 0; i < len; i++)
		n += text[i] == '\n';
	free(text);
	return (n);
}

static struct contract_event e[8];

static void
make_events(size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		e[i] = contract_event("INBOX", (uint32_t)i + 1, 100);
}

struct wanted {
	size_t n;
	uint32_t refused; /* bits of those that may be */
};

/* Hand in all, those answered RETRY again; until each has its end. */
static int
feed(struct contract *c, void *arg)
{
	const struct wanted *w = arg;
	size_t i, open = 0;

	for (i = 0; i < w->n; i++) {
		if (e[i].answer == CONTRACT_STORED ||
		    e[i].answer == CONTRACT_REFUSED)
			continue;
		open++;
		if (e[i].answer != CONTRACT_TAKEN && !c->full)
			(void)contract_submit(c, &e[i]);
	}
	return (open == 0);
}

static void
assert_ends(size_t n, uint32_t refused)
{
	size_t i;

	for (i = 0; i < n; i++)
		assert_int_equal(e[i].answer,
		    (refused >> i & 1) != 0 ? CONTRACT_REFUSED
					    : CONTRACT_STORED);
}

static void
run(const char *script, const char *more, size_t n, uint32_t refused)
{
	struct wanted w = { .n = n };
	struct contract c;

	(void)remove("starts");
	make_events(n);
	exec_bench_open(&c, script, more);
	contract_wait(&c, feed, &w, 30000);
	assert_ends(n, refused);
	assert_int_equal(c.state, 1);
	exec_bench_end(&c);
}

/* It reads each event and ends, until the outage is over: nothing is given up.
 */
static void
test_outage(void **state)
{
	static const char script[] =
	    "echo start >>starts\n"
	    "while read -r a; do test $(wc -l <starts) -gt 4 || exit 1\n"
	    "echo ok; done";

	(void)state;
	run(script, "", 3, 0);
	assert_in_range(starts(), 5, 5);
}

/* Nothing comes but the one event: it waits for another one, and is refused
 * after the promised number of starts that had it alone; one more end may come
 * in a start that answered the other. */
static void
test_poison(void **state)
{
	struct wanted w = { .n = 1 };
	struct contract c;
	uint64_t end;

	(void)state;
	(void)remove("starts");
	make_events(2);
	exec_bench_open(&c,
	    "while read -r a; do case $a in\n"
	    "*'\"uid\":1,'*) echo bad >>starts; exit 3;;\n"
	    "*) echo ok; esac; done",
	    "");
	end = uv_hrtime() + 20000000000;
	while (uv_hrtime() < end && starts() < 4) {
		assert_false(feed(&c, &w));
		contract_turn(&c);
	}
	assert_int_equal(e[0].answer, CONTRACT_TAKEN);
	assert_non_null(strstr(c.why, "again with the event 77-1 of"));
	w.n = 2;
	contract_wait(&c, feed, &w, 30000);
	assert_ends(2, 1);
	assert_non_null(strstr(e[0].why, "sh: ended with exit code 3, in 5"));
	assert_in_range(starts(), LIMIT_EXEC_STARTS_REFUSED, 9);
	exec_bench_end(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outage),
		cmocka_unit_test(test_poison),
	};
	int failed;

	(void)scratch_enter();
	failed = cmocka_run_group_tests_name("exec aside", tests, NULL, NULL);
	scratch_leave();
	return (failed);
}
