/* Mailboxes: what LIST and STATUS say, the session's commands about them, and
 * the patterns of the config. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/buf.h"
#include "bridge/config/config.h"
#include "bridge/config/mailboxes.h"
#include "bridge/fault.h"
#include "bridge/imap/response.h"
#include "bridge/imap/session.h"
#include "bridge/imap/verdict.h"

/* What the parser makes of ${input}, fed in pieces of ${step}. */
static char *
parse(const char *input, size_t step)
{
	struct response_parser *p = response_parser_new();
	size_t n, len = strlen(input);
	const char *data;
	struct response r;
	struct buf b;

	buf_init(&b, 1 << 16);
	buf_puts(&b, "");
	for (; len > 0; len -= n, input += n) {
		size_t left;

		n = left = len < step ? len : step;
		data = input;
		while (response_parse(p, &data, &left, &r, NULL) == 1) {
			if (r.kind == RESPONSE_LIST)
				buf_printf(&b, "list <%s> %d closed=%d\n",
				    r.mailbox.name, r.mailbox.delimiter,
				    r.mailbox.closed);
			else if (r.kind == RESPONSE_COUNTS)
				buf_printf(&b, "status <%s> %d %d %d\n",
				    r.mailbox.name, (int)r.mailbox.uidvalidity,
				    (int)r.mailbox.uidnext,
				    (int)r.mailbox.messages);
			else if (r.kind == RESPONSE_ENABLED)
				buf_printf(&b, "enabled %s\n", r.text);
		}
	}
	response_parser_free(p);
	return (buf_take(&b));
}

static void
check(const char *input, const char *expected)
{
	size_t step;
	char *story;

	for (step = 1; step <= strlen(input); step++) {
		story = parse(input, step);
		assert_string_equal(story, expected);
		free(story);
	}
}

static void
test_list(void **state)
{
	(void)state;
	check("* LIST (\\HasNoChildren) \"/\" \"a \\\"b\\\\\"\r\n",
	    "list <a \"b\\> 47 closed=0\n");
	check("* LIST () NIL INBOX\r\n* list (\\a \\noselect) \".\" [x]y\r\n",
	    "list <INBOX> 0 closed=0\nlist <[x]y> 46 closed=1\n");
	check("* LIST (\\NonExistent) \"\\\\\" {3}\r\na\"b (\"X\" (\"y\"))\r\n",
	    "list <a\"b> 92 closed=1\n");
	check("* LIST () \"/\" a b (\"CHILDINFO\" (\"S\"))\r\n",
	    "list <a b> 47 closed=0\n");
	check(
	    "* LIST (\\Noselectable) \"/\" \"\"\r\n", "list <> 47 closed=0\n");
	check("* LIST\r\n* LIST ()\r\n* LIST () x y\r\n* LIST (\r\n", "");
}

static void
test_status(void **state)
{
	(void)state;
	check("* STATUS \"a (b\" (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 5 )\r\n",
	    "status <a (b> 5 4 3\n");
	check("* STATUS a b (uidnext 4 X \"y\" UNSEEN)\r\n* STATUS x\r\n",
	    "status <a b> 0 4 0\n");
	check("* STATUS {2}\r\nab (MESSAGES -1 UIDNEXT 7)\r\n",
	    "status <ab> 0 7 0\n");
	check("* STATUS (\r\n* STATUS x (\r\n", "status <x> 0 0 0\n");
	check("* ENABLED UTF8=ACCEPT X\r\n", "enabled UTF8=ACCEPT X\n");
}

struct dialogue {
	struct session *session;
	struct buf sent, story;
	struct fault f;
};

static void
on_event(struct dialogue *d, const struct session_event *ev)
{
	struct session *s = d->session;

	switch (ev->kind) {
	case SESSION_LOGIN:
		session_login(s, "me", "pw", 0);
		break;
	case SESSION_READY:
		buf_printf(&d->story, "ready %d\n", session_has_notify(s));
		assert_int_equal(session_list(s, "O/*", 0, &d->f), 0);
		break;
	case SESSION_LISTED:
		buf_printf(&d->story, "listed %s %d\n", ev->name, ev->closed);
		break;
	case SESSION_LIST_DONE:
		buf_printf(&d->story, "done %d %d\n", ev->ok, ev->delimiter);
		session_status(s, "O/\xc3\xbc", NULL, 0, &d->f);
		assert_true(session_can_status(s));
		session_status(s, "x", "y\"", 0, &d->f);
		assert_int_equal(session_status(s, "x", "\n", 0, &d->f), -1);
		break;
	case SESSION_STATUS:
		buf_printf(&d->story, "status %s %d %d %d\n", ev->name,
		    (int)ev->uidvalidity, (int)ev->uidnext, (int)ev->exists);
		break;
	case SESSION_STATUS_DONE:
		buf_printf(&d->story, "status done %d\n", ev->ok);
		if (session_ready(s))
			session_select(s, "O/b", NULL, 0, &d->f);
		break;
	case SESSION_REFUSED:
		buf_printf(&d->story, "refused %s\n", ev->fault->text);
		session_select(s, "inbox", "iNBOX", 0, &d->f);
		break;
	case SESSION_SELECTED:
		buf_printf(&d->story, "open %d\n", (int)ev->uidvalidity);
		buf_printf(&d->story, "unselect %d\n", session_unselect(s, 0));
		break;
	case SESSION_UNSELECTED:
		assert_false(session_unselect(s, 0));
		session_notify(s, 0);
		break;
	case SESSION_NOTIFY_LOST:
		buf_puts(&d->story, "nothing more\n");
		break;
	case SESSION_NOTIFY_DONE:
		buf_printf(&d->story, "notify %d\n", ev->ok);
		break;
	default:
		buf_printf(&d->story, "event %d\n", ev->kind);
		break;
	}
}

static void
serve(struct dialogue *d, const char *text, size_t step)
{
	struct session_event ev;
	struct buf *out;
	size_t n, len = strlen(text);

	for (; len > 0; len -= n, text += n) {
		n = len < step ? len : step;
		session_feed(d->session, text, n, 0);
		while (session_next(d->session, &ev))
			on_event(d, &ev);
		out = session_output(d->session);
		buf_put(&d->sent, out->data, out->len);
		buf_clear(out);
	}
}

static void
dialogue(size_t step)
{
	struct session_config config = { .command_ms = 1000 };
	static const char greeting[] =
	    "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi\r\n";
	struct dialogue d = { .session = session_new(&config, 0) };

	buf_init(&d.sent, 1 << 16);
	buf_init(&d.story, 1 << 16);
	session_feed(d.session, greeting, sizeof(greeting) - 1, 0);
	session_greeted(d.session, 0);
	serve(&d, "* OK go on\r\n", step);
	serve(&d,
	    "m1 OK [CAPABILITY IMAP4rev1 NOTIFY UNSELECT ENABLE UTF8=ACCEPT] "
	    "in\r\n",
	    step);
	/* What it does not say is not enabled: names stay encoded. */
	serve(&d, "m2 OK enabled nothing\r\n", step);
	serve(&d,
	    "* LIST (\\Noselect) \"/\" O\r\n* LIST () \"/\" O/&APw-\r\n"
	    "* LIST () \"/\" \"O/&\"\r\n* LIST () \"/\" \"O/\xff\"\r\n"
	    "* LIST () \"/\" inbox\r\nm3 OK x\r\n",
	    step);
	serve(&d,
	    "* STATUS O/&APw- (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 3)\r\n"
	    "m4 OK x\r\nm5 NO [NONEXISTENT] no\r\n",
	    step);
	serve(&d, "m6 NO [NONEXISTENT] gone\r\n", step);
	serve(&d, "* OK [UIDVALIDITY 9] x\r\nm7 OK x\r\n", step);
	serve(&d, "m8 OK x\r\n", step);
	serve(&d,
	    "m9 OK x\r\n* STATUS \"O/b\" (UIDNEXT 5)\r\n"
	    "* OK [NOTIFICATIONOVERFLOW] too much\r\n",
	    step);
	assert_string_equal(d.sent.data,
	    "m1 AUTHENTICATE PLAIN AG1lAHB3\r\n"
	    "m2 ENABLE UTF8=ACCEPT\r\n"
	    "m3 LIST \"\" \"O/*\"\r\n"
	    "m4 STATUS \"O/&APw-\" (MESSAGES UIDNEXT UIDVALIDITY)\r\n"
	    "m5 STATUS \"y\\\"\" (MESSAGES UIDNEXT UIDVALIDITY)\r\n"
	    "m6 EXAMINE \"O/b\"\r\n"
	    "m7 EXAMINE \"iNBOX\"\r\n"
	    "m8 UNSELECT\r\n"
	    "m9 NOTIFY SET (personal (MailboxName MessageNew MessageExpunge))"
	    "\r\n");
	assert_string_equal(d.story.data,
	    "ready 1\nlisted O 1\nlisted O/\xc3\xbc 0\nlisted O/& 0\n"
	    "listed INBOX 0\ndone 1 47\n"
	    "status O/\xc3\xbc 3 2 1\nstatus done 1\nstatus done 0\n"
	    "refused EXAMINE O/b: NO [NONEXISTENT] gone\n"
	    "open 9\nunselect 1\nnotify 1\nstatus O/b 0 5 0\nnothing more\n");
	buf_free(&d.sent);
	buf_free(&d.story);
	session_free(d.session);
}

static void
test_dialogue(void **state)
{
	size_t step;

	(void)state;
	for (step = 1; step < 180; step++)
		dialogue(step);
}

static void
test_patterns(void **state)
{
	const char *mailboxes[] = { "INBOX", "Orders/*", "Lists/%", "a*b*c" };
	struct config_account a = { .mailboxes = mailboxes, .nmailboxes = 4 };
	static const char *const in[] = { "INBOX", "Orders/", "Orders/a/b",
		"Orders.a", "Lists/x", "abc", "axxbyybzzc" };
	static const char *const out[] = { "inbox", "Orders", "xOrders/a",
		"Lists/x/y", "ab", "abcd", "" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(in) / sizeof(in[0]); i++)
		assert_true(mailbox_is_covered(&a, in[i]));
	for (i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		assert_false(mailbox_is_covered(&a, out[i]));
	assert_true(mailbox_is_pattern("a%"));
	assert_false(mailbox_is_pattern("Orders/2026"));
}

static void
test_refusals(void **state)
{
	(void)state;
	assert_true(verdict_is_limit("NO [UNAVAILABLE] Maximum number of "
				     "connections from user+IP exceeded"));
	assert_true(verdict_is_limit(
	    "NO [ALERT] Too many simultaneous connections. (Failure)"));
	assert_false(verdict_is_limit("NO [UNAVAILABLE] try again later"));
	assert_true(verdict_is_missing("NO [NONEXISTENT] x"));
	assert_true(verdict_is_missing("NO Mailbox doesn't exist: x"));
	assert_false(verdict_is_missing("NO [NOPERM] x"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_dialogue),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_refusals),
	};

	return (cmocka_run_group_tests_name("mailboxes", tests, NULL, NULL));
}
