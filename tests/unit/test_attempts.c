/* Messages noted while they are converted: what a process that ended leaves is
 * counted by the next, tried alone, and acquitted or given up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "bridge/fault.h"
#include "bridge/limits.h"
#include "bridge/message.h"
#include "bridge/ops/log.h"
#include "bridge/publish/attempts.h"
#include "scratch.h"

static uv_loop_t loop;

static struct attempts *
begin(void)
{
	struct attempts *a;
	struct fault f;

	assert_non_null(a = attempts_open(&loop, ".", &f));
	return (a);
}

static void
end(struct attempts *a)
{
	attempts_close(a);
	uv_run(&loop, UV_RUN_DEFAULT);
}

static struct message
message(uint32_t uid)
{
	return ((struct message){ .account = "a b",
	    .mailbox = "Orders/2026",
	    .uidvalidity = 7,
	    .uid = uid });
}

static enum attempts_verdict
judge(struct attempts *a, uint32_t uid)
{
	struct message m = message(uid);
	char reason[100] = "";
	enum attempts_verdict v;

	v = attempts_judge(a, &m, reason, sizeof(reason));
	assert_int_equal(reason[0] != '\0', v == ATTEMPTS_GIVE_UP);
	return (v);
}

/* A process that ends while it converts the message. */
static void
crash(uint32_t uid)
{
	struct attempts *a = begin();
	struct message m = message(uid);

	assert_non_null(attempts_begin(a, &m));
	end(a);
}

static void
what_is_left_is_counted_and_given_up(void **state)
{
	struct attempts *a;
	struct message m = message(1);
	int i;

	(void)state;
	for (i = 1; i < LIMIT_CONVERT_CRASHES; i++) {
		crash(1);
		a = begin();
		assert_int_equal(judge(a, 1), ATTEMPTS_ALONE);
		assert_int_equal(judge(a, 2), ATTEMPTS_FREE);
		attempts_end(attempts_begin(a, &m)); /* leaves nothing */
		end(a);
	}
	crash(1);
	crash(2);
	for (i = 0; i < 2; i++) {
		a = begin();
		assert_int_equal(judge(a, 1), ATTEMPTS_GIVE_UP);
		assert_int_equal(judge(a, 2), ATTEMPTS_ALONE);
		end(a);
	}
}

static void
the_innocent_is_acquitted(void **state)
{
	struct message m = message(2);
	struct attempts *a;

	(void)state;
	crash(1);
	crash(2);
	a = begin();
	attempts_acquit(a, &m);
	assert_int_equal(judge(a, 2), ATTEMPTS_FREE);
	end(a);
	a = begin();
	assert_int_equal(judge(a, 1), ATTEMPTS_ALONE);
	assert_int_equal(judge(a, 2), ATTEMPTS_FREE);
	end(a);
}

static void
garbage_is_nobody(void **state)
{
	struct attempts *a;

	(void)state;
	scratch_text("suspects",
	    "crashed\ncrashed x y\n\novercome 1 y\ncrashed 1 \n"
	    "crashed 2 a%20b/Orders%2F2026/7-0000000001\ncra");
	scratch_text("converting", "something else");
	a = begin();
	assert_int_equal(judge(a, 1), ATTEMPTS_ALONE);
	end(a);
	crash(1);
	a = begin();
	assert_int_equal(judge(a, 1), ATTEMPTS_GIVE_UP);
	end(a);
}

/* Turns: each asks for one, alone or not, when it is resumed. */

struct asker {
	struct attempts *attempts;
	struct attempts_turn turn;
	int alone, got;
};

static void
on_resume(void *arg)
{
	struct asker *k = arg;

	k->got = attempts_enter(k->attempts, &k->turn, k->alone);
}

static void
one_is_alone(void **state)
{
	struct attempts *a = begin();
	struct asker k[4];
	int i;

	(void)state;
	for (i = 0; i < 4; i++)
		k[i] = (struct asker){ .attempts = a,
			.turn = { .resume = on_resume, .arg = &k[i] },
			.alone = i >= 2 };
	on_resume(&k[0]);
	on_resume(&k[1]);
	on_resume(&k[2]); /* alone: waits for both */
	on_resume(&k[3]);
	attempts_leave(a);
	k[0].got = 0;
	on_resume(&k[0]); /* after those who want to be alone */
	assert_int_equal(k[0].got + k[2].got + k[3].got, 0);
	attempts_leave(a);
	assert_int_equal(k[2].got + k[3].got, 1);
	assert_int_equal(k[0].got, 0);
	attempts_leave(a);
	assert_int_equal(k[2].got + k[3].got, 2);
	assert_int_equal(k[0].got, 0);
	attempts_leave(a);
	assert_int_equal(k[0].got, 1);
	on_resume(&k[1]);
	assert_int_equal(k[1].got, 1);
	on_resume(&k[2]);
	attempts_cancel(a, &k[2].turn);
	k[2].got = 0;
	attempts_leave(a);
	attempts_leave(a);
	assert_int_equal(k[2].got, 0);
	end(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    what_is_left_is_counted_and_given_up, scratch_setup,
		    scratch_teardown),
		cmocka_unit_test_setup_teardown(
		    the_innocent_is_acquitted, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(
		    garbage_is_nobody, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(
		    one_is_alone, scratch_setup, scratch_teardown),
	};
	int rc;

	log_setup(LOG_ERROR, LOG_TEXT);
	uv_loop_init(&loop);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	uv_loop_close(&loop);
	return (rc);
}
