/* A dead letter below the state directory tells all that its message knew. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "bridge/envelope/notice.h"
#include "bridge/fault.h"
#include "bridge/message.h"
#include "bridge/publish/letter.h"
#include "bridge/reset.h"
#include "tests/unit/scratch.h"

static void
test_round_trip(void **state)
{
	struct message *m = message_new(), *back;
	struct letter *letters;
	struct fault f;
	size_t n;
	int fd = open(".", O_RDONLY | O_DIRECTORY);

	(void)state;
	*m = (struct message){ .account = "a",
		.mailbox = "b/\xc3\xa4",
		.uidvalidity = 3,
		.uid = 4,
		.has_internaldate = 1,
		.internaldate = 5,
		.flags = strdup("\\Seen $X"),
		.raw = strdup("Subject: x"),
		.raw_len = 10,
		.size = 12,
		.incomplete = 1,
		.joined = 1,
		.placeholder = 1,
		.email_id = strdup("M1"),
		.thread_id = strdup("T1"),
		.has_savedate = 1,
		.savedate = 6,
		.gm_msgid = UINT64_MAX,
		.gm_thrid = 7,
		.gm_labels = strdup("\\Inbox\n\"x\"\n") };
	assert_int_equal(letter_write(fd, m, "sink", "why", &f), 0);
	assert_non_null(letters = letter_list(fd, NULL, NULL, -1, &n, &f));
	assert_int_equal(n, 1);
	assert_non_null(back = letter_read(fd, letters, &f));
	assert_string_equal(back->mailbox, m->mailbox);
	assert_int_equal(back->uidvalidity, 3);
	assert_int_equal(back->uid, 4);
	assert_int_equal(back->internaldate, 5);
	assert_string_equal(back->flags, m->flags);
	assert_int_equal(back->raw_len, 10);
	assert_memory_equal(back->raw, m->raw, 10);
	assert_int_equal(back->size, 12);
	assert_true(back->incomplete && back->joined && back->placeholder);
	assert_string_equal(back->email_id, "M1");
	assert_string_equal(back->thread_id, "T1");
	assert_true(back->has_savedate && back->savedate == 6);
	assert_true(back->gm_msgid == UINT64_MAX && back->gm_thrid == 7);
	assert_string_equal(back->gm_labels, m->gm_labels);
	message_free(back);
	message_free(m);
	letter_list_free(letters, n);
	close(fd);
}

/* The notice of a reset, with all that it said. */
static void
test_reset(void **state)
{
	struct message *m = message_new(), *back;
	struct reset *r = calloc(1, sizeof(*r));
	struct letter *letters;
	struct fault f;
	size_t n;
	int fd = open(".", O_RDONLY | O_DIRECTORY);

	(void)state;
	*r = (struct reset){ .epoch = 2,
		.at = 1800000000,
		.cause = RESET_UIDNEXT,
		.policy = "match",
		.old_uidvalidity = 3,
		.uidvalidity = 3,
		.old_uid = 9,
		.uid = 4,
		.uidnext = 6,
		.exists = 5,
		.matched = 3,
		.passed = 1,
		.published = 1 };
	*m = (struct message){ .account = "a",
		.mailbox = "b",
		.uidvalidity = 3,
		.has_internaldate = 1,
		.internaldate = r->at,
		.reset = r };
	assert_int_equal(notice_text(m), 0);
	assert_int_equal(letter_write(fd, m, "sink", "why", &f), 0);
	assert_non_null(letters = letter_list(fd, "a", "b", 0, &n, &f));
	assert_int_equal(letters[0].reset, 2);
	assert_non_null(back = letter_read(fd, letters, &f));
	assert_memory_equal(back->reset, r, sizeof(*r));
	assert_null(letter_list(fd, "a", "b", 4, &n, &f));
	message_free(back);
	/* A damaged one is told. */
	scratch_text("dead-letter/a/b/3-reset-2@sink.eml", "{");
	assert_null(letter_read(fd, letters, &f));
	assert_int_equal(f.kind, FAULT_DATA);
	message_free(m);
	letter_list_free(letters, 1);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_round_trip, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(
		    test_reset, scratch_setup, scratch_teardown),
	};

	return (cmocka_run_group_tests_name("letters", tests, NULL, NULL));
}
