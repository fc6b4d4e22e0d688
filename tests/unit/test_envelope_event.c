/* From message to event: the text and attachments of RFC 8621, stubs, blobs,
 * limits, and that an event always fits. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "bridge/buf.h"
#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "bridge/message.h"
#include "rfc8621_example.h"

static const struct envelope_options inline_all = { .attachments =
							ENVELOPE_INLINE };

static struct message *
make(const char *raw, size_t len)
{
	struct message *m = message_new();

	assert_non_null(m);
	m->account = "acc";
	m->mailbox = "INBOX";
	m->uidvalidity = 1234567890123;
	m->uid = 42;
	m->internaldate = 1777631400;
	m->has_internaldate = 1;
	if (raw != NULL) {
		assert_non_null(m->raw = malloc(len + 1));
		memcpy(m->raw, raw, len);
		m->raw_len = m->size = len;
	}
	return (m);
}

static struct event *
event_of(struct message *m, const struct envelope_options *o)
{
	struct event *ev;
	struct fault f;

	ev = event_new(m, o, &f);
	assert_non_null(ev);
	assert_int_equal(ev->len, strlen(ev->data));
	assert_null(memchr(ev->data, '\n', ev->len));
	return (ev);
}

static json_t *
json_of(const struct event *ev)
{
	json_error_t error;
	json_t *json;

	json = json_loadb(ev->data, ev->len, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL)
		fail_msg("%s: %s", error.text, ev->data);
	return (json);
}

static json_t *
convert(const char *raw)
{
	struct message *m = make(raw, strlen(raw));
	struct event *ev = event_of(m, &inline_all);
	json_t *json = json_of(ev);

	event_free(ev);
	message_free(m);
	return (json);
}

static const char *
string_at(json_t *json, const char *key)
{
	return (json_string_value(json_object_get(json, key)));
}

static int
has_problem(json_t *json, const char *code)
{
	json_t *problems = json_object_get(json, "problems"), *p;
	size_t i;

	json_array_foreach(problems, i,
	    p) if (strcmp(string_at(p, "code"), code) == 0) return (1);
	return (0);
}

/* The names of the attachments, in order, joined. */
static void
assert_attachments(json_t *json, const char *want)
{
	json_t *list = json_object_get(json, "attachments"), *a;
	char got[256] = "";
	size_t i, len = 0;

	json_array_foreach(list, i, a)
	{
		const char *name = string_at(a, "name");

		len += (size_t)snprintf(got + len, sizeof(got) - len, "%s%s",
		    i != 0 ? " " : "", name != NULL ? name : "-");
	}
	assert_string_equal(got, want);
}

/* The example of RFC 8621 section 4.1.4, its parts A to K:
 * textBody [A, B, C, D, K], htmlBody [A, E, K], attachments [C, F, G, H, J].
 * Our body joins what is text/plain and what is text/html of those; all other
 * leaves are attachments. */
static void
bodies_follow_the_example_of_rfc_8621(void **state)
{
	json_t *json = convert(RFC8621_EXAMPLE),
	       *body = json_object_get(json, "body");

	(void)state;
	assert_string_equal(string_at(body, "text"), "A\nB\nD\nK");
	assert_string_equal(string_at(body, "html"), "E");
	assert_attachments(json, "C F G H J");
	assert_true(json_is_true(json_object_get(json, "hasAttachment")));
	assert_null(json_object_get(json, "problems"));
	json_decref(json);
}

static void
a_text_file_is_an_attachment_unless_first(void **state)
{
	json_t *json;

	(void)state;
	json = convert("Content-Type: multipart/mixed; boundary=b\n\n"
		       "--b\nContent-Type: text/plain; name=first\n\n1\n"
		       "--b\nContent-Type: text/plain; name=second\n\n2\n"
		       "--b--\n");
	assert_string_equal(
	    string_at(json_object_get(json, "body"), "text"), "1");
	assert_attachments(json, "second");
	json_decref(json);
	json = convert("Content-Type: text/html\n\n<p>only</p>");
	assert_null(string_at(json_object_get(json, "body"), "text"));
	assert_string_equal(string_at(json, "preview"), "only");
	json_decref(json);
}

static void
coordinates_and_flags(void **state)
{
	struct message *m = make("Subject: x\n\n", 12);
	struct event *ev;
	json_t *json, *keywords;

	(void)state;
	m->account = "a.b~c d";
	m->mailbox = "Orders/\xC3\xBC 2026";
	m->flags = strdup("\\Seen \\Recent $Work WORK work \\Deleted");
	m->replay = 1;
	ev = event_of(m, &inline_all);
	assert_string_equal(ev->id, "1234567890123-42");
	assert_string_equal(
	    ev->source, "/mailbridge/a.b~c%20d/Orders%2F%C3%BC%202026");
	assert_string_equal(ev->time, "2026-05-01T10:30:00Z");
	assert_null(ev->message_id);
	assert_null(ev->thread_id);
	json = json_of(ev);
	assert_string_equal(string_at(json, "id"), ev->id);
	assert_string_equal(string_at(json, "receivedAt"), ev->time);
	assert_int_equal(json_array_size(json_object_get(json, "flags")), 6);
	keywords = json_object_get(json, "keywords");
	assert_int_equal(json_object_size(keywords), 3);
	assert_true(json_is_true(json_object_get(keywords, "$seen")));
	assert_true(json_is_true(json_object_get(keywords, "$work")));
	assert_true(json_is_true(json_object_get(keywords, "work")));
	assert_true(json_is_true(json_object_get(json, "replay")));
	assert_true(event_footprint(ev) > ev->len);
	json_decref(json);
	event_free(ev);
	message_free(m);
}

static void
threads_have_a_key(void **state)
{
	static const char *const mails[][3] = {
		{ "Message-ID: <m@x>\n\n", "m@x", "m@x" },
		{ "Message-ID: <m@x>\nIn-Reply-To: <p@x>\n\n", "m@x", "p@x" },
		{ "References: <r@x> <p@x>\nIn-Reply-To: <p@x>\n\n", NULL,
		    "r@x" },
	};
	struct message *m;
	struct event *ev;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(mails) / sizeof(*mails); i++) {
		m = make(mails[i][0], strlen(mails[i][0]));
		ev = event_of(m, &inline_all);
		if (mails[i][1] == NULL)
			assert_null(ev->message_id);
		else
			assert_string_equal(ev->message_id, mails[i][1]);
		assert_string_equal(ev->thread_id, mails[i][2]);
		event_free(ev);
		message_free(m);
	}
}

static void
what_cannot_be_had_is_a_stub(void **state)
{
	struct message *m = make(NULL, 0);
	struct event *ev;
	json_t *json;

	(void)state;
	m->unavailable = 1;
	ev = event_of(m, &inline_all);
	json = json_of(ev);
	assert_true(json_is_null(json_object_get(json, "blobId")));
	assert_true(json_is_null(json_object_get(json, "bodyStructure")));
	assert_int_equal(json_array_size(json_object_get(json, "headers")), 0);
	assert_true(has_problem(json, "messageUnavailable"));
	json_decref(json);
	event_free(ev);
	message_free(m);
}

static void
a_cut_message_says_so(void **state)
{
	struct envelope_options o = { .attachments = ENVELOPE_INLINE,
		.raw = ENVELOPE_STORE };
	struct message *m = make("Subject: x\n\nstart", 17);
	struct event *ev;
	json_t *json;

	(void)state;
	m->size = 1000;
	ev = event_of(m, &o);
	json = json_of(ev);
	assert_true(json_is_null(json_object_get(json, "blobId")));
	assert_int_equal(
	    json_integer_value(json_object_get(json, "size")), 1000);
	assert_true(has_problem(json, "messageTruncated"));
	assert_int_equal(ev->nblobs, 0);
	json_decref(json);
	event_free(ev);
	message_free(m);
}

static const char two_files[] =
    "Subject: files\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\n\r\ntext\r\n"
    "--b\r\nContent-Type: a/b; name=one\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\nSGVsbG8=\r\n"
    "--b\r\nContent-Type: a/b; name=same\r\n\r\nHello\r\n"
    "--b--\r\n";

static void
contents_go_where_they_are_asked_to(void **state)
{
	struct envelope_options o = { .attachments = ENVELOPE_STORE,
		.raw = ENVELOPE_STORE };
	struct message *m = make(two_files, sizeof(two_files) - 1);
	struct event *ev = event_of(m, &o);
	json_t *json = json_of(ev), *a;
	size_t i;

	(void)state;
	/* The raw message and one blob for both files. */
	assert_int_equal(ev->nblobs, 2);
	assert_string_equal(ev->blobs[0].id, string_at(json, "blobId"));
	assert_int_equal(ev->blobs[0].len, sizeof(two_files) - 1);
	assert_memory_equal(ev->blobs[1].data, "Hello", 5);
	assert_string_equal(ev->blobs[1].id,
	    "sha256-185f8db32271fe25f561a6fc938b2e264306ec304eda518007d17648263"
	    "81969");
	json_array_foreach(json_object_get(json, "attachments"), i, a)
	{
		assert_true(json_is_null(json_object_get(a, "content")));
		assert_string_equal(string_at(a, "blobId"), ev->blobs[1].id);
	}
	assert_null(json_object_get(json, "problems"));
	assert_null(json_object_get(json, "raw"));
	json_decref(json);
	event_free(ev);

	o = (struct envelope_options){ .attachments = ENVELOPE_INLINE,
		.raw = ENVELOPE_INLINE };
	ev = event_of(m, &o);
	json = json_of(ev);
	assert_int_equal(ev->nblobs, 0);
	assert_int_equal(
	    strlen(string_at(json, "raw")), sizeof(two_files) / 3 * 4);
	json_array_foreach(json_object_get(json, "attachments"), i, a)
	    assert_string_equal(string_at(a, "content"), "SGVsbG8=");
	json_decref(json);
	event_free(ev);

	o = (struct envelope_options){ .attachments = ENVELOPE_NONE,
		.raw = ENVELOPE_NONE };
	ev = event_of(m, &o);
	assert_int_equal(ev->nblobs, 0);
	event_free(ev);
	message_free(m);
}

/* A mail with everything that can be too long. */
static struct message *
make_long(void)
{
	struct message *m;
	struct buf b;
	int i;

	buf_init(&b, 1 << 22);
	buf_puts(&b, "Subject: ");
	for (i = 0; i < 500; i++)
		buf_puts(&b, "long ");
	buf_puts(&b, "\nTo: ");
	for (i = 0; i < 500; i++)
		buf_printf(&b, "user%d@example.org,\n ", i);
	for (i = 0; i < 500; i++)
		buf_printf(&b, "\nX-Field-%d: value \"%d\"", i, i);
	buf_puts(&b,
	    "\nContent-Type: multipart/mixed; boundary=b\n\n"
	    "--b\nContent-Type: text/plain; charset=utf-8\n\n");
	for (i = 0; i < 2000; i++)
		buf_puts(&b, "\xE2\x82\xAC \"quoted\"\n");
	buf_puts(&b, "--b\nContent-Type: text/html; charset=utf-8\n\n");
	for (i = 0; i < 2000; i++)
		buf_puts(&b, "<p>\xC3\xA9\t</p>\n");
	for (i = 0; i < 50; i++) {
		int k;

		buf_printf(&b, "--b\nContent-Type: a/b; name=n%d\n\n", i);
		for (k = 0; k < i * 10; k++)
			buf_printf(&b, "%d and %d\n", i, k);
	}
	buf_puts(&b, "--b--\n");
	m = make(b.data, b.len);
	buf_free(&b);
	return (m);
}

static void
an_event_always_fits(void **state)
{
	struct envelope_options o = inline_all;
	struct message *m = make_long();
	struct event *ev;
	struct fault f;
	size_t max, full, contents = 0, i;
	json_t *json, *a;

	(void)state;
	o.raw = ENVELOPE_INLINE;
	ev = event_of(m, &o);
	full = ev->len;
	assert_int_equal(ev->nblobs, 0);
	event_free(ev);
	for (max = full; max > 900; max = max * 19 / 20) {
		o.max_event_bytes = max;
		ev = event_of(m, &o);
		assert_in_range(ev->len, 1, max);
		json = json_of(ev);
		assert_int_equal(
		    json_integer_value(json_object_get(json, "uid")), 42);
		/* What is not in it is a blob. */
		contents = 0;
		json_array_foreach(json_object_get(json, "attachments"), i, a)
		    contents += json_is_null(json_object_get(a, "content"));
		assert_true(ev->nblobs >= contents);
		if (contents != 0)
			assert_true(has_problem(json, "attachmentReferenced"));
		json_decref(json);
		event_free(ev);
	}
	o.max_event_bytes = 100;
	assert_null(event_new(m, &o, &f));
	assert_int_equal(f.kind, FAULT_CONFIG);
	message_free(m);
}

static void
the_largest_leave_first(void **state)
{
	struct envelope_options o = inline_all;
	struct message *m = make_long();
	struct event *ev = event_of(m, &o);
	json_t *json, *list;

	(void)state;
	o.max_event_bytes = ev->len - 1;
	event_free(ev);
	ev = event_of(m, &o);
	json = json_of(ev);
	list = json_object_get(json, "attachments");
	assert_int_equal(ev->nblobs, 1);
	assert_true(json_is_null(json_object_get(
	    json_array_get(list, json_array_size(list) - 1), "content")));
	assert_false(has_problem(json, "bodyTruncated"));
	json_decref(json);
	event_free(ev);
	message_free(m);
}

/* Bombs: bounded work, and an event that says what was cut. */

static json_t *
convert_buf(struct buf *b)
{
	json_t *json = convert(b->data);

	buf_free(b);
	return (json);
}

static void
nesting_is_cut(void **state)
{
	struct buf b;
	json_t *json;
	int i;

	(void)state;
	buf_init(&b, 1 << 24);
	for (i = 0; i < 3000; i++)
		buf_printf(&b,
		    "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i,
		    i);
	buf_puts(&b, "\ndeep down\n");
	json = convert_buf(&b);
	assert_true(has_problem(json, "structureCut"));
	json_decref(json);
}

static void
parts_are_cut(void **state)
{
	struct buf b;
	json_t *json;
	int i;

	(void)state;
	buf_init(&b, 1 << 24);
	buf_puts(&b, "Content-Type: multipart/mixed; boundary=b\n\n");
	for (i = 0; i < 100000; i++)
		buf_puts(&b, "--b\n\nx\n");
	json = convert_buf(&b);
	assert_true(has_problem(json, "structureCut"));
	json_decref(json);
}

static void
headers_are_cut(void **state)
{
	struct buf b;
	json_t *json;
	int i;

	(void)state;
	buf_init(&b, 1 << 24);
	buf_puts(&b, "To: ");
	for (i = 0; i < 20000; i++)
		buf_printf(&b, "u%d@x,", i);
	for (i = 0; i < 5000; i++)
		buf_printf(&b, "\nX: %d", i);
	buf_puts(&b, "\n\nbody");
	json = convert_buf(&b);
	assert_true(has_problem(json, "headersCut"));
	assert_true(has_problem(json, "recipientsCut"));
	assert_int_equal(json_array_size(json_object_get(json, "to")), 2000);
	assert_string_equal(
	    string_at(json_object_get(json, "body"), "text"), "body");
	json_decref(json);
}

/* Several threads convert at once, as the workers do. */
static void *
convert_often(void *arg)
{
	const char *want = arg;
	struct envelope_options o = inline_all;
	int i;

	for (i = 0; i < 200; i++) {
		struct message *m = make(two_files, sizeof(two_files) - 1);
		struct event *ev = event_of(m, &o);
		int same = strcmp(ev->data, want) == 0;

		event_free(ev);
		message_free(m);
		if (!same)
			return (arg);
	}
	return (NULL);
}

static void
workers_do_not_disturb_one_another(void **state)
{
	struct message *m = make(two_files, sizeof(two_files) - 1);
	struct event *ev = event_of(m, &inline_all);
	pthread_t threads[4];
	void *rc;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, convert_often, ev->data),
		    0);
	for (i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &rc), 0);
		assert_null(rc);
	}
	event_free(ev);
	message_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_follow_the_example_of_rfc_8621),
		cmocka_unit_test(a_text_file_is_an_attachment_unless_first),
		cmocka_unit_test(coordinates_and_flags),
		cmocka_unit_test(threads_have_a_key),
		cmocka_unit_test(what_cannot_be_had_is_a_stub),
		cmocka_unit_test(a_cut_message_says_so),
		cmocka_unit_test(contents_go_where_they_are_asked_to),
		cmocka_unit_test(an_event_always_fits),
		cmocka_unit_test(the_largest_leave_first),
		cmocka_unit_test(nesting_is_cut),
		cmocka_unit_test(parts_are_cut),
		cmocka_unit_test(headers_are_cut),
		cmocka_unit_test(workers_do_not_disturb_one_another),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
