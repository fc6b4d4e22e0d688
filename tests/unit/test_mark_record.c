#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sinks/mark_record.h"

static void
test_mark(void **state)
{
	struct sink_mark in = { .account = "a",
		.mailbox = "Büro/1",
		.uidvalidity = 4294967295,
		.uid = 4294967295,
		.above = "5:7,9",
		.below = "1:2,4",
		.epoch = 3,
		.since = "05-Jan-2026",
		.since_below = 7,
		.recent = "0:1:2:3:-:5:6:-" },
			 out;
	char *text = mark_record_write(&in);
	json_t *record;

	(void)state;
	assert_non_null(text);
	record = json_loads(text, 0, NULL);
	assert_int_equal(mark_record_read(record, &out), 0);
	assert_string_equal(out.account, "a");
	assert_string_equal(out.mailbox, "Büro/1");
	assert_true(out.uidvalidity == 4294967295 && out.uid == 4294967295);
	assert_string_equal(out.above, "5:7,9");
	assert_string_equal(out.below, "1:2,4");
	assert_true(out.epoch == 3 && out.since_below == 7);
	assert_string_equal(out.since, "05-Jan-2026");
	assert_string_equal(out.recent, "0:1:2:3:-:5:6:-");
	json_decref(record);
	free(text);
}

static void
test_no_marks(void **state)
{
	static const char *const texts[] = { "{}", "[]", "7",
		"{\"account\": \"a\", \"mailbox\": \"m\", \"uidValidity\": 0, "
		"\"uid\": 1, \"above\": \"\", \"epoch\": 0}",
		"{\"account\": \"a\", \"mailbox\": \"m\", \"uidValidity\": 1, "
		"\"uid\": 4294967296, \"above\": \"\", \"epoch\": 0}",
		"{\"account\": \"a\", \"mailbox\": \"m\", \"uidValidity\": 1, "
		"\"uid\": 1, \"above\": 5, \"epoch\": 0}",
		"{\"account\": \"a\", \"mailbox\": \"m\", \"uidValidity\": 1, "
		"\"uid\": 1, \"above\": \"\", \"epoch\": -1}" };
	struct sink_mark mark;
	json_t *record;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		record = json_loads(texts[i], JSON_DECODE_ANY, NULL);
		assert_non_null(record);
		assert_int_equal(mark_record_read(record, &mark), -1);
		json_decref(record);
	}
	assert_int_equal(mark_record_read(NULL, &mark), -1);
}

static void
test_owner(void **state)
{
	struct mark_owner in, other, out;
	json_t *record;
	char *text;

	(void)state;
	mark_owner_init(&in);
	mark_owner_init(&other);
	assert_string_not_equal(in.session, other.session);
	in.generation = 7;
	in.batch = 812;
	text = mark_owner_write(&in);
	assert_non_null(text);
	record = json_loads(text, 0, NULL);
	assert_int_equal(mark_owner_read(record, &out), 0);
	assert_string_equal(out.session, in.session);
	assert_string_equal(out.by, in.by);
	assert_true(out.generation == 7 && out.batch == 812);
	json_decref(record);
	free(text);
	assert_int_equal(mark_owner_read(NULL, &out), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mark),
		cmocka_unit_test(test_no_marks),
		cmocka_unit_test(test_owner),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
