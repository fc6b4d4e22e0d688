/* The cases of the contract, and the far side that they are run against. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/envelope/event.h"
#include "sink_contract_bed.h"

static void
test_open_close(void **state)
{
	struct bed *b = bed_make();

	(void)state;
	bed_end(b);
}

static void
test_becomes_up(void **state)
{
	struct bed *b = bed_make();

	(void)state;
	contract_wait_int(&b->c, &b->c.state, 1, 15000);
	assert_int_equal(b->c.states, 1);
	bed_end(b);
}

static void
test_stores(void **state)
{
	struct contract_event *e = bed_events(100, 1, 3000);
	struct bed *b = bed_make();

	(void)state;
	contract_store(&b->c, e, 100, 20000);
	assert_int_equal(b->c.state, 1);
	bed_assert_there(b, e, 100);
	bed_end(b);
	free(e);
}

static void
test_sizes(void **state)
{
	static const size_t sizes[] = { 64, 4095, 65536, 700000 };
	struct contract_event e[4];
	struct bed *b = bed_make();
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		e[i] = contract_event("INBOX", (uint32_t)i + 1, sizes[i]);
	contract_store(&b->c, e, 4, 20000);
	bed_assert_there(b, e, 4);
	bed_end(b);
}

/* More than any sink holds: it must say full, and ready again. */
static void
test_full_and_ready(void **state)
{
	size_t i, n = bed_far->many != 0 ? bed_far->many : 12000;
	struct contract_event *e = bed_events(n, 1, 100);
	struct bed *b = bed_make();

	(void)state;
	contract_wait_int(&b->c, &b->c.state, 1, 15000);
	for (i = 0; i < n; i++) {
		if (!contract_submit(&b->c, &e[i]))
			break;
	}
	assert_true(i < n);
	contract_store(&b->c, e, n, 60000);
	assert_true(b->c.ready > 0);
	bed_assert_there(b, e, 20);
	bed_assert_there(b, e + n - 20, 20);
	bed_end(b);
	free(e);
}

static void
test_same_event_again(void **state)
{
	struct contract_event *e;
	struct bed *b;
	size_t i;

	(void)state;
	if (bed_far->marks) /* its host does not do that */
		skip();
	e = bed_events(9, 5, 500);
	b = bed_make();
	contract_store(&b->c, e, 9, 20000);
	for (i = 0; i < 9; i++)
		e[i].answer = CONTRACT_NEW;
	contract_store(&b->c, e, 9, 20000);
	bed_assert_there(b, e, 9);
	bed_end(b);
	free(e);
}

/* Each is answered before closed() is called, and what is said is true. */
static void
test_close_in_flight(void **state)
{
	struct contract_event *e = bed_events(300, 1, 2000);
	struct bed *b = bed_make();
	size_t i, n;

	(void)state;
	contract_wait_int(&b->c, &b->c.state, 1, 15000);
	for (n = 0; n < 300; n++) {
		if (!contract_submit(&b->c, &e[n]))
			break;
	}
	assert_true(n > 0);
	contract_close(&b->c, 0);
	for (i = 0; i < n; i++) {
		assert_true(e[i].answer == CONTRACT_STORED ||
		    e[i].answer == CONTRACT_RETRY);
	}
	bed_assert_there(b, e, n);
	bed_end(b);
	free(e);
}

static void
submit_more(struct contract *c, struct contract_event *e)
{
	struct contract_event *all = c->arg;
	size_t i = (size_t)(e - all) + 100;

	if (i < 400 && all[i].answer == CONTRACT_NEW && !c->full)
		(void)contract_submit(c, &all[i]);
}

static void
test_submit_from_answer(void **state)
{
	struct contract_event *e = bed_events(400, 1, 300);
	struct bed *b = bed_make();

	(void)state;
	b->c.on_answer = submit_more;
	b->c.arg = e;
	contract_store(&b->c, e, 100, 20000);
	contract_store(&b->c, e, 400, 20000);
	bed_assert_there(b, e, 400);
	bed_end(b);
	free(e);
}

static void
close_at_once(struct contract *c, struct contract_event *e)
{
	(void)e;
	c->on_answer = NULL;
	contract_begin_close(c);
}

static void
test_close_from_answer(void **state)
{
	struct contract_event *e = bed_events(50, 1, 300);
	struct bed *b = bed_make();
	size_t i;

	(void)state;
	contract_wait_int(&b->c, &b->c.state, 1, 15000);
	b->c.on_answer = close_at_once;
	for (i = 0; i < 50 && contract_submit(&b->c, &e[i]); i++)
		continue;
	assert_true(i > 0);
	contract_wait_int(&b->c, &b->c.closed, 1, 6000);
	for (i = 0; i < 50; i++)
		assert_true(e[i].answer != CONTRACT_TAKEN);
	bed_assert_there(b, e, 50);
	bed_end(b);
	free(e);
}

/* ... of the last event that the sink has. */
static void
test_close_from_last_answer(void **state)
{
	struct contract_event e = contract_event("INBOX", 1, 300);
	struct bed *b = bed_make();

	(void)state;
	contract_wait_int(&b->c, &b->c.state, 1, 15000);
	b->c.on_answer = close_at_once;
	assert_true(contract_submit(&b->c, &e));
	contract_wait_int(&b->c, &b->c.closed, 1, 6000);
	bed_assert_there(b, &e, 1);
	bed_end(b);
}

static void
close_by_state(struct contract *c)
{
	c->on_state = NULL;
	contract_begin_close(c);
}

static void
test_close_from_state(void **state)
{
	struct bed *b = bed_make();

	(void)state;
	b->c.on_state = close_by_state;
	contract_wait_int(&b->c, &b->c.closed, 1, 15000);
	bed_end(b);
}

/* The far side goes away with events under way, and comes back. */
static void
test_outage(void **state)
{
	struct contract_event *e;
	struct bed *b;
	size_t i;

	(void)state;
	if (bed_far->lose == NULL)
		skip();
	e = bed_events(600, 1, 1000);
	b = bed_make();
	contract_store(&b->c, e, 300, 20000);
	for (i = 300; i < 400; i++)
		(void)contract_submit(&b->c, &e[i]);
	bed_far->lose(b->far);
	/* Nobody need notice until something is sent. */
	while (b->c.state != 0 && i < 600) {
		if (!b->c.full)
			(void)contract_submit(&b->c, &e[i++]);
		contract_turn(&b->c);
	}
	contract_wait_int(&b->c, &b->c.state, 0, 30000);
	assert_true(strstr(b->c.why, "test") != NULL);
	bed_far->regain(b->far);
	contract_store(&b->c, e, 600, 60000);
	assert_int_equal(b->c.state, 1);
	bed_assert_there(b, e, 600);
	bed_end(b);
	free(e);
}

static void
close_when_lost(struct contract *c)
{
	if (c->state == 0)
		close_by_state(c);
}

static void
test_close_when_lost(void **state)
{
	struct contract_event *e;
	struct bed *b;
	size_t i = 0;

	(void)state;
	if (bed_far->lose == NULL)
		skip();
	e = bed_events(600, 1, 1000);
	b = bed_make();
	contract_wait_int(&b->c, &b->c.state, 1, 15000);
	b->c.on_state = close_when_lost;
	bed_far->lose(b->far);
	while (b->c.on_state != NULL && i < 600) {
		if (!b->c.full)
			(void)contract_submit(&b->c, &e[i++]);
		contract_turn(&b->c);
	}
	contract_wait_int(&b->c, &b->c.closed, 1, 30000);
	for (i = 0; i < 600; i++)
		assert_int_not_equal(e[i].answer, CONTRACT_TAKEN);
	bed_far->regain(b->far);
	bed_assert_there(b, e, 600);
	bed_end(b);
	free(e);
}

/* A sink that cannot reach anything is opened all the same, and closed in
 * time. */
static void
test_close_during_outage(void **state)
{
	struct contract_event *e;
	struct bed *b;
	size_t i;

	(void)state;
	if (bed_far->lose == NULL)
		skip();
	e = bed_events(10, 1, 1000);
	b = bed_make();
	bed_far->lose(b->far);
	for (i = 0; i < 10; i++)
		(void)contract_submit(&b->c, &e[i]);
	contract_turn(&b->c);
	contract_close(&b->c, 0);
	for (i = 0; i < 10; i++)
		assert_int_not_equal(e[i].answer, CONTRACT_TAKEN);
	bed_far->regain(b->far);
	bed_end(b);
	free(e);
}

static void
test_unknown_key(void **state)
{
	char config[2048 + 32];
	struct bed *b = bed_make();
	const char *mistake;

	(void)state;
	assert_null(contract_check(&b->c, bed_far->ops, b->config));
	(void)snprintf(config, sizeof(config), "{\"nonsense\": 1%s%s",
	    strlen(b->config) > 2 ? ", " : "", b->config + 1);
	mistake = contract_check(&b->c, bed_far->ops, config);
	assert_non_null(mistake);
	assert_non_null(strstr(mistake, "nonsense"));
	b->c.why[0] = '\0';
	bed_end(b);
}

int
sink_contract_run(const char *name, const struct sink_far *far)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_close),
		cmocka_unit_test(test_becomes_up),
		cmocka_unit_test(test_stores),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_full_and_ready),
		cmocka_unit_test(test_same_event_again),
		cmocka_unit_test(test_close_in_flight),
		cmocka_unit_test(test_submit_from_answer),
		cmocka_unit_test(test_close_from_answer),
		cmocka_unit_test(test_close_from_last_answer),
		cmocka_unit_test(test_close_from_state),
		cmocka_unit_test(test_outage),
		cmocka_unit_test(test_close_when_lost),
		cmocka_unit_test(test_close_during_outage),
		cmocka_unit_test(test_unknown_key),
	};

	bed_far = far;
	return (cmocka_run_group_tests_name(name, tests, NULL, NULL));
}
