/* A FETCH in all its forms: what is asked for, step by step, and what becomes
 * of the answers, cut at every place. */
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
#include "bridge/limits.h"
#include "bridge/message.h"

#define CAPABILITIES "IMAP4rev1 AUTH=PLAIN SASL-IR"
#define PART 10

struct play {
	struct session *session;
	struct buf sent, story;
	size_t step; /* octets fed at once */
};

static void
tell_message(struct buf *b, const struct message *m)
{
	buf_printf(b, "message %u %zu/%llu%s%s \"%.*s\"\n", m->uid, m->raw_len,
	    (unsigned long long)m->size, m->joined ? " joined" : "",
	    m->incomplete ? " incomplete" : "", (int)m->raw_len, m->raw);
	if (m->has_internaldate || m->flags != NULL)
		buf_printf(b, "flags (%s) date %lld\n",
		    m->flags != NULL ? m->flags : "",
		    (long long)m->internaldate);
	if (m->email_id != NULL || m->thread_id != NULL || m->has_savedate)
		buf_printf(b, "ids %s %s saved %lld\n",
		    m->email_id != NULL ? m->email_id : "-",
		    m->thread_id != NULL ? m->thread_id : "-",
		    (long long)m->savedate);
	if (m->gm_msgid != 0 || m->gm_thrid != 0 || m->gm_labels != NULL)
		buf_printf(b, "gmail %llu %llu %s",
		    (unsigned long long)m->gm_msgid,
		    (unsigned long long)m->gm_thrid,
		    m->gm_labels != NULL ? m->gm_labels : "-\n");
}

static void
on_event(struct play *p, const struct session_event *ev)
{
	switch (ev->kind) {
	case SESSION_LOGIN:
		session_login(p->session, "u", "p", 0);
		break;
	case SESSION_SIZE:
		buf_printf(&p->story, "size %u %llu\n", ev->uid,
		    (unsigned long long)ev->size);
		if (ev->dated)
			buf_printf(
			    &p->story, "date %lld\n", (long long)ev->date);
		break;
	case SESSION_BODY:
		buf_printf(&p->story, "body %u %llu\n", ev->uid,
		    (unsigned long long)ev->size);
		session_body(p->session, malloc(60), 60);
		break;
	case SESSION_MESSAGE:
		tell_message(&p->story, ev->message);
		message_free(ev->message);
		break;
	case SESSION_FETCHED:
		buf_printf(&p->story, "fetched ok=%d\n", ev->ok);
		break;
	case SESSION_FAILED:
		buf_printf(&p->story, "failed %s\n", ev->fault->text);
		break;
	default:
		break;
	}
}

static void
serve(struct play *p, const char *text)
{
	size_t len = strlen(text), n;
	struct session_event ev;
	struct buf *out;
	char *piece;

	for (; len > 0; len -= n, text += n) {
		n = len < p->step ? len : p->step;
		piece = malloc(n);
		memcpy(piece, text, n);
		session_feed(p->session, piece, n, 0);
		while (session_next(p->session, &ev))
			on_event(p, &ev);
		out = session_output(p->session);
		buf_put(&p->sent, out->data, out->len);
		buf_clear(out);
		free(piece);
	}
}

/* A selected session of a server with these capabilities, which was told to
 * FETCH. */
static void
begin(struct play *p, size_t step, const char *capabilities, const char *set,
    enum fetch_form form)
{
	struct session_config config = { .mailbox = "INBOX",
		.command_ms = 1000 };
	char text[300];
	struct buf *out;

	*p = (struct play){ .step = SIZE_MAX };
	buf_init(&p->sent, 1 << 16);
	buf_init(&p->story, 1 << 16);
	p->session = session_new(&config, 0);
	(void)snprintf(
	    text, sizeof(text), "* OK [CAPABILITY %s] hi\r\n", CAPABILITIES);
	session_feed(p->session, text, strlen(text), 0);
	session_greeted(p->session, 0);
	serve(p, "* OK\r\n");
	(void)snprintf(
	    text, sizeof(text), "m1 OK [CAPABILITY %s] in\r\n", capabilities);
	serve(p, text);
	serve(p, "* OK [UIDVALIDITY 3] it\r\nm2 OK done\r\n");
	buf_clear(&p->sent);
	buf_puts(&p->story, "");
	session_fetch(p->session, set, form, PART, 0);
	out = session_output(p->session);
	buf_put(&p->sent, out->data, out->len);
	buf_clear(out);
	p->step = step;
}

/* The session is told to FETCH ${set} in ${form}; the server answers, each
 * command with one string; what was sent, and what was told. */
static void
plays(const char *capabilities, const char *set, enum fetch_form form,
    const char *const *answers, const char *sent, const char *story)
{
	struct play p;
	size_t step, i;

	for (step = 1; step < 90; step++) {
		begin(&p, step, capabilities, set, form);
		for (i = 0; answers[i] != NULL; i++)
			serve(&p, answers[i]);
		assert_string_equal(p.sent.data, sent);
		assert_string_equal(p.story.data, story);
		session_free(p.session);
		buf_free(&p.sent);
		buf_free(&p.story);
	}
}

#define ANSWERS(...) ((const char *const[]){ __VA_ARGS__, NULL })

#define ASK_PLAIN "m3 UID FETCH 7 BODY.PEEK[]\r\n"
#define ASK_HEADER "m3 UID FETCH 7 BODY.PEEK[HEADER]\r\n"
#define ASK_TEXT "m4 UID FETCH 7 BODY.PEEK[TEXT]\r\n"
#define ASK_START "m4 UID FETCH 7 BODY.PEEK[TEXT]<0.10>\r\n"
#define HEADER "* 1 FETCH (UID 7 BODY[HEADER] {14}\r\nSubject: a\r\n\r\n)\r\n"

static void
test_sizes_and_dates(void **state)
{
	(void)state;
	plays("IMAP4rev1", "4,5:6", FETCH_CHECK,
	    ANSWERS("* 1 FETCH (UID 4 RFC822.SIZE 70 INTERNALDATE "
		    "\"01-Jan-1970 01:00:07 +0100\")\r\n"
		    "* 2 FETCH (UID 5 RFC822.SIZE 80)\r\nm3 OK done\r\n"),
	    "m3 UID FETCH 4,5:6 (UID RFC822.SIZE INTERNALDATE)\r\n",
	    "size 4 70\ndate 7\nsize 5 80\nfetched ok=1\n");
}

static void
test_sizes(void **state)
{
	(void)state;
	plays("IMAP4rev1", "5:7", FETCH_SIZES,
	    ANSWERS("* 1 FETCH (UID 5 RFC822.SIZE 70)\r\n"
		    "* 2 FETCH (RFC822.SIZE 80 UID 6)\r\n"
		    "* 3 FETCH (FLAGS (\\Seen))\r\n"
		    "* 4 FETCH (UID 9 RFC822.SIZE 0)\r\n"
		    "* 5 FETCH (UID 7 BODY[] {4}\r\nabcd)\r\nm3 OK done\r\n"),
	    "m3 UID FETCH 5:7 (UID RFC822.SIZE)\r\n",
	    /* What comes unasked is taken. */
	    "size 5 70\nsize 6 80\nbody 7 4\nmessage 7 4/4 \"abcd\"\n"
	    "fetched ok=1\n");
}

static void
test_plain(void **state)
{
	(void)state;
	/* Flags and date come after it. */
	plays("IMAP4rev1", "7", FETCH_PLAIN,
	    ANSWERS("* 1 FETCH (BODY[] {4}\r\nabcd)\r\nm3 OK done\r\n",
		"* 1 FETCH (UID 7 FLAGS (\\Seen) INTERNALDATE "
		"\"01-Jan-1970 00:00:05 +0000\")\r\nm4 OK done\r\n"),
	    ASK_PLAIN "m4 UID FETCH 7 (UID FLAGS INTERNALDATE)\r\n",
	    "body 7 4\nmessage 7 4/4 \"abcd\"\nflags (\\Seen) date 5\n"
	    "fetched ok=1\n");
	/* Or not; and a message that is none is not waited for. */
	plays("IMAP4rev1", "7", FETCH_PLAIN,
	    ANSWERS("* 1 FETCH (BODY[] \"abcd\")\r\nm3 OK done\r\n",
		"m4 BAD what\r\n"),
	    ASK_PLAIN "m4 UID FETCH 7 (UID FLAGS INTERNALDATE)\r\n",
	    "message 7 4/4 \"abcd\"\nfetched ok=1\n");
	plays("IMAP4rev1", "7", FETCH_PLAIN,
	    ANSWERS("* 1 FETCH (UID 7 BODY[] NIL)\r\n"
		    "* 1 FETCH (UID 8 BODY[] {1}\r\nx)\r\n"
		    "* 1 FETCH (UID 7 BODY[1] {1}\r\nx)\r\n"
		    "m3 NO it is here\r\n"),
	    ASK_PLAIN, "body 7 1\nfetched ok=0\n");
}

static void
test_apart(void **state)
{
	(void)state;
	plays("IMAP4rev1", "7", FETCH_APART,
	    ANSWERS(HEADER "m3 OK done\r\n",
		"* 1 FETCH (BODY[TEXT] {4}\r\nabcd)\r\nm4 OK done\r\n",
		"m5 NO what\r\n"),
	    ASK_HEADER ASK_TEXT "m5 UID FETCH 7 (UID FLAGS INTERNALDATE)\r\n",
	    "body 7 18\n"
	    "message 7 18/18 joined \"Subject: a\r\n\r\nabcd\"\n"
	    "fetched ok=1\n");
	/* An empty text is one; a line that a header lacks is added. */
	plays("IMAP4rev1", "7", FETCH_APART,
	    ANSWERS("* 1 FETCH (RFC822.HEADER {12}\r\nSubject: b\r\n)\r\n"
		    "m3 OK done\r\n",
		"* 1 FETCH (BODY[TEXT] {0}\r\n)\r\nm4 OK done\r\n",
		"* 1 FETCH (FLAGS (\\Seen) UID 7)\r\nm5 OK done\r\n"),
	    ASK_HEADER ASK_TEXT "m5 UID FETCH 7 (UID FLAGS INTERNALDATE)\r\n",
	    "body 7 14\nmessage 7 14/14 joined \"Subject: b\r\n\r\n\"\n"
	    "flags (\\Seen) date 0\nfetched ok=1\n");
	plays("IMAP4rev1", "7", FETCH_APART,
	    ANSWERS("* 1 FETCH (BODY[HEADER] \"Subject: c\")\r\nm3 OK x\r\n",
		"* 1 FETCH (BODY[TEXT] \"d\")\r\nm4 OK x\r\n", "m5 NO x\r\n"),
	    ASK_HEADER ASK_TEXT "m5 UID FETCH 7 (UID FLAGS INTERNALDATE)\r\n",
	    "message 7 15/15 joined \"Subject: c\r\n\r\nd\"\n"
	    "fetched ok=1\n");
	/* Without its text it is not complete: it is asked for again. */
	plays("IMAP4rev1", "7", FETCH_APART,
	    ANSWERS(HEADER "m3 OK done\r\n",
		"* 1 FETCH (UID 7 BODY[TEXT] NIL)\r\nm4 OK done\r\n"),
	    ASK_HEADER ASK_TEXT, "fetched ok=1\n");
	plays("IMAP4rev1", "7", FETCH_APART, ANSWERS("m3 OK done\r\n"),
	    ASK_HEADER, "fetched ok=1\n");
}

static void
test_start(void **state)
{
	(void)state;
	plays("IMAP4rev1", "7", FETCH_START,
	    ANSWERS(HEADER "m3 OK done\r\n",
		"* 1 FETCH (BODY[TEXT]<0> {10}\r\n0123456789)\r\nm4 OK x\r\n"),
	    ASK_HEADER ASK_START,
	    "body 7 24\nmessage 7 24/24 joined incomplete "
	    "\"Subject: a\r\n\r\n0123456789\"\nfetched ok=1\n");
	/* All of it, which is less; or more than was asked for. */
	plays("IMAP4rev1", "7", FETCH_START,
	    ANSWERS(HEADER "m3 OK done\r\n",
		"* 1 FETCH (BODY[TEXT]<0.10> {2}\r\n01)\r\nm4 OK x\r\n"),
	    ASK_HEADER ASK_START,
	    "body 7 16\nmessage 7 16/16 joined \"Subject: a\r\n\r\n01\"\n"
	    "fetched ok=1\n");
	plays("IMAP4rev1", "7", FETCH_START,
	    ANSWERS(HEADER "m3 OK done\r\n",
		"* 1 FETCH (BODY[TEXT] {12}\r\n0123456789ab)\r\nm4 OK x\r\n"),
	    ASK_HEADER ASK_START,
	    "body 7 26\nmessage 7 26/26 joined "
	    "\"Subject: a\r\n\r\n0123456789ab\"\nfetched ok=1\n");
	/* Another place than the start is nothing. */
	plays("IMAP4rev1", "7", FETCH_START,
	    ANSWERS(HEADER "m3 OK done\r\n",
		"* 1 FETCH (BODY[TEXT]<5.10> {2}\r\n01)\r\nm4 OK x\r\n"),
	    ASK_HEADER ASK_START, "fetched ok=1\n");
	plays("IMAP4rev1", "7", FETCH_HEADER, ANSWERS(HEADER "m3 OK done\r\n"),
	    ASK_HEADER,
	    "message 7 14/14 incomplete \"Subject: a\r\n\r\n\"\n"
	    "fetched ok=1\n");
	plays("IMAP4rev1", "7", FETCH_HEADER, ANSWERS("m3 NO no\r\n"),
	    ASK_HEADER, "fetched ok=0\n");
}

static void
test_part(void **state)
{
	const char *ask = "m3 UID FETCH 7 (UID FLAGS INTERNALDATE RFC822.SIZE "
			  "BODY.PEEK[]<0.10>)\r\n";

	(void)state;
	plays("IMAP4rev1", "7", FETCH_PART,
	    ANSWERS("* 1 FETCH (UID 7 RFC822.SIZE 99 BODY[]<0> {10}\r\n"
		    "0123456789)\r\nm3 OK x\r\n"),
	    ask, "body 7 10\nmessage 7 10/99 \"0123456789\"\nfetched ok=1\n");
	/* The size is not told; it is less; it was a lie. */
	plays("IMAP4rev1", "7", FETCH_PART,
	    ANSWERS("* 1 FETCH (UID 7 BODY[]<0> {10}\r\n0123456789)\r\n"
		    "m3 OK x\r\n"),
	    ask, "body 7 10\nmessage 7 10/11 \"0123456789\"\nfetched ok=1\n");
	plays("IMAP4rev1", "7", FETCH_PART,
	    ANSWERS("* 1 FETCH (UID 7 RFC822.SIZE 9 BODY[]<0> {10}\r\n"
		    "0123456789)\r\nm3 OK x\r\n"),
	    ask, "body 7 10\nmessage 7 10/11 \"0123456789\"\nfetched ok=1\n");
	plays("IMAP4rev1", "7", FETCH_PART,
	    ANSWERS("* 1 FETCH (UID 7 RFC822.SIZE 10 BODY[]<0> {10}\r\n"
		    "0123456789)\r\nm3 OK x\r\n"),
	    ask, "body 7 10\nmessage 7 10/10 \"0123456789\"\nfetched ok=1\n");
	plays("IMAP4rev1", "7", FETCH_PART,
	    ANSWERS("* 1 FETCH (UID 7 RFC822.SIZE 99 BODY[]<0> {2}\r\n01)\r\n"
		    "m3 OK x\r\n"),
	    ask, "body 7 2\nmessage 7 2/2 \"01\"\nfetched ok=1\n");
}

static void
test_facts(void **state)
{
	(void)state;
	plays("IMAP4rev1 OBJECTID SAVEDATE X-GM-EXT-1", "7", FETCH_WHOLE,
	    ANSWERS("* 1 FETCH (UID 7 EMAILID (M6d99_a-c) THREADID (T64b) "
		    "SAVEDATE \"01-Jan-1970 00:00:09 +0000\" X-GM-MSGID "
		    "1278455344230334865 X-GM-THRID 1266894439832287888 "
		    "X-GM-LABELS (\\Inbox \"a \\\"b\\\"\" &AOQ-b {3}\r\nc d) "
		    "BODY[] {1}\r\nx)\r\nm3 OK x\r\n"),
	    "m3 UID FETCH 7 (UID FLAGS INTERNALDATE EMAILID THREADID SAVEDATE "
	    "X-GM-MSGID X-GM-THRID X-GM-LABELS BODY.PEEK[])\r\n",
	    "body 7 1\nmessage 7 1/1 \"x\"\nids M6d99_a-c T64b saved 9\n"
	    "gmail 1278455344230334865 1266894439832287888 \\Inbox\na \"b\"\n"
	    "\xc3\xa4"
	    "b\nc d\nfetched ok=1\n");
	/* NIL, and what is no id, is none. */
	plays("IMAP4rev1 OBJECTID SAVEDATE", "7", FETCH_WHOLE,
	    ANSWERS("* 1 FETCH (EMAILID (a+b) THREADID NIL SAVEDATE NIL "
		    "X-GM-LABELS () X-GM-MSGID NIL BODY[] {1}\r\nx UID 7)\r\n"
		    "m3 OK x\r\n"),
	    "m3 UID FETCH 7 (UID FLAGS INTERNALDATE EMAILID THREADID SAVEDATE "
	    "BODY.PEEK[])\r\n",
	    "body 0 1\nmessage 7 1/1 \"x\"\nfetched ok=1\n");
}

static void
test_endless_header(void **state)
{
	struct play p;

	(void)state;
	begin(&p, 7, "IMAP4rev1", "7", FETCH_APART);
	serve(&p, "* 1 FETCH (UID 7 BODY[HEADER] {99999999}\r\nx");
	assert_string_equal(
	    p.story.data, "failed UID FETCH: a header of 99999999 octets\n");
	session_free(p.session);
	buf_free(&p.sent);
	buf_free(&p.story);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_sizes_and_dates),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_apart),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_part),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_endless_header),
	};

	return (cmocka_run_group_tests_name("fetch forms", tests, NULL, NULL));
}
