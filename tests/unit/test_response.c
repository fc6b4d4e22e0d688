/* The response parser: what it makes of what servers send, however the octets
 * are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/buf.h"
#include "bridge/fault.h"
#include "bridge/imap/response.h"
#include "bridge/limits.h"

static const char *const conditions[] = { "OK", "NO", "BAD", "BYE", "PREAUTH" };

static void
describe_fetch(struct buf *b, const struct response_fetch *f, const char *body)
{
	buf_printf(b, "fetch uid=%u", f->uid);
	if (f->has_flags)
		buf_printf(b, " flags=(%s)", f->flags);
	if (f->has_internaldate)
		buf_printf(b, " date=%lld", (long long)f->internaldate);
	if (f->has_body && f->text != NULL)
		buf_printf(b, " text=%.*s", (int)f->text_len, f->text);
	else if (f->has_body)
		buf_printf(
		    b, " body=%llu:%s", (unsigned long long)f->body_size, body);
	buf_putc(b, '\n');
}

static void
describe(struct buf *b, const struct response *r, const char *body)
{
	uint32_t lo, hi;
	const char *text = r->text;

	switch (r->kind) {
	case RESPONSE_CONTINUE:
		buf_printf(b, "continue %s\n", r->text);
		break;
	case RESPONSE_TAGGED:
		buf_printf(b, "tagged %s %s [%s] %s\n", r->tag,
		    conditions[r->condition], r->code, r->text);
		break;
	case RESPONSE_STATUS:
		buf_printf(b, "status %s [%s] %s\n", conditions[r->condition],
		    r->code, r->text);
		break;
	case RESPONSE_CAPABILITY:
		buf_printf(b, "capability %s\n", r->text);
		break;
	case RESPONSE_EXISTS:
		buf_printf(b, "exists %llu\n", (unsigned long long)r->number);
		break;
	case RESPONSE_EXPUNGE:
		buf_puts(b, "expunge\n");
		break;
	case RESPONSE_SEARCH:
		while (response_range(&text, &lo, &hi))
			buf_printf(b, "found %u:%u\n", lo, hi);
		break;
	case RESPONSE_FETCH:
		describe_fetch(b, &r->fetch, body);
		break;
	default: /* of mailboxes: see test_mailboxes.c */
		break;
	}
}

/* Parse the input cut into pieces of ${step} octets; keep at most ${keep} of
 * each message.  The story as text (to be freed), ended by the fault, if any.
 */
static char *
parse(const char *input, size_t len, size_t step, size_t keep)
{
	struct response_parser *p = response_parser_new();
	struct response r;
	struct fault f;
	struct buf story;
	char *body = calloc(1, keep + 1);
	const char *data;
	size_t n;
	int result = 0;

	buf_init(&story, 1 << 22);
	buf_puts(&story, "");
	while (len > 0 && result != -1) {
		n = len < step ? len : step;
		data = input;
		input += n;
		len -= n;
		while ((result = response_parse(p, &data, &n, &r, &f)) == 1) {
			if (r.kind == RESPONSE_BODY) {
				memset(body, 0, keep + 1);
				response_body(p, body, keep);
			} else {
				describe(&story, &r, body);
			}
		}
	}
	if (result == -1)
		buf_printf(&story, "fault %d\n", f.kind);
	free(body);
	response_parser_free(p);
	return (buf_take(&story));
}

static void
check(const char *input, const char *expected)
{
	size_t len = strlen(input), step;
	char *story;

	for (step = 1; step <= len; step++) {
		story = parse(input, len, step, 64);
		assert_string_equal(story, expected);
		free(story);
	}
}

static void
test_status(void **state)
{
	(void)state;
	check("* OK [CAPABILITY IMAP4rev1 IDLE] ready\r\n",
	    "status OK [CAPABILITY IMAP4rev1 IDLE] ready\n");
	check("* BYE\r\n", "status BYE [] \n");
	check("* ok lower case\r\n", "status OK [] lower case\n");
	check("* PREAUTH hello\r\n", "status PREAUTH [] hello\n");
	check("* OK [UIDNEXT 5]\r\n", "status OK [UIDNEXT 5] \n");
	check("* [ALERT] no condition\r\n", "status OK [ALERT] no condition\n");
	check("m1 NO [AUTHENTICATIONFAILED] no\r\n",
	    "tagged m1 NO [AUTHENTICATIONFAILED] no\n");
	check("m1 OK\r\n", "tagged m1 OK [] \n");
	check("+\r\n+ idling\r\n+idling\r\n",
	    "continue \ncontinue idling\ncontinue idling\n");
	check("\r\n* 3 EXISTS\n", "exists 3\n");
}

static void
test_text_that_looks_like_a_literal(void **state)
{
	(void)state;
	check("* OK text {5}\r\nm1 OK done {3}\r\n* 1 EXISTS\r\n",
	    "status OK [] text {5}\ntagged m1 OK [] done {3}\nexists 1\n");
}

static void
test_search(void **state)
{
	(void)state;
	check("* SEARCH\r\n* SEARCH 1 2 7 \r\n* SEARCH 9\r\n",
	    "found 1:1\nfound 2:2\nfound 7:7\nfound 9:9\n");
	check("* ESEARCH (TAG \"m1\") UID MIN 2 ALL 2:5,9 COUNT 5\r\n",
	    "found 2:5\nfound 9:9\n");
	check("* ESEARCH (TAG \"m1\") UID\r\n", "");
	check("* SEARCH 1 2 (MODSEQ 917162500)\r\n", "found 1:1\nfound 2:2\n");
	check("* SEARCH 0 4294967295 4294967296 99999999999999999999 7\r\n",
	    "found 4294967295:4294967295\nfound 7:7\n");
}

static void
test_long_search(void **state)
{
	struct buf input, expected;
	char *story;
	unsigned i;

	(void)state;
	/* Longer than any line may be: it is never held whole. */
	buf_init(&input, 1 << 22);
	buf_init(&expected, 1 << 22);
	buf_puts(&input, "* SEARCH");
	for (i = 1000000; i < 1060000; i++) {
		buf_printf(&input, " %u", i);
		buf_printf(&expected, "found %u:%u\n", i, i);
	}
	buf_puts(&input, "\r\n* 2 EXISTS\r\n");
	buf_puts(&expected, "exists 2\n");
	assert_true(input.len > LIMIT_IMAP_LINE);
	story = parse(input.data, input.len, 1, 64);
	assert_string_equal(story, expected.data);
	free(story);
	story = parse(input.data, input.len, 65536, 64);
	assert_string_equal(story, expected.data);
	free(story);
	buf_free(&input);
	buf_free(&expected);
}

static void
test_long_esearch(void **state)
{
	struct buf input, expected;
	char *story;
	unsigned i, more;

	(void)state;
	/* A piece may end anywhere in what follows the set. */
	for (more = 0; more < 40; more++) {
		buf_init(&input, 1 << 22);
		buf_init(&expected, 1 << 22);
		buf_puts(&input, "* ESEARCH (TAG \"m1\") UID MIN 1 ALL 1");
		buf_puts(&expected, "found 1:1\n");
		for (i = 0; i < 1000 + more; i++) {
			buf_printf(&input, ",%u:%u", 10 * i + 5, 10 * i + 7);
			buf_printf(
			    &expected, "found %u:%u\n", 10 * i + 5, 10 * i + 7);
		}
		buf_puts(&input, " COUNT 7000 MODSEQ 917162500\r\n");
		story = parse(input.data, input.len, 1 + more, 64);
		assert_string_equal(story, expected.data);
		free(story);
		buf_free(&input);
		buf_free(&expected);
	}
}

static void
test_impossible_literals(void **state)
{
	(void)state;
	check(
	    "* 1 FETCH (UID 1 BODY[] {99999999999999999999}\r\n", "fault 1\n");
	check("* 1 FETCH (UID 1 BODY[] {9223372036854775808}\r\n", "fault 1\n");
	check("* 1 FETCH (UID 1 BODY[] {-5}\r\n", "fault 1\n");
}

static void
test_fetch(void **state)
{
	(void)state;
	check("* 1 FETCH (UID 7 FLAGS (\\Seen $Label) INTERNALDATE "
	      "\"17-Jul-1996 02:44:25 -0700\" BODY[] {5}\r\nhello)\r\n",
	    "fetch uid=7 flags=(\\Seen $Label) date=837596665 body=5:hello\n");
	/* In another order, lower case, with items nobody asked for. */
	check(
	    "* 1 fetch (body[] {2}\r\nhi flags () modseq (12) x-y (a (b \"c)\")"
	    ") uid 7)\r\n",
	    "fetch uid=7 flags=() body=2:hi\n");
	check("* 1 FETCH (UID 7 BODY[] \"quo\\\"ted\")\r\n",
	    "fetch uid=7 text=quo\"ted\n");
	check("* 1 FETCH (UID 7 BODY[] \"twice\" BODY[] {2}\r\nhi)\r\n",
	    "fetch uid=7 body=2:hi\n");
	check("* 1 FETCH (UID 7 BODY[] NIL)\r\n", "fetch uid=7\n");
	check("* 1 FETCH (UID 7 BODY[] {0}\r\n)\r\n", "fetch uid=7 body=0:\n");
	check("* 1 FETCH (UID 7 BODY[]<0> {2}\r\nhi)\r\n",
	    "fetch uid=7 body=2:hi\n");
	check("* 1 FETCH (UID 7 RFC822 ~{2}\r\nhi)\r\n",
	    "fetch uid=7 body=2:hi\n");
	check("* 1 FETCH (UID 7 BODY[]{2+}\nhi)\n", "fetch uid=7 body=2:hi\n");
	check("* 9 UIDFETCH (FLAGS (\\Seen))\r\n",
	    "fetch uid=9 flags=(\\Seen)\n");
	check("* 1 FETCH (FLAGS (\\Seen))\r\n", "fetch uid=0 flags=(\\Seen)\n");
	check("* 1 FETCH (UID -1 MODSEQ (-1))\r\n", "fetch uid=0\n");
	check(
	    "* 1 FETCH (UID 7 INTERNALDATE \"00-Jan-0000 00:00:00 +0000\")\r\n",
	    "fetch uid=7\n");
}

static void
test_message_that_looks_like_a_response(void **state)
{
	(void)state;
	check("* 1 FETCH (UID 1 BODY[] {38}\r\n"
	      "m1 OK done\r\n* BYE\r\nm2 NO x\r\n* 9 EXISTS)\r\nm1 OK x\r\n",
	    "fetch uid=1 body=38:"
	    "m1 OK done\r\n* BYE\r\nm2 NO x\r\n* 9 EXISTS\n"
	    "tagged m1 OK [] x\n");
}

static void
test_small_literal(void **state)
{
	(void)state;
	/* A keyword list or name as a literal is no message data. */
	check("* 1 FETCH (X-NAME {6}\r\na\"b(\\\n UID 3 BODY[] {1}\r\nx)\r\n",
	    "fetch uid=3 body=1:x\n");
	check("* LIST () \"/\" {3}\r\na b\r\n* 1 EXISTS\r\n", "exists 1\n");
}

static void
test_body_is_cut(void **state)
{
	const char *input =
	    "* 1 FETCH (BODY[] {10}\r\n0123456789 UID 4)\r\n* 1 EXISTS\r\n";
	char *story;
	size_t step;

	(void)state;
	for (step = 1; step < strlen(input); step++) {
		story = parse(input, strlen(input), step, 4);
		assert_string_equal(
		    story, "fetch uid=4 body=10:0123\nexists 1\n");
		free(story);
	}
}

static void
test_rubbish(void **state)
{
	(void)state;
	check("* 1 FETCH (((((((((((\r\n* 1 FETCH )\r\n* 1 FETCH (UID\r\n",
	    "fetch uid=0\nfetch uid=0\nfetch uid=0\n");
	check("* 1 FETCH (UID 3 BODY[HEADER.FIELDS (A B)] NIL X)\r\n",
	    "fetch uid=3\n");
	check("*\r\n* \r\n*X\r\nm1\r\nhalf a line\r\n* 1 EXISTS\r\n",
	    "exists 1\n");
	check("* 18446744073709551616 EXISTS\r\n", "");
}

static void
test_limits(void **state)
{
	char *input, *story;
	size_t len = LIMIT_IMAP_LINE + 100;

	(void)state;
	input = malloc(len + 1);
	memset(input, 'x', len);
	input[len] = '\0';
	memcpy(input, "* LIST", 6);
	story = parse(input, len, len, 64);
	assert_string_equal(story, "fault 1\n");
	free(story);
	story = parse("* LIST {99999999}\r\n", 19, 19, 64);
	assert_string_equal(story, "fault 1\n");
	free(story);
	memset(input, '(', len);
	memcpy(input, "* 1 FETCH (X ", 13);
	memcpy(input + 5000, "\r\n* 1 EXISTS\r\n", 14);
	story = parse(input, 5014, 5014, 64);
	assert_non_null(strstr(story, "exists 1\n"));
	free(story);
	free(input);
}

static void
test_codes(void **state)
{
	uint32_t limit, uid;
	uint64_t n;

	(void)state;
	assert_true(response_code_number(
	    "UIDVALIDITY 1528896777421", "UIDVALIDITY", &n));
	assert_int_equal(n, 1528896777421);
	assert_false(response_code_number("UIDVALIDITY", "UIDVALIDITY", &n));
	assert_false(response_code_number("UIDNEXT x", "UIDNEXT", &n));
	assert_true(response_code_is("alert", "ALERT"));
	assert_false(response_code_is("ALERTS", "ALERT"));
	assert_true(
	    response_code_limit("MESSAGELIMIT 1000 23221", &limit, &uid));
	assert_int_equal(limit, 1000);
	assert_int_equal(uid, 23221);
	assert_true(response_code_limit("messagelimit 5 5", &limit, &uid));
	assert_int_equal(uid, 5);
	assert_true(response_code_limit("MESSAGELIMIT 5", &limit, &uid));
	assert_int_equal(uid, 0);
	assert_false(response_code_limit("MESSAGELIMIT", &limit, &uid));
	assert_false(response_code_limit("UIDNEXT 5 5", &limit, &uid));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_text_that_looks_like_a_literal),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_long_search),
		cmocka_unit_test(test_long_esearch),
		cmocka_unit_test(test_impossible_literals),
		cmocka_unit_test(test_fetch),
		cmocka_unit_test(test_message_that_looks_like_a_response),
		cmocka_unit_test(test_small_literal),
		cmocka_unit_test(test_body_is_cut),
		cmocka_unit_test(test_rubbish),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_codes),
	};

	return (cmocka_run_group_tests_name("response", tests, NULL, NULL));
}
