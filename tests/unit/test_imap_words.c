/* Dates, mailbox names, capabilities and verdicts of IMAP. */
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
#include "bridge/imap/capability.h"
#include "bridge/imap/date.h"
#include "bridge/imap/mutf7.h"
#include "bridge/imap/placeholder.h"
#include "bridge/imap/response.h"
#include "bridge/imap/sasl.h"
#include "bridge/imap/verdict.h"
#include "bridge/message.h"

static void
test_dates(void **state)
{
	static const struct {
		const char *text;
		int ok;
		int64_t seconds;
	} table[] = {
		{ "17-Jul-1996 02:44:25 -0700", 1, 837596665 },
		{ " 1-Jan-1970 00:00:00 +0000", 1, 0 },
		{ "1-jan-1970 00:00:00", 1, 0 },
		{ "29-Feb-2024 12:00:00 +0130", 1, 1709202600 },
		{ "31-Dec-1969 23:59:59 +0000", 1, -1 },
		{ "01-Jan-2026 00:00:00 GMT", 1, 1767225600 },
		{ "00-Jan-0000 00:00:00 +0000", 0, 0 },
		{ "1-Foo-2020 00:00:00 +0000", 0, 0 },
		{ "1-Jan-2020", 0, 0 },
		{ "1-Jan-2020 25:00:00 +0000", 0, 0 },
		{ "", 0, 0 },
	};
	int64_t seconds;
	char text[16];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(
		    imap_date_parse(table[i].text, &seconds), table[i].ok);
		if (table[i].ok)
			assert_int_equal(seconds, table[i].seconds);
	}
	imap_date_format(text, sizeof(text), 2026, 1, 5);
	assert_string_equal(text, "05-Jan-2026");
}

static void
test_mailbox_names(void **state)
{
	static const char *const table[][2] = {
		{ "INBOX", "INBOX" },
		{ "Orders/2026", "Orders/2026" },
		{ "A&B", "A&-B" },
		{ "&", "&-" },
		{ "Entw\xc3\xbcrfe", "Entw&APw-rfe" },
		{ "\xe5\x8f\xb0\xe5\x8c\x97", "&U,BTFw-" },
		{ "~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/"
		  "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
		    "~peter/mail/&U,BTFw-/&ZeVnLIqe-" },
		{ "\xf0\x9f\x93\xa7 mail", "&2D3c5w- mail" },
		{ "\xc3\xbc&\xc3\xbc", "&APw-&-&APw-" },
	};
	static const char *const no_utf8[] = { "\xff", "a\xc3", "\xc0\x80",
		"\xed\xa0\x80", "\xf4\x90\x80\x80" };
	static const char *const no_mutf7[] = { "&", "&APw", "&AP!-",
		"\xc3\xbc", "&2D0-", "&3Oc-" };
	char *s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		s = mutf7_encode(table[i][0]);
		assert_string_equal(s, table[i][1]);
		free(s);
		s = mutf7_decode(table[i][1]);
		assert_string_equal(s, table[i][0]);
		free(s);
	}
	for (i = 0; i < sizeof(no_utf8) / sizeof(no_utf8[0]); i++)
		assert_null(mutf7_encode(no_utf8[i]));
	for (i = 0; i < sizeof(no_mutf7) / sizeof(no_mutf7[0]); i++)
		assert_null(mutf7_decode(no_mutf7[i]));
}

static void
test_every_code_point(void **state)
{
	char utf8[8], *name, *back;
	uint32_t c;
	size_t n;

	(void)state;
	for (c = 1; c <= 0x10ffff; c += c < 0x3000 ? 1 : 997) {
		if (c >= 0xd800 && c < 0xe000)
			continue;
		n = 0;
		if (c < 0x80) {
			utf8[n++] = (char)c;
		} else if (c < 0x800) {
			utf8[n++] = (char)(0xc0 | c >> 6);
		} else if (c < 0x10000) {
			utf8[n++] = (char)(0xe0 | c >> 12);
			utf8[n++] = (char)(0x80 | (c >> 6 & 0x3f));
		} else {
			utf8[n++] = (char)(0xf0 | c >> 18);
			utf8[n++] = (char)(0x80 | (c >> 12 & 0x3f));
			utf8[n++] = (char)(0x80 | (c >> 6 & 0x3f));
		}
		if (c >= 0x80)
			utf8[n++] = (char)(0x80 | (c & 0x3f));
		utf8[n] = '\0';
		name = mutf7_encode(utf8);
		assert_non_null(name);
		back = mutf7_decode(name);
		assert_string_equal(back, utf8);
		free(name);
		free(back);
	}
}

static void
test_login_choice(void **state)
{
	unsigned set;

	(void)state;
	set =
	    capability_read("IMAP4rev1 sasl-ir AUTH=PLAIN LOGINDISABLED IDLE");
	assert_int_equal(set,
	    CAPABILITY_IMAP4 | CAPABILITY_SASL_IR | CAPABILITY_AUTH_PLAIN |
		CAPABILITY_LOGINDISABLED | CAPABILITY_IDLE);
	assert_int_equal(sasl_choose(set), SASL_PLAIN);
	assert_int_equal(
	    sasl_choose(capability_read("IMAP4 IDLEX ")), SASL_LOGIN_COMMAND);
	assert_int_equal(
	    sasl_choose(capability_read("LOGINDISABLED")), SASL_NONE);
	assert_int_equal(
	    sasl_choose(capability_read("AUTH=LOGIN LOGINDISABLED")),
	    SASL_LOGIN);
}

static enum fault_kind
login_verdict(enum response_condition condition, const char *code,
    const char *text, unsigned long *ms)
{
	struct response r = {
		.condition = condition, .code = code, .text = text
	};
	struct fault f;

	verdict_login(&r, "LOGIN", &f);
	assert_non_null(strstr(f.text, text));
	*ms = f.retry_ms;
	return (f.kind);
}

static void
test_refused_logins(void **state)
{
	static const struct {
		enum response_condition condition;
		const char *code, *text;
		enum fault_kind kind;
		unsigned long ms;
	} table[] = {
		{ RESPONSE_NO, "AUTHENTICATIONFAILED", "Authentication failed.",
		    FAULT_AUTH, 0 },
		{ RESPONSE_NO, "AUTHENTICATIONFAILED", "try again", FAULT_AUTH,
		    0 },
		{ RESPONSE_NO, "", "LOGIN failed.", FAULT_AUTH, 0 },
		{ RESPONSE_NO, "AUTHORIZATIONFAILED", "temporarily not yours",
		    FAULT_AUTH, 0 },
		{ RESPONSE_NO, "EXPIRED", "try again", FAULT_AUTH, 0 },
		{ RESPONSE_NO, "PRIVACYREQUIRED", "Not in the clear",
		    FAULT_AUTH, 0 },
		{ RESPONSE_NO, "CONTACTADMIN", "Locked", FAULT_AUTH, 0 },
		{ RESPONSE_NO, "SERVERBUG", "oops", FAULT_RETRY, 0 },
		{ RESPONSE_NO, "CORRUPTION", "", FAULT_RETRY, 0 },
		{ RESPONSE_NO, "THROTTLED", "", FAULT_RETRY, 0 },
		{ RESPONSE_NO, "UNAVAILABLE", "Temporary failure", FAULT_RETRY,
		    0 },
		{ RESPONSE_NO, "INUSE", "", FAULT_RETRY, 0 },
		{ RESPONSE_NO, "ALERT", "Too many simultaneous connections.",
		    FAULT_RETRY, 0 },
		{ RESPONSE_BYE, "", "going down", FAULT_RETRY, 0 },
		{ RESPONSE_BAD, "",
		    "Request is throttled. Suggested Backoff Time: 299910 "
		    "milliseconds",
		    FAULT_RETRY, 299910 },
		{ RESPONSE_NO, "OVERQUOTA",
		    "Account exceeded command or bandwidth limits. (Failure)",
		    FAULT_RETRY, 5000 },
		{ RESPONSE_NO, "LIMIT", "AUTHENTICATE Rate limit hit.",
		    FAULT_RETRY, 5000 },
		{ RESPONSE_NO, "", "You are throttled: retry after 2 minutes",
		    FAULT_RETRY, 120000 },
		{ RESPONSE_NO, "UNAVAILABLE",
		    "Throttled, wait 1500ms (0.012 + 0.000 secs).", FAULT_RETRY,
		    1500 },
		{ RESPONSE_NO, "UNAVAILABLE",
		    "Try again later (1.012 + 0.000 secs).", FAULT_RETRY, 0 },
		{ RESPONSE_NO, "", "Too many requests, try again in 30 seconds",
		    FAULT_RETRY, 30000 },
		{ RESPONSE_NO, "LIMIT",
		    "Suggested Backoff Time: 99999999999999999999 milliseconds",
		    FAULT_RETRY, 1800000 },
	};
	unsigned long ms;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(login_verdict(table[i].condition,
				     table[i].code, table[i].text, &ms),
		    table[i].kind);
		assert_int_equal(ms, table[i].ms);
	}
}

#define PLACEHOLDER_HEAD                                                    \
	"From: Microsoft Exchange Server 2010\r\nSubject: Retrieval using " \
	"the IMAP4 protocol failed for the following\r\n message: 7\r\n"
#define PLACEHOLDER_TEXT                                                  \
	"\r\nThe server couldn't retrieve the following message:\r\n\r\n" \
	"Subject: \"Invoice\"\r\n"

static int
is_placeholder(const char *head, const char *text, int apart)
{
	struct message m = { .joined = apart };
	char raw[600];

	m.raw = raw;
	m.raw_len = (size_t)snprintf(raw, sizeof(raw), "%s%s", head, text);
	return (placeholder_is(&m));
}

static void
test_placeholders(void **state)
{
	const char *head = "From: a@b\r\nSubject: c\r\n", *text = "\r\nd\r\n";

	(void)state;
	assert_true(is_placeholder(PLACEHOLDER_HEAD, PLACEHOLDER_TEXT, 0));
	assert_false(is_placeholder(head, PLACEHOLDER_TEXT, 0));
	assert_false(is_placeholder(PLACEHOLDER_HEAD, text, 0));
	/* Apart, one of both may have come when the other could not. */
	assert_true(is_placeholder(head, PLACEHOLDER_TEXT, 1));
	assert_true(is_placeholder(PLACEHOLDER_HEAD, text, 1));
	assert_false(is_placeholder(head, text, 1));
	assert_false(is_placeholder("", "", 1));
}

static void
test_token_answers(void **state)
{
	char text[40];
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	assert_int_equal(
	    sasl_answer(SASL_OAUTHBEARER, 0, "a=b,c@x", "t", &b), 0);
	assert_string_equal(
	    b.data, "bixhPWE9M0RiPTJDY0B4LAFhdXRoPUJlYXJlciB0AQE=");
	buf_clear(&b);
	assert_int_equal(sasl_answer(SASL_XOAUTH2, 1, "u", "t", &b), 0);
	assert_int_equal(b.len, 0);
	assert_int_equal(sasl_answer(SASL_XOAUTH2, 2, "u", "t", &b), -1);
	assert_int_equal(sasl_answer(SASL_OAUTHBEARER, 2, "u", "t", &b), -1);
	buf_free(&b);
	/* A number will do, rubbish tells nothing, and nothing overflows. */
	assert_true(sasl_error("eyJzdGF0dXMiOjQwMX0=", text, sizeof(text)));
	assert_string_equal(text, "status 401");
	assert_true(sasl_error("eyJzdGF0dXMiOjQwMX0=", text, 8));
	assert_string_equal(text, "status ");
	assert_false(sasl_error("", text, sizeof(text)));
	assert_false(sasl_error("e30=", text, sizeof(text)));
	assert_false(sasl_error("not base64!", text, sizeof(text)));
	assert_false(sasl_error("WzFd", text, sizeof(text)));
	assert_string_equal(text, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_placeholders),
		cmocka_unit_test(test_token_answers),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_mailbox_names),
		cmocka_unit_test(test_every_code_point),
		cmocka_unit_test(test_login_choice),
		cmocka_unit_test(test_refused_logins),
	};

	return (cmocka_run_group_tests_name("imap words", tests, NULL, NULL));
}
