/* A message whose connection died: its start is kept, its rest is asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/buf.h"
#include "bridge/fault.h"
#include "bridge/imap/session.h"
#include "bridge/message.h"
#include "bridge/publish/budget.h"
#include "bridge/store/checkpoint.h"
#include "bridge/watch/catchup.h"
#include "catchup_jobs.h"

#define SIZE 300

static char mail[SIZE + 1];

/* One connection after the other. */
struct play {
	struct session *session;
	char *start; /* what was kept */
	uint64_t have;
	uint64_t origin; /* of the last SESSION_BODY */
	int bodies, ended;
	struct message *message;
};

static void
on_event(struct play *p, const struct session_event *ev)
{
	switch (ev->kind) {
	case SESSION_LOGIN:
		session_login(p->session, "u", "p", 0);
		break;
	case SESSION_BODY:
		p->bodies++;
		p->origin = ev->origin;
		if (ev->origin == 0) {
			free(p->start);
			p->start = malloc(SIZE + 1);
		}
		session_body(p->session, p->start, SIZE);
		p->start = NULL;
		break;
	case SESSION_MESSAGE:
		message_free(p->message);
		p->message = ev->message;
		break;
	case SESSION_FETCHED:
		p->ended = 1;
		break;
	case SESSION_FAILED:
		fail_msg("%s", ev->fault->text);
		break;
	default:
		break;
	}
}

static void
serve(struct play *p, const char *data, size_t len)
{
	struct session_event ev;

	session_feed(p->session, data, len, 0);
	while (session_next(p->session, &ev))
		on_event(p, &ev);
}

static void
say(struct play *p, const char *text)
{
	serve(p, text, strlen(text));
}

/* A new connection, with the mailbox open. */
static void
dial(struct play *p)
{
	struct session_config config = { .mailbox = "INBOX",
		.command_ms = 1000 };

	session_free(p->session);
	p->session = session_new(&config, 0);
	say(p, "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hi\r\n");
	session_greeted(p->session, 0);
	say(p, "");
	say(p, "m1 OK [CAPABILITY IMAP4rev1] in\r\n");
	say(p, "* OK [UIDVALIDITY 7] it\r\nm2 OK done\r\n");
	assert_true(session_can_fetch(p->session));
	buf_clear(session_output(p->session));
	p->ended = p->bodies = 0;
}

/* It dies before the octet ${cut} of the message. */
static void
cut(struct play *p, size_t at)
{
	dial(p);
	session_fetch(p->session, "5", FETCH_WHOLE, 0, 0);
	say(p, "* 1 FETCH (UID 5 BODY[] {300}\r\n");
	serve(p, mail, at);
	p->have = 0;
	p->start = session_body_take(p->session, &p->have);
}

static void
ask_rest(struct play *p, uint64_t told)
{
	dial(p);
	session_fetch_rest(p->session, 5, p->have, SIZE, told, 0);
}

static void
expect_mail(struct play *p)
{
	assert_non_null(p->message);
	assert_int_equal(p->message->uid, 5);
	assert_int_equal(p->message->size, SIZE);
	assert_int_equal(p->message->raw_len, SIZE);
	assert_memory_equal(p->message->raw, mail, SIZE);
	message_free(p->message);
	p->message = NULL;
}

static int
setup(void **state)
{
	int i;

	for (i = 0; i < SIZE; i++)
		mail[i] = (char)('a' + i % 23);
	*state = calloc(1, sizeof(struct play));
	return (0);
}

static int
teardown(void **state)
{
	struct play *p = *state;

	session_free(p->session);
	message_free(p->message);
	free(p->start);
	free(p);
	return (0);
}

static void
test_cut_at_each_octet(void **state)
{
	struct play *p = *state;
	char head[120], asked[80];
	size_t at;

	for (at = 0; at < SIZE; at++) {
		cut(p, at);
		assert_non_null(p->start);
		assert_int_equal(p->have, at);
		if (at == 0) {
			free(p->start);
			p->start = NULL;
			continue;
		}
		ask_rest(p, SIZE);
		(void)snprintf(asked, sizeof(asked),
		    "RFC822.SIZE BODY.PEEK[]<%zu.%zu>)\r\n", at, SIZE - at);
		assert_non_null(
		    strstr(session_output(p->session)->data, asked));
		(void)snprintf(head, sizeof(head),
		    "* 1 FETCH (UID 5 FLAGS () RFC822.SIZE 300 BODY[]<%zu> "
		    "{%zu}\r\n",
		    at, SIZE - at);
		say(p, head);
		assert_int_equal(p->origin, at);
		serve(p, mail + at, SIZE - at);
		say(p, ")\r\nm3 OK done\r\n");
		assert_true(p->ended);
		expect_mail(p);
	}
}

/* Each connection gives a third. */
static void
test_cut_twice(void **state)
{
	struct play *p = *state;

	cut(p, 100);
	ask_rest(p, 0);
	say(p, "* 1 FETCH (UID 5 BODY[]<100> {200}\r\n");
	serve(p, mail + 100, 100);
	p->start = session_body_take(p->session, &p->have);
	assert_non_null(p->start);
	assert_int_equal(p->have, 200);
	ask_rest(p, 0);
	say(p, "* 1 FETCH (BODY[]<200.100> {100}\r\n");
	serve(p, mail + 200, 100);
	say(p, " UID 5)\r\nm3 OK done\r\n");
	expect_mail(p);
}

/* A server that gives the whole, whatever it is asked for. */
static void
test_begins_anew(void **state)
{
	struct play *p = *state;

	cut(p, 100);
	memset(p->start, 'x', 100);
	ask_rest(p, SIZE);
	say(p, "* 1 FETCH (UID 5 BODY[] {300}\r\n");
	assert_int_equal(p->origin, 0);
	serve(p, mail, SIZE);
	say(p, ")\r\nm3 OK done\r\n");
	expect_mail(p);
}

/* What is not the rest of it is none. */
static void
test_other_octets(void **state)
{
	static const char *const answers[] = {
		"* 1 FETCH (UID 5 BODY[]<99> {3}\r\nabc)\r\n",
		"* 1 FETCH (UID 5 BODY[]<100> {3}\r\nabc)\r\n",
		"* 1 FETCH (UID 6 BODY[]<100> {200}\r\n%)\r\n",
		"* 1 FETCH (BODY[]<100> {200}\r\n% UID 6)\r\n",
		"* 1 FETCH (UID 5 RFC822.SIZE 301 BODY[]<100> {200}\r\n%)\r\n",
		"* 1 FETCH (UID 5 BODY[]<100> {200}\r\n% RFC822.SIZE 299)\r\n",
		"* 1 FETCH (UID 5 BODY[]<100> \"abc\")\r\n",
		"* 1 FETCH (UID 5 BODY[TEXT]<100> {200}\r\n%)\r\n",
		"* 1 FETCH (UID 5 BODY[]<18446744073709551716> {200}\r\n%)\r\n",
		"* 1 FETCH (UID 5 BODY[]<100> NIL)\r\n",
		"",
	};
	struct play *p = *state;
	const char *hole;
	size_t i;

	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		cut(p, 100);
		ask_rest(p, SIZE);
		hole = strchr(answers[i], '%');
		if (hole != NULL) {
			serve(p, answers[i], (size_t)(hole - answers[i]));
			serve(p, mail + 100, 200);
			say(p, hole + 1);
		} else
			say(p, answers[i]);
		say(p, "m3 OK done\r\n");
		assert_true(p->ended);
		assert_null(p->message);
		free(p->start);
		p->start = NULL;
	}
}

/* The memory was wanted: what comes is thrown away. */
static void
test_not_taken(void **state)
{
	struct play *p = *state;

	cut(p, 100);
	free(p->start);
	p->start = NULL;
	ask_rest(p, SIZE);
	say(p, "* 1 FETCH (UID 5 BODY[]<100> {200}\r\n");
	serve(p, mail + 100, 200);
	say(p, ")\r\nm3 OK done\r\n");
	assert_true(p->ended);
	assert_null(p->message);
}

static void
test_catchup(void **state)
{
	struct checkpoint from = { .uid = 4 };
	struct catchup *c = catchup_new(&from);
	struct catchup_next next;

	(void)state;
	search(c, "UID 5:*", 5, 7, &complete);
	assert_string_equal(next_job(c, 0).text, "5:7");
	assert_int_equal(catchup_rest(c, 5, 0), 0);
	catchup_disconnected(c, 0, 0);
	search(c, "UID 5:*", 5, 7, &complete);
	next = next_job(c, 0);
	assert_int_equal(next.form, FETCH_REST);
	assert_string_equal(next.text, "5");
	assert_int_equal(catchup_only(c), 5);
	/* In vain, again and again: in the end in other forms. */
	catchup_disconnected(c, 1, 0);
	search(c, "UID 5:*", 5, 7, &complete);
	assert_int_equal(next_job(c, 0).form, FETCH_REST);
	catchup_disconnected(c, 1, 0);
	search(c, "UID 5:*", 5, 7, &complete);
	assert_int_equal(next_job(c, 0).form, FETCH_PLAIN);
	catchup_disconnected(c, 0, 0);
	/* More of it: it begins again. */
	(void)catchup_rest(c, 5, 1);
	search(c, "UID 5:*", 5, 7, &complete);
	assert_int_equal(next_job(c, 0).form, FETCH_REST);
	catchup_disconnected(c, 0, 0);
	catchup_no_rest(c, 5);
	search(c, "UID 5:*", 5, 7, &complete);
	next = next_job(c, 0);
	assert_int_equal(next.form, FETCH_WHOLE);
	assert_string_equal(next.text, "5:7");
	catchup_free(c);
}

static void
on_drop(void *arg)
{
	(*(int *)arg)++;
}

static void
test_spare_memory(void **state)
{
	int dropped = 0;
	struct budget_spare a = { .drop = on_drop, .arg = &dropped }, b = a;
	struct budget_waiter w = { .granted = on_drop, .arg = &dropped };
	struct budget budget;

	(void)state;
	budget_init(&budget, 100);
	assert_true(budget_take(&budget, 20, &w));
	assert_false(budget_spare(&budget, 81, &a));
	assert_true(budget_spare(&budget, 80, &a));
	assert_false(budget_spare(&budget, 1, &b));
	/* Nobody waits because of it, or thinks that there is no more. */
	assert_false(budget_full(&budget));
	assert_true(budget_take(&budget, 1, &w));
	assert_int_equal(dropped, 1);
	assert_false(a.kept);
	assert_true(budget_spare(&budget, 10, &a));
	assert_true(budget_spare(&budget, 60, &b));
	budget_unspare(&budget, &a);
	budget_unspare(&budget, &a);
	budget_force(&budget, 20);
	assert_int_equal(dropped, 2);
	assert_false(b.kept);
	/* Nor is anything kept while others wait. */
	assert_false(budget_take(&budget, 90, &w));
	assert_false(budget_spare(&budget, 1, &a));
	budget_give(&budget, 41);
	assert_int_equal(dropped, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_cut_at_each_octet, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_cut_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_begins_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_other_octets, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_not_taken, setup, teardown),
		cmocka_unit_test(test_catchup),
		cmocka_unit_test(test_spare_memory),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
