/* Whose turn it is to log in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include <cmocka.h>

#include "bridge/config/config.h"
#include "bridge/fault.h"
#include "bridge/watch/doorman.h"
#include "bridge/watch/ladder.h"

#define MAILBOXES 4

struct mailbox {
	struct doorman_waiter turn;
	int admitted; /* how often */
	int refused;
	uint64_t ms;
	int leaves; /* when it is refused */
};

struct house {
	uv_loop_t loop;
	struct doorman *doorman;
	struct mailbox boxes[MAILBOXES];
};

static const struct config_retry soon = { 0, { 1 }, 1, 0 };
static const struct config_retry once = { 0, { 1 }, 1, 1 };

static void
on_admitted(void *arg)
{
	struct mailbox *m = arg;

	m->admitted++;
}

static void
on_refused(void *arg, const struct fault *f, uint64_t ms)
{
	struct mailbox *m = arg;

	assert_string_equal(f->text, "no");
	m->refused++;
	m->ms = ms;
	if (m->leaves)
		doorman_leave(&m->turn);
}

static void
begin(struct house *h, const struct config_retry *retry)
{
	size_t i;

	memset(h, 0, sizeof(*h));
	uv_loop_init(&h->loop);
	h->doorman = doorman_new(&h->loop, retry);
	for (i = 0; i < MAILBOXES; i++) {
		h->boxes[i].turn.admitted = on_admitted;
		h->boxes[i].turn.refused = on_refused;
		h->boxes[i].turn.arg = &h->boxes[i];
	}
}

static void
on_closed(void *arg)
{
	(void)arg;
}

static void
end(struct house *h)
{
	size_t i;

	for (i = 0; i < MAILBOXES; i++)
		doorman_leave(&h->boxes[i].turn);
	doorman_close(h->doorman, on_closed, NULL);
	uv_run(&h->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&h->loop), 0);
}

static int
enter(struct house *h, size_t i)
{
	return (doorman_enter(h->doorman, &h->boxes[i].turn));
}

static void
test_one_ahead_then_all(void **state)
{
	struct house h;

	(void)state;
	begin(&h, &soon);
	assert_int_equal(enter(&h, 0), 1);
	assert_int_equal(enter(&h, 1), 0);
	assert_int_equal(enter(&h, 2), 0);
	uv_run(&h.loop, UV_RUN_NOWAIT);
	assert_int_equal(h.boxes[1].admitted, 0);
	doorman_passed(&h.boxes[0].turn);
	uv_run(&h.loop, UV_RUN_DEFAULT);
	assert_int_equal(h.boxes[1].admitted, 1);
	assert_int_equal(h.boxes[2].admitted, 1);
	assert_int_equal(enter(&h, 3), 1);
	end(&h);
}

static void
test_next_when_the_first_leaves(void **state)
{
	struct house h;

	(void)state;
	begin(&h, &soon);
	assert_int_equal(enter(&h, 0), 1);
	assert_int_equal(enter(&h, 1), 0);
	assert_int_equal(enter(&h, 2), 0);
	/* One that waits goes away; the one ahead comes to nothing. */
	doorman_leave(&h.boxes[1].turn);
	doorman_leave(&h.boxes[0].turn);
	doorman_leave(&h.boxes[0].turn);
	uv_run(&h.loop, UV_RUN_DEFAULT);
	assert_int_equal(h.boxes[1].admitted, 0);
	assert_int_equal(h.boxes[2].admitted, 1);
	assert_int_equal(enter(&h, 3), 0);
	end(&h);
}

static void
test_refusal_is_everybodys(void **state)
{
	struct house h;
	struct fault f;
	uint64_t before;

	(void)state;
	fault_set(&f, FAULT_AUTH, "no");
	begin(&h, &soon);
	h.boxes[2].leaves = 1;
	assert_int_equal(enter(&h, 0), 1);
	assert_int_equal(enter(&h, 1), 0);
	assert_int_equal(enter(&h, 2), 0);
	doorman_refused(&h.boxes[0].turn, &f);
	assert_int_equal(h.boxes[0].refused, 1);
	assert_int_equal(h.boxes[1].refused, 1);
	assert_int_equal(h.boxes[2].refused, 1);
	assert_in_range(h.boxes[1].ms, 750, 1250);
	assert_int_equal(enter(&h, 3), 0);
	/* After the step one tries, the one that waited longest. */
	before = uv_now(&h.loop);
	uv_run(&h.loop, UV_RUN_DEFAULT);
	assert_true(uv_now(&h.loop) - before >= 700);
	assert_int_equal(h.boxes[1].admitted, 1);
	assert_int_equal(h.boxes[0].admitted + h.boxes[3].admitted, 0);
	end(&h);
}

static void
test_several_refused_are_one(void **state)
{
	struct house h;
	struct fault f;

	(void)state;
	fault_set(&f, FAULT_AUTH, "no");
	begin(&h, &soon);
	assert_int_equal(enter(&h, 0), 1);
	doorman_passed(&h.boxes[0].turn);
	assert_int_equal(enter(&h, 1), 1);
	assert_int_equal(enter(&h, 2), 1);
	assert_int_equal(enter(&h, 3), 1);
	doorman_refused(&h.boxes[1].turn, &f);
	doorman_refused(&h.boxes[2].turn, &f);
	assert_int_equal(h.boxes[1].refused, 1);
	assert_int_equal(h.boxes[2].refused, 1);
	assert_true(h.boxes[2].ms <= h.boxes[1].ms);
	/* A login that began before the refusal proves nothing. */
	doorman_passed(&h.boxes[3].turn);
	assert_int_equal(enter(&h, 3), 0);
	uv_run(&h.loop, UV_RUN_NOWAIT);
	assert_int_equal(h.boxes[1].admitted, 0);
	/* Somebody mended it. */
	doorman_hurry(h.doorman);
	uv_run(&h.loop, UV_RUN_DEFAULT);
	assert_int_equal(h.boxes[1].admitted, 1);
	assert_int_equal(h.boxes[2].admitted, 0);
	end(&h);
}

static void
test_given_up(void **state)
{
	struct house h;
	struct fault f;

	(void)state;
	fault_set(&f, FAULT_AUTH, "no");
	begin(&h, &once);
	assert_int_equal(enter(&h, 0), 1);
	assert_int_equal(enter(&h, 1), 0);
	doorman_refused(&h.boxes[0].turn, &f);
	uv_run(&h.loop, UV_RUN_DEFAULT);
	assert_int_equal(h.boxes[1].admitted, 1);
	doorman_refused(&h.boxes[1].turn, &f);
	assert_true(h.boxes[0].ms == LADDER_GIVE_UP);
	assert_true(h.boxes[1].ms == LADDER_GIVE_UP);
	assert_null(h.boxes[0].turn.doorman);
	end(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_ahead_then_all),
		cmocka_unit_test(test_next_when_the_first_leaves),
		cmocka_unit_test(test_refusal_is_everybodys),
		cmocka_unit_test(test_several_refused_are_one),
		cmocka_unit_test(test_given_up),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
