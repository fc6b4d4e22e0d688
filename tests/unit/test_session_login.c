/* The ways to log in: what is said to a server, and what is made of its
 * refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "dialogue.h"

static void
test_login_ways(void **state)
{
	struct dialogue d;

	(void)state;
	/* No SASL-IR: the answer comes after the prompt. */
	dialogue_begin(
	    &d, "INBOX", "* OK [CAPABILITY IMAP4 AUTH=PLAIN] hi\r\n");
	dialogue_serve(&d, "+ \r\nm1 NO [AUTHENTICATIONFAILED] wrong\r\n", 1);
	dialogue_end(&d, "m1 AUTHENTICATE PLAIN\r\nAG1lAHB3\r\n",
	    "failed 2 AUTHENTICATE PLAIN: NO [AUTHENTICATIONFAILED] wrong (the "
	    "server refuses user or password: check `user` and "
	    "`auth.password`)\n");

	/* Two prompts; a third one is cancelled. */
	dialogue_begin(
	    &d, "INBOX", "* OK [CAPABILITY AUTH=LOGIN LOGINDISABLED] hi\r\n");
	dialogue_serve(&d, "+ VXNlcg==\r\n+ UGFzcw==\r\n+ what\r\n", 3);
	dialogue_end(&d, "m1 AUTHENTICATE LOGIN\r\nbWU=\r\ncHc=\r\n*\r\n", "");

	/* LOGIN, quoted. */
	dialogue_begin(&d, "INBOX", "* OK [CAPABILITY IMAP4rev1] hi\r\n");
	dialogue_end(&d, "m1 LOGIN \"me\" \"pw\"\r\n", "");

	/* Capabilities nobody told are asked for. */
	dialogue_begin(&d, "INBOX", "* OK hi\r\n");
	dialogue_serve(&d, "* CAPABILITY LOGINDISABLED\r\nm1 OK x\r\n", 2);
	assert_string_equal(d.sent.data, "m1 CAPABILITY\r\n");
	assert_non_null(strstr(d.story.data, "failed 2 the server offers no"));
	dialogue_end(&d, d.sent.data, d.story.data);
}

#define XOAUTH2 "dXNlcj1tZQFhdXRoPUJlYXJlciB0b2sBAQ=="
#define OAUTHBEARER "bixhPW1lLAFhdXRoPUJlYXJlciB0b2sBAQ=="
#define REFUSED                                                            \
	" (the server refuses the token: is it for this `user`, with the " \
	"scope for IMAP?  `mailbridge check` tells more)\n"

static void
test_login_token(void **state)
{
	struct dialogue d;

	(void)state;
	/* The first answer goes with the command; the error is answered by an
	 * empty line, and told. */
	dialogue_begin_as(&d, "INBOX",
	    "* OK [CAPABILITY IMAP4 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR] hi\r\n",
	    "tok");
	dialogue_serve(&d,
	    "+ eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiQmVh"
	    "cmVyIiwic2NvcGUiOiJodHRwczovL21haWwuZ29vZ2xlLmNvbS8ifQ==\r\n"
	    "m1 NO [AUTHENTICATIONFAILED] bad\r\n",
	    1);
	dialogue_end(&d, "m1 AUTHENTICATE XOAUTH2 " XOAUTH2 "\r\n\r\n",
	    "failed 2 AUTHENTICATE XOAUTH2: NO [AUTHENTICATIONFAILED] bad "
	    "[status 401, scope https://mail.google.com/]" REFUSED);

	/* OAUTHBEARER is preferred; its error is answered by ^A. */
	dialogue_begin_as(&d, "INBOX",
	    "* OK [CAPABILITY IMAP4 AUTH=XOAUTH2 AUTH=OAUTHBEARER] hi\r\n",
	    "tok");
	dialogue_serve(
	    &d, "+ \r\n+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=\r\n", 7);
	dialogue_serve(&d, "m1 NO no\r\n", 7);
	dialogue_end(&d,
	    "m1 AUTHENTICATE OAUTHBEARER\r\n" OAUTHBEARER "\r\nAQ==\r\n",
	    "failed 2 AUTHENTICATE OAUTHBEARER: NO no [status "
	    "invalid_token]" REFUSED);

	/* A second error is one too many; and a busy server is only busy. */
	dialogue_begin_as(&d, "INBOX",
	    "* OK [CAPABILITY AUTH=OAUTHBEARER SASL-IR] hi\r\n", "tok");
	dialogue_serve(&d, "+ eA==\r\n+ eA==\r\nm1 NO [UNAVAILABLE] x\r\n", 2);
	dialogue_end(&d,
	    "m1 AUTHENTICATE OAUTHBEARER " OAUTHBEARER "\r\nAQ==\r\n*\r\n",
	    "failed 1 AUTHENTICATE OAUTHBEARER: NO [UNAVAILABLE] x\n");

	/* A token never goes where only passwords are taken. */
	dialogue_begin_as(
	    &d, "INBOX", "* OK [CAPABILITY AUTH=PLAIN] hi\r\n", "tok");
	assert_non_null(strstr(d.story.data, "neither AUTH=OAUTHBEARER"));
	dialogue_end(&d, "", d.story.data);
}

static void
test_token_without_mailbox(void **state)
{
	struct dialogue d;

	(void)state;
	dialogue_begin_as(&d, "INBOX",
	    "* OK [CAPABILITY AUTH=XOAUTH2 SASL-IR ID] hi\r\n", "tok");
	dialogue_serve(&d,
	    "m1 OK [CAPABILITY IMAP4 ID] AUTHENTICATE completed.\r\n"
	    "m2 BAD User is authenticated but not connected.\r\n"
	    "m3 BAD User is authenticated but not connected.\r\n",
	    1);
	assert_non_null(strstr(d.story.data, "failed 2 EXAMINE INBOX: BAD"));
	assert_non_null(strstr(d.story.data, "FullAccess"));
	dialogue_end(&d, d.sent.data, d.story.data);
}

static void
test_login_literals(void **state)
{
	struct session_config config = { .mailbox = "INBOX",
		.command_ms = 1000 };
	const char *greeting = "* OK [CAPABILITY IMAP4rev1] hi\r\n";
	struct session_event ev;
	struct session *s;
	struct buf *out;

	(void)state;
	s = session_new(&config, 0);
	session_feed(s, greeting, strlen(greeting), 0);
	session_greeted(s, 0);
	assert_true(session_next(s, &ev));
	session_login(s, "m\xc3\xbc", "p\r\n\"", 0);
	out = session_output(s);
	assert_string_equal(out->data, "m1 LOGIN {3}\r\n");
	buf_clear(out);
	session_feed(s, "+ go\r\n", 6, 0);
	assert_false(session_next(s, &ev));
	assert_string_equal(out->data, "m\xc3\xbc {4}\r\n");
	buf_clear(out);
	session_feed(s, "+ go\r\n", 6, 0);
	assert_false(session_next(s, &ev));
	assert_string_equal(out->data, "p\r\n\"\r\n");
	session_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_login_ways),
		cmocka_unit_test(test_login_token),
		cmocka_unit_test(test_token_without_mailbox),
		cmocka_unit_test(test_login_literals),
	};

	return (
	    cmocka_run_group_tests_name("session: login", tests, NULL, NULL));
}
