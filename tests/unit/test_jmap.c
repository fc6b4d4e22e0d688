/* envelope.format jmap: RFC 8621's Email object, by the RFC's own examples; and
 * that it fits, refers and says its problems as envelope v1 does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "bridge/buf.h"
#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "bridge/message.h"
#include "rfc8621_example.h"

static struct event *
event_of(const char *raw, size_t size, const struct envelope_options *o)
{
	struct message m = { .account = "acc",
		.mailbox = "INBOX",
		.uidvalidity = 7,
		.uid = 9,
		.internaldate = 1777631400,
		.has_internaldate = 1,
		.flags = (char[]){ "\\Seen $Work" },
		.raw = (char *)(uintptr_t)raw,
		.raw_len = raw != NULL ? strlen(raw) : 0,
		.size = size };
	struct envelope_options jmap = *o;
	struct event *ev;
	struct fault f;

	jmap.format = ENVELOPE_JMAP;
	if (raw == NULL)
		m.unavailable = 1;
	assert_non_null(ev = event_new(&m, &jmap, &f));
	assert_int_equal(ev->len, strlen(ev->data));
	return (ev);
}

static json_t *
json_of(struct event *ev)
{
	json_error_t e;
	json_t *json;

	json = json_loadb(ev->data, ev->len, JSON_REJECT_DUPLICATES, &e);
	if (json == NULL)
		fail_msg("%s: %s", e.text, ev->data);
	return (json);
}

static json_t *
convert(const char *raw)
{
	struct envelope_options o = { .attachments = ENVELOPE_INLINE };
	struct event *ev = event_of(raw, strlen(raw), &o);
	json_t *json = json_of(ev);

	event_free(ev);
	return (json);
}

static const char *
text_at(const json_t *json, const char *key)
{
	return (json_string_value(json_object_get(json, key)));
}

/* The names of the parts in a list; text parts have their text for one. */
static void
assert_list(const json_t *email, const char *key, const char *expected)
{
	const json_t *values = json_object_get(email, "bodyValues"), *value;
	const json_t *part;
	struct buf names;
	size_t i;

	buf_init(&names, 1000);
	json_array_foreach(json_object_get(email, key), i, part)
	{
		value = json_object_get(values, text_at(part, "partId"));
		buf_printf(&names, "%s%s", i == 0 ? "" : " ",
		    value != NULL ? text_at(value, "value")
				  : text_at(part, "name"));
	}
	assert_string_equal(names.data != NULL ? names.data : "", expected);
	buf_free(&names);
}

/* RFC 8621 section 4.1.4. */
static void
the_example_of_the_rfc(void **state)
{
	json_t *json = convert(RFC8621_EXAMPLE);

	(void)state;
	assert_list(json, "textBody", "A B C D K");
	assert_list(json, "htmlBody", "A E K");
	assert_list(json, "attachments", "C F G H J");
	assert_int_equal(
	    json_object_size(json_object_get(json, "bodyValues")), 5);
	assert_int_equal(json_object_size(json_object_get(json, "blobs")), 5);
	json_decref(json);
}

/* RFC 8621 sections 4.1.2.1 and 4.1.2.3: the same field raw and as addresses.
 */
static void
headers_are_raw(void **state)
{
	static const char value[] =
	    "   \"  James Smythe\" <james@example.com>, Friends:\r\n"
	    "  jane@example.com, =?UTF-8?Q?John_Sm=C3=AEth?=\r\n"
	    "   <john@example.com>;";
	struct buf raw;
	json_t *json, *from, *header;

	(void)state;
	buf_init(&raw, 1000);
	buf_printf(&raw, "From:%s\r\nX-Empty:\r\nX-\xC3\xA9: a\xFF\x80\r\n\r\n",
	    value);
	json = convert(raw.data);
	buf_free(&raw);
	header = json_array_get(json_object_get(json, "headers"), 0);
	assert_string_equal(text_at(header, "name"), "From");
	assert_string_equal(text_at(header, "value"), value);
	header = json_array_get(json_object_get(json, "headers"), 1);
	assert_string_equal(text_at(header, "value"), "");
	from = json_object_get(json, "from");
	assert_int_equal(json_array_size(from), 3);
	assert_string_equal(
	    text_at(json_array_get(from, 0), "name"), "James Smythe");
	assert_null(text_at(json_array_get(from, 1), "name"));
	assert_string_equal(
	    text_at(json_array_get(from, 2), "name"), "John Sm\xC3\xAEth");
	json_decref(json);
}

static const char two_parts[] = "Message-ID: <a@b>\n"
				"References: <first@b> <second@b>\n"
				"Content-Type: multipart/mixed; boundary=b\n\n"
				"--b\nContent-Type: text/plain;\n"
				"\tcharset=us-ascii\n\nna\xC3\xAFve\r\nline\n"
				"--b\nContent-Type: text/html\n\n<p>h\n"
				"--b\nContent-Type: image/png; name=one\n"
				"Content-Language: de, en\n"
				"Content-Transfer-Encoding: base64\n\nYWJj\n"
				"--b\nContent-Type: image/png; name=two\n"
				"Content-Disposition: attachment\n\nabc\n"
				"--b--\n";

static void
metadata_and_parts(void **state)
{
	json_t *json = convert(two_parts), *part, *value, *imap;

	(void)state;
	assert_string_equal(text_at(json, "id"), "7-9");
	assert_string_equal(
	    text_at(json, "receivedAt"), "2026-05-01T10:30:00Z");
	assert_true(json_is_true(
	    json_object_get(json_object_get(json, "keywords"), "$seen")));
	assert_int_equal(
	    json_object_size(json_object_get(json, "mailboxIds")), 1);
	/* printf first@b | sha256sum */
	assert_string_equal(text_at(json, "threadId"),
	    "sha256-"
	    "ac4622691873b51ddf29be0c94ebe55484399947ebff4a8bb5d759da5fe64109");
	imap = json_object_get(json, "imap");
	assert_int_equal(json_object_size(imap), 5);
	assert_string_equal(text_at(imap, "account"), "acc");
	assert_int_equal(
	    json_integer_value(json_object_get(imap, "uidValidity")), 7);
	assert_int_equal(json_array_size(json_object_get(imap, "flags")), 2);
	value = json_object_get(json_object_get(json, "bodyValues"), "1");
	assert_string_equal(text_at(value, "value"), "na\xC3\xAFve\nline");
	assert_true(json_is_true(json_object_get(value, "isEncodingProblem")));
	assert_true(json_is_false(json_object_get(value, "isTruncated")));
	value = json_object_get(json_object_get(json, "bodyValues"), "2");
	assert_true(json_is_false(json_object_get(value, "isEncodingProblem")));
	part = json_array_get(json_object_get(json, "textBody"), 0);
	assert_string_equal(
	    text_at(
		json_array_get(json_object_get(part, "headers"), 0), "value"),
	    " text/plain;\n\tcharset=us-ascii");
	part = json_array_get(json_object_get(json, "attachments"), 0);
	assert_string_equal(text_at(part, "name"), "two");
	assert_int_equal(json_object_size(part), 11);
	/* Their content is the same, and there once. */
	assert_int_equal(json_object_size(json_object_get(json, "blobs")), 1);
	assert_string_equal(
	    text_at(json_object_get(json, "blobs"), text_at(part, "blobId")),
	    "YWJj");
	json_decref(json);
}

static void
contents_go_where_they_are_asked_to(void **state)
{
	struct envelope_options o = { .attachments = ENVELOPE_STORE,
		.raw = ENVELOPE_INLINE };
	struct event *ev = event_of(two_parts, strlen(two_parts), &o);
	json_t *json = json_of(ev), *blobs = json_object_get(json, "blobs");

	(void)state;
	assert_int_equal(ev->nblobs, 1);
	assert_int_equal(json_object_size(blobs), 1);
	assert_non_null(text_at(blobs, text_at(json, "blobId")));
	json_decref(json);
	event_free(ev);
	o = (struct envelope_options){ .attachments = ENVELOPE_NONE };
	ev = event_of(two_parts, strlen(two_parts), &o);
	json = json_of(ev);
	assert_int_equal(ev->nblobs, 0);
	assert_null(json_object_get(json, "blobs"));
	json_decref(json);
	event_free(ev);
}

static void
what_is_cut_is_marked(void **state)
{
	static const char raw[] = "Subject: s\n\nthe text";
	struct envelope_options o = { .attachments = ENVELOPE_INLINE,
		.raw = ENVELOPE_INLINE };
	struct event *ev = event_of(raw, 1000, &o);
	json_t *json = json_of(ev);

	(void)state;
	assert_true(json_is_null(json_object_get(json, "blobId")));
	assert_null(json_object_get(json, "blobs"));
	assert_true(json_is_true(json_object_get(
	    json_object_get(json_object_get(json, "bodyValues"), "1"),
	    "isTruncated")));
	json_decref(json);
	event_free(ev);
	ev = event_of(NULL, 1000, &o);
	json = json_of(ev);
	assert_true(json_is_null(json_object_get(json, "bodyStructure")));
	assert_string_equal(text_at(json, "threadId"), "7-9");
	assert_list(json, "textBody", "");
	json_decref(json);
	event_free(ev);
}

static int
is_cut(const json_t *json)
{
	const json_t *value;
	const char *id;

	json_object_foreach(json_object_get(json, "bodyValues"), id,
	    value) if (json_is_true(json_object_get(value,
			   "isTruncated"))) return (1);
	return (0);
}

static int
has_problem(const json_t *json, const char *code)
{
	const json_t *p;
	size_t i;

	json_array_foreach(json_object_get(json, "problems"), i,
	    p) if (strcmp(text_at(p, "code"), code) == 0) return (1);
	return (0);
}

static void
it_always_fits(void **state)
{
	struct envelope_options o = { .attachments = ENVELOPE_INLINE,
		.raw = ENVELOPE_INLINE };
	struct event *ev;
	struct buf raw;
	size_t max;
	json_t *json;
	int i;

	(void)state;
	buf_init(&raw, 1 << 20);
	buf_puts(
	    &raw, "To: a@b\nContent-Type: multipart/mixed; boundary=b\n\n");
	for (i = 0; i < 30; i++) {
		buf_printf(&raw,
		    "--b\nX-Part: %d\nContent-Type: text/%s\n\npart \"%d\"\n",
		    i,
		    i % 3 == 0	     ? "plain"
			: i % 3 == 1 ? "html"
				     : "csv",
		    i);
		buf_printf(&raw, "%0*d\xE2\x82\xAC\n", i * 20, i);
	}
	buf_puts(&raw, "--b--\n");
	ev = event_of(raw.data, raw.len, &o);
	max = ev->len;
	event_free(ev);
	for (; max > 1300; max = max * 19 / 20) {
		o.max_event_bytes = max;
		ev = event_of(raw.data, raw.len, &o);
		assert_in_range(ev->len, 1, max);
		json = json_of(ev);
		assert_int_equal(json_integer_value(json_object_get(
				     json_object_get(json, "imap"), "uid")),
		    9);
		if (max > 20000)
			assert_int_equal(
			    is_cut(json), has_problem(json, "bodyTruncated"));
		json_decref(json);
		event_free(ev);
	}
	buf_free(&raw);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_the_rfc),
		cmocka_unit_test(headers_are_raw),
		cmocka_unit_test(metadata_and_parts),
		cmocka_unit_test(contents_go_where_they_are_asked_to),
		cmocka_unit_test(what_is_cut_is_marked),
		cmocka_unit_test(it_always_fits),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
