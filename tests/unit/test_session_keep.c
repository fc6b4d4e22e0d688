/* Octets that were lent to a session and taken back before all events were
 * pulled: a visit that ends in the middle of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bridge/fault.h"
#include "bridge/imap/session.h"

static void
feed(struct session *s, const char *text)
{
	session_feed(s, text, strlen(text), 0);
}

static enum session_event_kind
next(struct session *s)
{
	struct session_event ev;

	assert_int_equal(session_next(s, &ev), 1);
	return (ev.kind);
}

static void
test_taken_back(void **state)
{
	struct session_config config = { .command_ms = 1000 };
	struct session *s = session_new(&config, 0);
	struct session_event ev;
	struct fault f;
	static const char told[] =
	    "m2 NO gone\r\n* STATUS b (UIDNEXT 7)\r\n* STA";
	char text[sizeof(told)];

	(void)state;
	feed(s, "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hi\r\n");
	session_greeted(s, 0);
	assert_int_equal(next(s), SESSION_LOGIN);
	session_login(s, "me", "pw", 0);
	feed(s, "m1 OK [CAPABILITY IMAP4rev1] in\r\n");
	assert_int_equal(next(s), SESSION_READY);
	assert_int_equal(session_select(s, "a", NULL, 0, &f), 0);
	memcpy(text, told, sizeof(told));
	feed(s, text);
	assert_int_equal(next(s), SESSION_REFUSED);
	session_keep(s);
	(void)memset(text, '!', sizeof(text));
	assert_int_equal(session_next(s, &ev), 1);
	assert_int_equal(ev.kind, SESSION_STATUS);
	assert_string_equal(ev.name, "b");
	assert_int_equal(session_next(s, &ev), 0);
	feed(s, "TUS c (UIDNEXT 8)\r\n");
	assert_int_equal(session_next(s, &ev), 1);
	assert_string_equal(ev.name, "c");
	assert_int_equal(session_next(s, &ev), 0);
	session_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken_back),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
