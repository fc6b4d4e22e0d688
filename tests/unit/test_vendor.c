/* Whose server it is, and what a session makes of that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/buf.h"
#include "bridge/fault.h"
#include "bridge/imap/placeholder.h"
#include "bridge/imap/session.h"
#include "bridge/imap/vendor.h"
#include "bridge/message.h"

static void
test_words(void **state)
{
	static const struct {
		const char *text, *name;
	} table[] = {
		{ "Gimap ready for requests from 192.0.2.1 x", "Gmail" },
		{ "IMAP4rev1 UNSELECT IDLE X-GM-EXT-1 UIDPLUS", "Gmail" },
		{ "The Microsoft Exchange IMAP4 service is ready. [QQ==]",
		    "Exchange" },
		{ "IMAP4rev1 imapgate-1.8.1_01.20166 imap1012.mail.ir2.yahoo."
		  "com",
		    "Yahoo" },
		{ "Yandex IMAP4rev1 at imap.yandex.ru:993 ready", "Yandex" },
		{ "Coremail System IMap Server Ready(163com[x])", "NetEase" },
		{ "[CAPABILITY IMAP4rev1] qqmail XMIMAP4Server ready", "QQ" },
		{ "(\"name\" \"Zoho Mail\" \"vendor\" \"Zoho\")", "Zoho" },
		{ "Courier-IMAP ready. Copyright 1998-2019", "Courier" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_string_equal(
		    vendor_of(table[i].text)->name, table[i].name);
	assert_null(vendor_of("Dovecot (Debian) ready."));
	assert_null(vendor_of(""));
}

/* The longest IDLE, and how the mailbox is opened, at a server that says this
 * in its greeting, its capabilities and its answer to ID. */
static unsigned
open_at(const char *greeting, const char *capabilities, const char *id,
    const char *opened)
{
	struct session_config config = { .mailbox = "INBOX", .command_ms = 1 };
	struct session *s = session_new(&config, 0);
	struct session_event ev;
	unsigned seconds;
	struct buf in;

	buf_init(&in, 4096);
	buf_printf(
	    &in, "* OK %s\r\n* CAPABILITY %s\r\n", greeting, capabilities);
	session_feed(s, in.data, in.len, 0);
	session_greeted(s, 0);
	assert_int_equal(session_next(s, &ev), 1);
	assert_int_equal(ev.kind, SESSION_LOGIN);
	session_login(s, "me", "pw", 0);
	buf_clear(&in);
	buf_printf(&in, "m1 OK [CAPABILITY %s] in\r\n* ID %s\r\nm2 OK done\r\n",
	    capabilities, id);
	session_feed(s, in.data, in.len, 0);
	while (session_next(s, &ev))
		assert_int_not_equal(ev.kind, SESSION_FAILED);
	buf_putc(session_output(s), '\0');
	assert_non_null(strstr(session_output(s)->data, opened));
	seconds = session_idle_seconds(s);
	session_free(s);
	buf_free(&in);
	return (seconds);
}

static void
test_session(void **state)
{
	static const char caps[] = "IMAP4rev1 AUTH=PLAIN IDLE ID";

	(void)state;
	assert_int_equal(
	    open_at("ready", caps, "NIL", "EXAMINE \"INBOX\""), 540);
	assert_int_equal(open_at("The Microsoft Exchange IMAP4 service is "
				 "ready.",
			     caps, "NIL", "EXAMINE \"INBOX\""),
	    300);
	assert_int_equal(
	    open_at("[CAPABILITY IMAP4rev1 AUTH=PLAIN ID] imap.mail.yahoo.com",
		caps, "NIL", "EXAMINE"),
	    240);
	assert_int_equal(open_at("x", "AUTH=PLAIN ID XYMHIGHESTMODSEQ", "NIL",
			     "EXAMINE \"INBOX\""),
	    240);
	assert_int_equal(
	    open_at("x", caps, "(\"name\" \"Yandex Mail\")", "EXAMINE"), 300);
	assert_int_equal(
	    open_at("Courier-IMAP ready.", caps, "NIL", "SELECT \"INBOX\""),
	    540);
}

static int
looks_so(const char *raw)
{
	char copy[1000];
	struct message m = { .raw = copy, .raw_len = strlen(raw) };

	assert_true(m.raw_len < sizeof(copy));
	memcpy(copy, raw, m.raw_len);
	return (placeholder_is(&m));
}

static void
test_placeholders(void **state)
{
	static const char courier[] =
	    "From: System Administrator <root@localhost>\r\n"
	    "Subject: message unavailable\r\n\r\n"
	    "This message is no longer available on the server.\r\n";
	static const char exchange[] =
	    "Date: x\r\nFrom: Microsoft Exchange Server\r\nSubject: Retrieval "
	    "using the IMAP4 protocol failed for the\r\n following message: "
	    "7\r\n\r\nThe server couldn't retrieve the following "
	    "message:\r\n";
	static const char *const none[] = {
		"From: root@localhost\r\nSubject: message unavailable\r\n\r\n"
		"This message is no longer available on the server.\r\n",
		"From: System Administrator <root@localhost>\r\nSubject: Fwd: "
		"message unavailable\r\n\r\nThis message is no longer "
		"available "
		"on the server.\r\n",
		"From: System Administrator <root@localhost>\r\nSubject: "
		"message "
		"unavailable\r\n\r\nThe disk is full.\r\n",
		"From: System Administrator <root@localhost>\r\n",
	};
	size_t i;

	(void)state;
	assert_true(looks_so(courier));
	assert_true(looks_so(exchange));
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(looks_so(none[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_placeholders),
	};

	return (cmocka_run_group_tests_name("vendor", tests, NULL, NULL));
}
