/* The session: what it says to a server and what it tells its owner, line by
 * line, with the server's octets cut at every place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/message.h"
#include "dialogue.h"

#define MAIL "From: a\r\n\r\nm3 OK not the end\r\n"

static void
whole_dialogue(size_t step)
{
	struct dialogue d;

	dialogue_begin(&d, "Entw\xc3\xbcrfe \"x\"",
	    "* OK hi\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR ID\r\n"
	    "A001 OK done\r\n");
	d.idle = 1;
	dialogue_serve(&d, "m1 OK [CAPABILITY IMAP4rev1 ID IDLE] in\r\n", step);
	dialogue_serve(&d, "* ID NIL\r\nm2 BAD no\r\n", step);
	dialogue_serve(&d,
	    "* FLAGS (\\Seen)\r\n* 2 EXISTS\r\n* 0 RECENT\r\n"
	    "* OK [UIDVALIDITY 77] ok\r\n* OK [UIDNEXT 7] ok\r\n"
	    "* OK [ALERT] maintenance\r\nm3 OK [READ-ONLY] done\r\n",
	    step);
	dialogue_serve(
	    &d, "* SEARCH 5\r\n* SEARCH 6 9\r\nm4 OK done\r\n", step);
	dialogue_serve(&d,
	    "* 1 FETCH (UID 5 FLAGS (\\Recent \\Seen $X) INTERNALDATE "
	    "\"01-Jan-1970 00:00:05 +0000\" BODY[] {32}\r\n" MAIL
	    ")\r\n* 2 FETCH (FLAGS (\\Recent))\r\n"
	    "* 2 FETCH (BODY[] \"x\" UID 6)\r\nm5 OK done\r\n",
	    step);
	dialogue_serve(
	    &d, "* OK before\r\n+ idling\r\n* OK Still here\r\n", step);
	dialogue_serve(&d, "* 3 EXISTS\r\nm6 OK done\r\n", step);
	dialogue_serve(&d, "* BYE see you\r\nm7 OK done\r\n", step);
	dialogue_end(&d,
	    "m1 AUTHENTICATE PLAIN AG1lAHB3\r\n"
	    "m2 ID (\"name\" \"mailbridge\" \"version\" \"0.1.0\")\r\n"
	    "m3 EXAMINE \"Entw&APw-rfe \\\"x\\\"\"\r\n"
	    "m4 UID SEARCH UID 5:*\r\n"
	    "m5 UID FETCH 5:6 (UID FLAGS INTERNALDATE BODY.PEEK[])\r\n"
	    "m6 IDLE\r\nDONE\r\nm7 LOGOUT\r\n",
	    "alert maintenance\nselected 77 7 2 idle=1\n"
	    "found 5:5\nfound 6:6\nfound 9:9\nsearched\n"
	    "message 5 (\\Seen $X) 5 32/32\nmessage 6 () 0 1/1\nfetched ok=1\n"
	    "idling\nexists\nidle done ok=1\nclosed\n");
}

static void
test_whole_dialogue(void **state)
{
	size_t step;

	(void)state;
	for (step = 1; step < 220; step++)
		whole_dialogue(step);
}

static void
failure(const char *greeting, const char *served, const char *expected)
{
	struct dialogue d;

	dialogue_begin(&d, "INBOX", greeting);
	dialogue_serve(&d, served, 1);
	assert_string_equal(d.story.data, expected);
	dialogue_end(&d, d.sent.data, d.story.data);
}

static void
test_failures(void **state)
{
	const char *hi = "* OK [CAPABILITY IMAP4rev1] hi\r\n";

	(void)state;
	failure("* PREAUTH [CAPABILITY IMAP4rev1] hi\r\n", "",
	    "failed 1 the server greets with PREAUTH, which is refused: it "
	    "would be read without a login\n");
	failure(hi, "m1 NO [UNAVAILABLE] later\r\n",
	    "failed 1 LOGIN: NO [UNAVAILABLE] later\n");
	failure(hi, "* BYE too many\r\n",
	    "failed 1 greeting or login: BYE too many\n");
	failure(hi,
	    "m1 OK [CAPABILITY IMAP4] in\r\nm2 NO [NONEXISTENT] none\x07\r\n",
	    "failed 1 EXAMINE INBOX: NO [NONEXISTENT] none?\n");
	failure(hi,
	    "m1 OK [CAPABILITY IMAP4] in\r\n* OK [UIDVALIDITY 3] x\r\n"
	    "m2 OK x\r\n* OK [UIDVALIDITY 4] x\r\n",
	    "selected 3 0 0 idle=0\n"
	    "failed 1 UIDVALIDITY changed while the mailbox was open\n");
}

static void
test_deadlines(void **state)
{
	struct dialogue d;

	(void)state;
	dialogue_begin(&d, "INBOX", "* OK [CAPABILITY IMAP4rev1] hi\r\n");
	assert_int_equal(session_deadline(d.session), 6000);
	session_tick(d.session, 5999);
	dialogue_pump(&d);
	/* While we do not read, the server's silence proves nothing. */
	session_pause(d.session, 1, 5999);
	session_tick(d.session, 7000);
	session_pause(d.session, 0, 8000);
	assert_int_equal(session_deadline(d.session), 9000);
	session_tick(d.session, 9000);
	dialogue_pump(&d);
	dialogue_end(&d, "m1 LOGIN \"me\" \"pw\"\r\n",
	    "failed 1 login: no answer from the server within 1 s\n");
}

static void
test_body_waits(void **state)
{
	struct dialogue d;
	struct session_event ev;
	const char *part = "* 1 FETCH (UID 5 BODY[] {3}\r\nabc)\r\nm4 OK x\r\n";
	char *lent;

	(void)state;
	dialogue_begin(&d, "INBOX", "* OK [CAPABILITY IMAP4rev1] hi\r\n");
	dialogue_serve(&d,
	    "m1 OK [CAPABILITY IMAP4] in\r\n* OK [UIDVALIDITY 3] x\r\n"
	    "m2 OK x\r\nm3 OK x\r\n",
	    7);
	lent = strdup(part);
	session_feed(d.session, lent, strlen(part), d.now);
	assert_true(session_next(d.session, &ev));
	assert_int_equal(ev.kind, SESSION_BODY);
	assert_int_equal(ev.size, 3);
	/* Nothing more until there is a place for it; the rest is kept. */
	assert_false(session_next(d.session, &ev));
	memset(lent, 'X', strlen(part));
	free(lent);
	assert_false(session_next(d.session, &ev));
	session_body(d.session, malloc(3), 3);
	assert_true(session_next(d.session, &ev));
	assert_int_equal(ev.kind, SESSION_MESSAGE);
	assert_memory_equal(ev.message->raw, "abc", 3);
	message_free(ev.message);
	assert_true(session_next(d.session, &ev));
	assert_int_equal(ev.kind, SESSION_FETCHED);
	assert_true(ev.ok);
	dialogue_end(&d, d.sent.data, d.story.data);
}

/* Date, size and Message-ID, without the mails themselves. */
static void
test_look(void **state)
{
	static const char answers[] =
	    "* 1 FETCH (UID 5 INTERNALDATE \"01-Jun-2026 10:00:00 +0000\" "
	    "RFC822.SIZE 700 BODY[HEADER.FIELDS (MESSAGE-ID)] {21}\r\n"
	    "Message-ID: <a@b>\r\n\r\n)\r\n"
	    "* 2 FETCH (FLAGS (\\Seen))\r\n" /* nobody asked */
	    "* 3 FETCH (UID 6 RFC822.SIZE 8 BODY[HEADER.FIELDS (MESSAGE-ID)] "
	    "NIL)\r\n"
	    "* 4 FETCH (UID 7 RFC822.SIZE 9 BODY[HEADER.FIELDS (MESSAGE-ID)] "
	    "{0}\r\n)\r\nm4 OK x\r\n";
	struct session_event ev;
	struct dialogue d;
	uint32_t uid;

	(void)state;
	dialogue_begin(&d, "INBOX", "* OK [CAPABILITY IMAP4rev1] hi\r\n");
	dialogue_serve(&d,
	    "m1 OK [CAPABILITY IMAP4] in\r\n* OK [UIDVALIDITY 3] x\r\n"
	    "m2 OK x\r\n",
	    7);
	session_feed(d.session, "m3 OK x\r\n", 9, d.now);
	assert_true(session_next(d.session, &ev));
	assert_int_equal(ev.kind, SESSION_SEARCHED);
	assert_false(session_next(d.session, &ev));
	session_fetch(d.session, "5:7", FETCH_LOOK, 0, d.now);
	session_feed(d.session, answers, strlen(answers), d.now);
	for (uid = 5; uid <= 7; uid++) {
		assert_true(session_next(d.session, &ev));
		assert_int_equal(ev.kind, SESSION_GLANCE);
		assert_int_equal(ev.message->uid, uid);
		assert_int_equal(ev.message->uidvalidity, 3);
		assert_int_equal(ev.message->has_internaldate, uid == 5);
		assert_int_equal(ev.message->size, uid == 5 ? 700 : uid + 2);
		if (uid == 5)
			assert_memory_equal(ev.message->raw,
			    "Message-ID: <a@b>\r\n\r\n", ev.message->raw_len);
		assert_int_equal(ev.message->raw_len, uid == 5 ? 21 : 0);
		message_free(ev.message);
	}
	assert_true(session_next(d.session, &ev));
	assert_int_equal(ev.kind, SESSION_FETCHED);
	buf_clear(&d.sent);
	buf_clear(&d.story);
	dialogue_end(&d, d.sent.data, d.story.data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_dialogue),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_deadlines),
		cmocka_unit_test(test_body_waits),
		cmocka_unit_test(test_look),
	};

	return (cmocka_run_group_tests_name("session", tests, NULL, NULL));
}
