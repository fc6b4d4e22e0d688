#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "bridge/envelope/event.h"
#include "fake_sink.h"
#include "sink_contract.h"

struct fake_far {
	struct contract *c;
};

static void *
far_up(char *config, size_t size)
{
	static struct fake_far far;

	fake_sink_forget();
	(void)snprintf(config, size, "{}");
	return (&far);
}

static void
far_opened(void *far, struct contract *c)
{
	((struct fake_far *)far)->c = c;
}

static void
far_lose(void *far)
{
	fake_sink_lose(((struct fake_far *)far)->c->sink);
}

static void
far_regain(void *far)
{
	struct contract *c = ((struct fake_far *)far)->c;

	if (c->sink != NULL)
		fake_sink_regain(c->sink);
}

static unsigned
far_count(void *far, const struct event *ev)
{
	(void)far;
	return (fake_sink_count(ev));
}

static void
far_down(void *far)
{
	(void)far;
	fake_sink_forget();
}

static const struct sink_far far_side = {
	.ops = &fake_sink_ops,
	.up = far_up,
	.opened = far_opened,
	.lose = far_lose,
	.regain = far_regain,
	.count = far_count,
	.down = far_down,
};

/* The script is played as its contract says. */
static void
test_script(void **state)
{
	static const enum contract_answer expected[] = { CONTRACT_STORED,
		CONTRACT_RETRY, CONTRACT_REFUSED, CONTRACT_NEW, CONTRACT_TAKEN,
		CONTRACT_STORED, CONTRACT_STORED };
	struct contract_event e[7];
	struct contract c;
	size_t i;

	(void)state;
	contract_init(&c);
	assert_non_null(contract_open(&c, &fake_sink_ops, "{}"));
	fake_sink_script(c.sink, "SRXFDO");
	for (i = 0; i < 7; i++) {
		e[i] = contract_event("INBOX", (uint32_t)i + 1, 100);
		assert_int_equal(contract_submit(&c, &e[i]), i != 3);
	}
	while (c.ready == 0)
		contract_turn(&c);
	for (i = 0; i < 7; i++)
		assert_int_equal(e[i].answer, expected[i]);
	fake_sink_release(c.sink);
	assert_int_equal(e[4].answer, CONTRACT_STORED);
	contract_close(&c, 0);
	contract_end(&c);
	fake_sink_forget();
}

static void
test_lost(void **state)
{
	struct contract_event e = contract_event("INBOX", 1, 100);
	struct contract c;

	(void)state;
	contract_init(&c);
	assert_non_null(contract_open(&c, &fake_sink_ops, "{}"));
	fake_sink_script(c.sink, "D");
	assert_true(contract_submit(&c, &e));
	fake_sink_lose(c.sink);
	contract_wait_int(&c, &c.state, 0, 1000);
	assert_int_equal(e.answer, CONTRACT_RETRY);
	assert_false(contract_submit(&c, &e));
	fake_sink_regain(c.sink);
	contract_store(&c, &e, 1, 1000);
	contract_close(&c, 0);
	contract_end(&c);
	fake_sink_forget();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_script),
		cmocka_unit_test(test_lost),
	};

	return (sink_contract_run("fake", &far_side) +
	    cmocka_run_group_tests_name("fake sink", tests, NULL, NULL));
}
