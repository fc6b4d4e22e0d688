/* What is repaired, doubted or left out of a mail: the value that the event
 * then has, and the problem that it tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "bridge/limits.h"
#include "bridge/message.h"

/* The JSON of a mail. */
static json_t *
convert_as(const char *raw, size_t len, const struct envelope_options *o)
{
	struct message *m = message_new();
	struct event *ev;
	struct fault f;
	json_t *json;

	assert_non_null(m);
	m->account = "acc";
	m->mailbox = "INBOX";
	m->uidvalidity = 1;
	m->uid = 2;
	assert_non_null(m->raw = malloc(len + 1));
	memcpy(m->raw, raw, len);
	m->raw_len = m->size = len;
	assert_non_null(ev = event_new(m, o, &f));
	json = json_loadb(ev->data, ev->len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	event_free(ev);
	message_free(m);
	return (json);
}

static json_t *
convert(const char *raw, size_t len)
{
	struct envelope_options o = { .attachments = ENVELOPE_INLINE };

	return (convert_as(raw, len, &o));
}

/* The value at "body.text" or "attachments.0.name". */
static json_t *
value_at(json_t *json, const char *path)
{
	char key[64];
	size_t n;

	while (json != NULL && *path != '\0') {
		n = strcspn(path, ".");
		snprintf(key, sizeof(key), "%.*s", (int)n, path);
		path += n + (path[n] == '.');
		json = json_is_array(json)
		    ? json_array_get(json, (size_t)strtoul(key, NULL, 10))
		    : json_object_get(json, key);
	}
	return (json);
}

/* "code: detail" of all problems, joined by "; ". */
static void
assert_problems(json_t *json, const char *want)
{
	char got[600] = "";
	size_t i, n = 0;
	json_t *p;

	json_array_foreach(json_object_get(json, "problems"), i, p)
	{
		n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%s: %s",
		    i != 0 ? "; " : "",
		    json_string_value(json_object_get(p, "code")),
		    json_string_value(json_object_get(p, "detail")));
	}
	assert_string_equal(got, want);
}

struct repair {
	const char *raw;
	size_t len; /* 0: up to the NUL */
	const char *path, *want, *problems;
};

static void
assert_repairs(const struct repair *r, size_t n)
{
	json_t *json, *value;

	for (; n != 0; r++, n--) {
		json = convert(r->raw, r->len != 0 ? r->len : strlen(r->raw));
		value = value_at(json, r->path);
		if (r->want == NULL)
			assert_true(json_is_null(value));
		else if (value == NULL || !json_is_string(value))
			fail_msg("no %s in: %s", r->path, r->raw);
		else
			assert_string_equal(json_string_value(value), r->want);
		assert_problems(json, r->problems);
		json_decref(json);
	}
}

#define BOTH(r) r, sizeof(r) / sizeof(*(r))

static void
headers_are_repaired(void **state)
{
	static const struct repair cases[] = {
		{ "Subject: one\nX: y\nSubject: two\n\n", 0, "subject", "two",
		    "headerRepeated: Subject" },
		{ "From: a@b\nFrom: c@d\n\n", 0, "from.0.email", "c@d",
		    "headerRepeated: From" },
		{ "Message-ID: <a@b>\nMessage-ID: nothing\n\n", 0, "messageId",
		    NULL, "headerRepeated: Message-ID" },
		{ "Subject: a\0b\n\n", 14, "subject", "ab",
		    "nulDropped: Subject" },
		{ "Subject: e\xCC\x81t\xC3\xA9 =?utf-8?q?u=CC=88?=\n\n", 0,
		    "subject", "\xC3\xA9t\xC3\xA9 \xC3\xBC", "" },
		{ "From: =?utf-8?q?A=CC=8A?= <a@b>\n\n", 0, "from.0.name",
		    "\xC3\x85", "" },
		{ "Subject: =?utf-8?b?SGVsb*G8=?=\n\n", 0, "subject", "Hello",
		    "headerCharset: Subject" },
		{ "Subject: x\nno field, and no empty line\n", 0, "body.text",
		    "no field, and no empty line\n",
		    "headerMalformed: lines that are no header field were "
		    "skipped" },
		{ "Date: 1 May 2026 25:00\n\n", 0, "sentAt", NULL,
		    "dateInvalid: the Date field cannot be read" },
		{ "Content-Type: text/plain\nContent-Type: text/html\n\nx", 0,
		    "body.text", "x", "headerRepeated: part 1: Type" },
	};

	(void)state;
	assert_repairs(BOTH(cases));
}

#define FILE(field) \
	"Content-Type: a/b\nContent-Disposition: attachment; " field "\n\nx", 0

static void
file_names_are_repaired(void **state)
{
	static const struct repair cases[] = {
		{ FILE("filename*0=a; filename*1=b; filename*3=c"),
		    "attachments.0.name", "abc", "parameterRepaired: part 1" },
		{ FILE("filename*1=b; filename*2=c"), "attachments.0.name",
		    "bc", "parameterRepaired: part 1" },
		{ FILE("filename*=utf-8''50%25%zz"), "attachments.0.name",
		    "50%%zz", "parameterRepaired: part 1" },
		{ FILE("filename=plain.txt; filename*=utf-8''%C3%A9"),
		    "attachments.0.name", "\xC3\xA9", "" },
		{ FILE("filename*=iso-2022-jp'ja'a%8ab"), "attachments.0.name",
		    "a\xEF\xBF\xBD"
		    "b",
		    "headerCharset: part 1: file name" },
		{ FILE("filename=\xC3\xA9.txt"), "attachments.0.name",
		    "\xC3\xA9.txt", "" },
		{ FILE("filename=caf\xE9.txt"), "attachments.0.name",
		    "caf\xC3\xA9.txt",
		    "headerCharset: Content-Disposition; headerCharset: "
		    "part 1: file name" },
	};

	(void)state;
	assert_repairs(BOTH(cases));
}

#define HTML(text) "Content-Type: text/html\n\n" text, 0

static void
texts_are_repaired(void **state)
{
	static const struct repair cases[] = {
		{ HTML("<meta charset=windows-1250>\x9A"), "body.html",
		    "<meta charset=windows-1250>\xC5\xA1",
		    "charsetGuessed: part 1: windows-1250" },
		{ HTML("<META http-equiv='Content-Type' "
		       "content='text/html; charset=koi8-r'>\xD4"),
		    "body.html",
		    "<META http-equiv='Content-Type' "
		    "content='text/html; charset=koi8-r'>\xD1\x82",
		    "charsetGuessed: part 1: koi8-r" },
		{ HTML("<meta charset=iso-2022-jp>\x1B$BF|\x1B(B"), "body.html",
		    "<meta charset=iso-2022-jp>\xE6\x97\xA5",
		    "charsetGuessed: part 1: iso-2022-jp" },
		{ HTML("<meta charset=windows-1250>\xC3\xA9"), "body.html",
		    "<meta charset=windows-1250>\xC3\xA9",
		    "charsetGuessed: part 1: us-ascii" },
		{ HTML("<meta charset=utf-7>+AOk-"), "body.html",
		    "<meta charset=utf-7>+AOk-", "" },
		{ "Content-Type: text/html; charset=koi8-r\n\n"
		  "<meta charset=windows-1250>\xD4",
		    0, "body.html", "<meta charset=windows-1250>\xD1\x82", "" },
		{ "\nnul: \0.", 8, "body.text", "nul: .",
		    "nulDropped: part 1" },
		{ "\nbegin 644 a.txt\n#0V%T\n`\nend\n", 0, "body.text",
		    "begin 644 a.txt\n#0V%T\n`\nend\n",
		    "textEncoded: part 1: uuencode" },
		{ "\nbegin 644 and so on\nwith words\n", 0, "body.text",
		    "begin 644 and so on\nwith words\n", "" },
		{ "\n=ybegin line=128 size=1 name=a\nk\n=yend size=1\n", 0,
		    "body.text",
		    "=ybegin line=128 size=1 name=a\nk\n=yend size=1\n",
		    "textEncoded: part 1: yEnc" },
		{ "\n(This file must be converted with BinHex 4.0)\n:", 0,
		    "body.text",
		    "(This file must be converted with BinHex 4.0)\n:",
		    "textEncoded: part 1: BinHex" },
		{ "Content-Transfer-Encoding: base64 (c)\n\naGk=", 0,
		    "body.text", "hi", "" },
		{ "Content-Transfer-Encoding: \"base64\";\n\naGk=", 0,
		    "body.text", "hi", "" },
		{ "Content-Transfer-Encoding: base64 \t\n\naGk=", 0,
		    "body.text", "hi", "" },
		{ "Content-Type: a/b\nContent-Transfer-Encoding: binary\n\n"
		  "\0\r\xFF\n",
		    57, "attachments.0.content", "AA3/Cg==", "" },
		{ "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx", 0,
		    "body.text", "x",
		    "multipartUnclosed: its last boundary is missing, it may "
		    "be cut off" },
		{ "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n"
		  "--b--",
		    0, "body.text", "x", "" },
		{ "Content-Transfer-Encoding: x-uuencode\n\nx", 0, "body.text",
		    "x", "encodingUnknown: part 1: x-uuencode" },
	};

	(void)state;
	assert_repairs(BOTH(cases));
}

/* Line ends are LF, and nothing else is changed: no unflowing, no dots. */
static void
lines_are_kept(void **state)
{
	char *line;
	json_t *json;
	static const struct repair cases[] = {
		{ "\na\r\nb\nc\rd\r\r\ne\n\r\n", 0, "body.text",
		    "a\nb\nc\rd\r\ne\n\n", "" },
		{ "Content-Type: text/plain; format=flowed; delsp=yes\n\n"
		  "> on \nand on \n..\n.\n-- \n",
		    0, "body.text", "> on \nand on \n..\n.\n-- \n", "" },
		{ "Content-Type: text/plain; charset=utf-8\n\n"
		  "\xC2\x85 \xE2\x80\xA8 \xE2\x80\xA9 \x0B\x0C",
		    0, "body.text",
		    "\xC2\x85 \xE2\x80\xA8 \xE2\x80\xA9 \x0B\x0C", "" },
	};

	(void)state;
	assert_repairs(BOTH(cases));
	assert_non_null(line = malloc(1000001));
	memset(line, 'x', 1000000);
	line[0] = '\n';
	json = convert(line, 1000000);
	assert_int_equal(
	    json_string_length(value_at(json, "body.text")), 999999);
	assert_problems(json, "");
	json_decref(json);
	free(line);
}

static void
unusual_parts_are_attachments_of_their_type(void **state)
{
	static const char *const types[] = { "application/ms-tnef",
		"application/pkcs7-mime", "application/pkcs7-signature",
		"application/pgp-encrypted", "application/pgp-signature",
		"message/delivery-status", "message/disposition-notification",
		"message/partial", "message/external-body", "text/calendar",
		"message/rfc822" };
	char raw[300];
	size_t i;
	json_t *json;

	(void)state;
	for (i = 0; i < sizeof(types) / sizeof(*types); i++) {
		snprintf(raw, sizeof(raw),
		    "Content-Type: multipart/mixed; boundary=b\n\n"
		    "--b\n\ntext\n--b\nContent-Type: %s\n\n"
		    "Subject: in it\n\nx\n--b--\n",
		    types[i]);
		json = convert(raw, strlen(raw));
		assert_string_equal(
		    json_string_value(value_at(json, "body.text")), "text");
		assert_string_equal(
		    json_string_value(value_at(json, "attachments.0.type")),
		    types[i]);
		/* base64 of "Subject: in it\n\nx" */
		assert_string_equal(
		    json_string_value(value_at(json, "attachments.0.content")),
		    "U3ViamVjdDogaW4gaXQKCng=");
		assert_true(json_is_true(value_at(json, "hasAttachment")));
		assert_problems(json, "");
		json_decref(json);
	}
}

/* A body beyond the limit is cut, and kept whole as a blob. */
static void
what_is_cut_off_a_body_is_stored(void **state)
{
	struct envelope_options o = { .attachments = ENVELOPE_INLINE };
	size_t len = LIMIT_ENVELOPE_TEXT + 100;
	struct message *m = message_new();
	struct event *ev;
	struct fault f;

	(void)state;
	m->account = m->mailbox = "a";
	m->uidvalidity = m->uid = 1;
	assert_non_null(m->raw = malloc(len));
	memset(m->raw, 'x', len);
	m->raw[0] = '\n';
	m->raw_len = m->size = len;
	assert_non_null(ev = event_new(m, &o, &f));
	assert_non_null(strstr(ev->data, "\"bodyTruncated\""));
	assert_int_equal(ev->nblobs, 1);
	assert_int_equal(ev->blobs[0].len, len - 1);
	event_free(ev);
	o.max_event_bytes = 4000;
	m->raw_len = m->size = 8000;
	assert_non_null(ev = event_new(m, &o, &f));
	assert_true(ev->len <= 4000);
	assert_int_equal(ev->nblobs, 1);
	assert_int_equal(ev->blobs[0].len, 7999);
	event_free(ev);
	message_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_repaired),
		cmocka_unit_test(file_names_are_repaired),
		cmocka_unit_test(texts_are_repaired),
		cmocka_unit_test(lines_are_kept),
		cmocka_unit_test(unusual_parts_are_attachments_of_their_type),
		cmocka_unit_test(what_is_cut_off_a_body_is_stored),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
