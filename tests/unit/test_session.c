/* The session: what it says to a server and what it tells its owner, line by
 * line, with the server's octets cut at every place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/buf.h"
#include "bridge/fault.h"
#include "bridge/imap/session.h"
#include "bridge/message.h"

#define MAIL "From: a\r\n\r\nm3 OK not the end\r\n"

/* One line of a dialogue: from the server ("S:", octets as they are), expected
 * from the client ("C:"), or an event told to the owner ("E:"). */
struct dialogue {
	struct session *session;
	struct buf sent;
	struct buf story;
	uint64_t now;
	const char *user, *password, *token;
	int idle; /* ask for IDLE when all is fetched */
};

static void
on_event(struct dialogue *d, const struct session_event *ev)
{
	struct session *s = d->session;

	switch (ev->kind) {
	case SESSION_LOGIN:
		if (d->token != NULL)
			session_login_token(s, d->user, d->token, d->now);
		else
			session_login(s, d->user, d->password, d->now);
		break;
	case SESSION_SELECTED:
		buf_printf(&d->story, "selected %llu %u %llu idle=%d\n",
		    (unsigned long long)ev->uidvalidity, ev->uidnext,
		    (unsigned long long)ev->exists, session_has_idle(s));
		session_search(s, "UID 5:*", d->now);
		break;
	case SESSION_FOUND:
		buf_printf(&d->story, "found %u:%u\n", ev->lo, ev->hi);
		break;
	case SESSION_SEARCHED:
		buf_puts(&d->story, "searched\n");
		session_fetch(s, "5:6", FETCH_WHOLE, 0, d->now);
		break;
	case SESSION_BODY:
		session_body(s, malloc(64), 64);
		break;
	case SESSION_MESSAGE:
		buf_printf(&d->story, "message %u (%s) %lld %zu/%llu\n",
		    ev->message->uid,
		    ev->message->flags != NULL ? ev->message->flags : "",
		    (long long)ev->message->internaldate, ev->message->raw_len,
		    (unsigned long long)ev->message->size);
		message_free(ev->message);
		break;
	case SESSION_FETCHED:
		buf_printf(&d->story, "fetched ok=%d\n", ev->ok);
		if (d->idle)
			session_idle(s, d->now);
		break;
	case SESSION_EXISTS:
		buf_puts(&d->story, "exists\n");
		session_idle_end(s, d->now);
		break;
	case SESSION_IDLING:
		buf_puts(&d->story, "idling\n");
		break;
	case SESSION_IDLE_DONE:
		buf_printf(&d->story, "idle done ok=%d\n", ev->ok);
		session_logout(s, d->now);
		break;
	case SESSION_NOOP_DONE:
		buf_puts(&d->story, "noop\n");
		break;
	case SESSION_ALERT:
		buf_printf(&d->story, "alert %s\n", ev->text);
		break;
	case SESSION_CLOSED:
		buf_puts(&d->story, "closed\n");
		break;
	case SESSION_FAILED:
		buf_printf(&d->story, "failed %d %s\n", ev->fault->kind,
		    ev->fault->text);
		break;
	default: /* of mailboxes: see test_mailboxes.c */
		break;
	}
}

static void
pump(struct dialogue *d)
{
	struct session_event ev;
	struct buf *out;

	while (session_next(d->session, &ev))
		on_event(d, &ev);
	out = session_output(d->session);
	buf_put(&d->sent, out->data, out->len);
	buf_clear(out);
}

/* The server's octets in pieces of ${step}.  Each piece is in memory of its
 * own, so that reading past what was lent shows. */
static void
serve(struct dialogue *d, const char *text, size_t step)
{
	size_t len = strlen(text), n;
	char *piece;

	while (len > 0) {
		n = len < step ? len : step;
		piece = malloc(n);
		memcpy(piece, text, n);
		session_feed(d->session, piece, n, d->now);
		pump(d);
		free(piece);
		text += n;
		len -= n;
	}
}

static void
begin_as(struct dialogue *d, const char *mailbox, const char *greeting,
    const char *token)
{
	struct session_config config = { .mailbox = mailbox,
		.command_ms = 1000 };

	*d = (struct dialogue){
		.now = 5000, .user = "me", .password = "pw", .token = token
	};
	buf_init(&d->sent, 1 << 16);
	buf_init(&d->story, 1 << 16);
	buf_puts(&d->sent, "");
	buf_puts(&d->story, "");
	d->session = session_new(&config, d->now);
	session_feed(d->session, greeting, strlen(greeting), d->now);
	session_greeted(d->session, d->now);
	pump(d);
}

static void
begin(struct dialogue *d, const char *mailbox, const char *greeting)
{
	begin_as(d, mailbox, greeting, NULL);
}

static void
end(struct dialogue *d, const char *sent, const char *story)
{
	assert_string_equal(d->sent.data, sent);
	assert_string_equal(d->story.data, story);
	session_free(d->session);
	buf_free(&d->sent);
	buf_free(&d->story);
}

static void
whole_dialogue(size_t step)
{
	struct dialogue d;

	begin(&d, "Entw\xc3\xbcrfe \"x\"",
	    "* OK hi\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR ID\r\n"
	    "A001 OK done\r\n");
	d.idle = 1;
	serve(&d, "m1 OK [CAPABILITY IMAP4rev1 ID IDLE] in\r\n", step);
	serve(&d, "* ID NIL\r\nm2 BAD no\r\n", step);
	serve(&d,
	    "* FLAGS (\\Seen)\r\n* 2 EXISTS\r\n* 0 RECENT\r\n"
	    "* OK [UIDVALIDITY 77] ok\r\n* OK [UIDNEXT 7] ok\r\n"
	    "* OK [ALERT] maintenance\r\nm3 OK [READ-ONLY] done\r\n",
	    step);
	serve(&d, "* SEARCH 5\r\n* SEARCH 6 9\r\nm4 OK done\r\n", step);
	serve(&d,
	    "* 1 FETCH (UID 5 FLAGS (\\Recent \\Seen $X) INTERNALDATE "
	    "\"01-Jan-1970 00:00:05 +0000\" BODY[] {32}\r\n" MAIL
	    ")\r\n* 2 FETCH (FLAGS (\\Recent))\r\n"
	    "* 2 FETCH (BODY[] \"x\" UID 6)\r\nm5 OK done\r\n",
	    step);
	serve(&d, "* OK before\r\n+ idling\r\n* OK Still here\r\n", step);
	serve(&d, "* 3 EXISTS\r\nm6 OK done\r\n", step);
	serve(&d, "* BYE see you\r\nm7 OK done\r\n", step);
	end(&d,
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
test_login_ways(void **state)
{
	struct dialogue d;

	(void)state;
	/* No SASL-IR: the answer comes after the prompt. */
	begin(&d, "INBOX", "* OK [CAPABILITY IMAP4 AUTH=PLAIN] hi\r\n");
	serve(&d, "+ \r\nm1 NO [AUTHENTICATIONFAILED] wrong\r\n", 1);
	end(&d, "m1 AUTHENTICATE PLAIN\r\nAG1lAHB3\r\n",
	    "failed 2 AUTHENTICATE PLAIN: NO [AUTHENTICATIONFAILED] wrong (the "
	    "server refuses user or password: check `user` and "
	    "`auth.password`)\n");

	/* Two prompts; a third one is cancelled. */
	begin(&d, "INBOX", "* OK [CAPABILITY AUTH=LOGIN LOGINDISABLED] hi\r\n");
	serve(&d, "+ VXNlcg==\r\n+ UGFzcw==\r\n+ what\r\n", 3);
	end(&d, "m1 AUTHENTICATE LOGIN\r\nbWU=\r\ncHc=\r\n*\r\n", "");

	/* LOGIN, quoted. */
	begin(&d, "INBOX", "* OK [CAPABILITY IMAP4rev1] hi\r\n");
	end(&d, "m1 LOGIN \"me\" \"pw\"\r\n", "");

	/* Capabilities nobody told are asked for. */
	begin(&d, "INBOX", "* OK hi\r\n");
	serve(&d, "* CAPABILITY LOGINDISABLED\r\nm1 OK x\r\n", 2);
	assert_string_equal(d.sent.data, "m1 CAPABILITY\r\n");
	assert_non_null(strstr(d.story.data, "failed 2 the server offers no"));
	end(&d, d.sent.data, d.story.data);
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
	begin_as(&d, "INBOX",
	    "* OK [CAPABILITY IMAP4 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR] hi\r\n",
	    "tok");
	serve(&d,
	    "+ eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiQmVh"
	    "cmVyIiwic2NvcGUiOiJodHRwczovL21haWwuZ29vZ2xlLmNvbS8ifQ==\r\n"
	    "m1 NO [AUTHENTICATIONFAILED] bad\r\n",
	    1);
	end(&d, "m1 AUTHENTICATE XOAUTH2 " XOAUTH2 "\r\n\r\n",
	    "failed 2 AUTHENTICATE XOAUTH2: NO [AUTHENTICATIONFAILED] bad "
	    "[status 401, scope https://mail.google.com/]" REFUSED);

	/* OAUTHBEARER is preferred; its error is answered by ^A. */
	begin_as(&d, "INBOX",
	    "* OK [CAPABILITY IMAP4 AUTH=XOAUTH2 AUTH=OAUTHBEARER] hi\r\n",
	    "tok");
	serve(&d, "+ \r\n+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=\r\n", 7);
	serve(&d, "m1 NO no\r\n", 7);
	end(&d, "m1 AUTHENTICATE OAUTHBEARER\r\n" OAUTHBEARER "\r\nAQ==\r\n",
	    "failed 2 AUTHENTICATE OAUTHBEARER: NO no [status "
	    "invalid_token]" REFUSED);

	/* A second error is one too many; and a busy server is only busy. */
	begin_as(&d, "INBOX",
	    "* OK [CAPABILITY AUTH=OAUTHBEARER SASL-IR] hi\r\n", "tok");
	serve(&d, "+ eA==\r\n+ eA==\r\nm1 NO [UNAVAILABLE] x\r\n", 2);
	end(&d, "m1 AUTHENTICATE OAUTHBEARER " OAUTHBEARER "\r\nAQ==\r\n*\r\n",
	    "failed 1 AUTHENTICATE OAUTHBEARER: NO [UNAVAILABLE] x\n");

	/* A token never goes where only passwords are taken. */
	begin_as(&d, "INBOX", "* OK [CAPABILITY AUTH=PLAIN] hi\r\n", "tok");
	assert_non_null(strstr(d.story.data, "neither AUTH=OAUTHBEARER"));
	end(&d, "", d.story.data);
}

static void
test_token_without_mailbox(void **state)
{
	struct dialogue d;

	(void)state;
	begin_as(&d, "INBOX",
	    "* OK [CAPABILITY AUTH=XOAUTH2 SASL-IR ID] hi\r\n", "tok");
	serve(&d,
	    "m1 OK [CAPABILITY IMAP4 ID] AUTHENTICATE completed.\r\n"
	    "m2 BAD User is authenticated but not connected.\r\n"
	    "m3 BAD User is authenticated but not connected.\r\n",
	    1);
	assert_non_null(strstr(d.story.data, "failed 2 EXAMINE INBOX: BAD"));
	assert_non_null(strstr(d.story.data, "FullAccess"));
	end(&d, d.sent.data, d.story.data);
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

static void
failure(const char *greeting, const char *served, const char *expected)
{
	struct dialogue d;

	begin(&d, "INBOX", greeting);
	serve(&d, served, 1);
	assert_string_equal(d.story.data, expected);
	end(&d, d.sent.data, d.story.data);
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
	begin(&d, "INBOX", "* OK [CAPABILITY IMAP4rev1] hi\r\n");
	assert_int_equal(session_deadline(d.session), 6000);
	session_tick(d.session, 5999);
	pump(&d);
	/* While we do not read, the server's silence proves nothing. */
	session_pause(d.session, 1, 5999);
	session_tick(d.session, 7000);
	session_pause(d.session, 0, 8000);
	assert_int_equal(session_deadline(d.session), 9000);
	session_tick(d.session, 9000);
	pump(&d);
	end(&d, "m1 LOGIN \"me\" \"pw\"\r\n",
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
	begin(&d, "INBOX", "* OK [CAPABILITY IMAP4rev1] hi\r\n");
	serve(&d,
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
	end(&d, d.sent.data, d.story.data);
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
	begin(&d, "INBOX", "* OK [CAPABILITY IMAP4rev1] hi\r\n");
	serve(&d,
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
	end(&d, d.sent.data, d.story.data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_dialogue),
		cmocka_unit_test(test_login_ways),
		cmocka_unit_test(test_login_token),
		cmocka_unit_test(test_token_without_mailbox),
		cmocka_unit_test(test_login_literals),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_deadlines),
		cmocka_unit_test(test_body_waits),
		cmocka_unit_test(test_look),
	};

	return (cmocka_run_group_tests_name("session", tests, NULL, NULL));
}
