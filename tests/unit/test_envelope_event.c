/* From message to event: the text and attachments of RFC 8621, stubs and
 * blobs. */
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
#include "bridge/message.h"
#include "mail_event.h"
#include "rfc8621_example.h"

/* The names of the attachments, in order, joined. */
static void
assert_attachments(json_t *json, const char *want)
{
	json_t *list = json_object_get(json, "attachments"), *a;
	char got[256] = "";
	size_t i, len = 0;

	json_array_foreach(list, i, a)
	{
		const char *name = json_text(a, "name");

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
	json_t *json = mail_convert(RFC8621_EXAMPLE),
	       *body = json_object_get(json, "body");

	(void)state;
	assert_string_equal(json_text(body, "text"), "A\nB\nD\nK");
	assert_string_equal(json_text(body, "html"), "E");
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
	json = mail_convert("Content-Type: multipart/mixed; boundary=b\n\n"
			    "--b\nContent-Type: text/plain; name=first\n\n1\n"
			    "--b\nContent-Type: text/plain; name=second\n\n2\n"
			    "--b--\n");
	assert_string_equal(
	    json_text(json_object_get(json, "body"), "text"), "1");
	assert_attachments(json, "second");
	json_decref(json);
	json = mail_convert("Content-Type: text/html\n\n<p>only</p>");
	assert_null(json_text(json_object_get(json, "body"), "text"));
	assert_string_equal(json_text(json, "preview"), "only");
	json_decref(json);
}

static void
coordinates_and_flags(void **state)
{
	struct message *m = mail_message("Subject: x\n\n", 12);
	struct event *ev;
	json_t *json, *keywords;

	(void)state;
	m->account = "a.b~c d";
	m->mailbox = "Orders/\xC3\xBC 2026";
	m->flags = strdup("\\Seen \\Recent $Work WORK work \\Deleted");
	m->replay = 1;
	ev = mail_event(m, &mail_inline);
	assert_string_equal(ev->id, "1234567890123-42");
	assert_string_equal(
	    ev->source, "/mailbridge/a.b~c%20d/Orders%2F%C3%BC%202026");
	assert_string_equal(ev->time, "2026-05-01T10:30:00Z");
	assert_null(ev->message_id);
	assert_null(ev->thread_id);
	json = mail_json(ev);
	assert_string_equal(json_text(json, "id"), ev->id);
	assert_string_equal(json_text(json, "receivedAt"), ev->time);
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
		m = mail_message(mails[i][0], strlen(mails[i][0]));
		ev = mail_event(m, &mail_inline);
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
	struct message *m = mail_message(NULL, 0);
	struct event *ev;
	json_t *json;

	(void)state;
	m->unavailable = 1;
	ev = mail_event(m, &mail_inline);
	json = mail_json(ev);
	assert_true(json_is_null(json_object_get(json, "blobId")));
	assert_true(json_is_null(json_object_get(json, "bodyStructure")));
	assert_int_equal(json_array_size(json_object_get(json, "headers")), 0);
	assert_true(json_problem(json, "messageUnavailable"));
	json_decref(json);
	event_free(ev);
	message_free(m);
}

static void
a_cut_message_says_so(void **state)
{
	struct envelope_options o = { .attachments = ENVELOPE_INLINE,
		.raw = ENVELOPE_STORE };
	struct message *m = mail_message("Subject: x\n\nstart", 17);
	struct event *ev;
	json_t *json;

	(void)state;
	m->size = 1000;
	ev = mail_event(m, &o);
	json = mail_json(ev);
	assert_true(json_is_null(json_object_get(json, "blobId")));
	assert_int_equal(
	    json_integer_value(json_object_get(json, "size")), 1000);
	assert_true(json_problem(json, "messageTruncated"));
	assert_int_equal(ev->nblobs, 0);
	json_decref(json);
	event_free(ev);
	message_free(m);
}

static void
contents_go_where_they_are_asked_to(void **state)
{
	struct envelope_options o = { .attachments = ENVELOPE_STORE,
		.raw = ENVELOPE_STORE };
	struct message *m =
	    mail_message(mail_two_files, strlen(mail_two_files));
	struct event *ev = mail_event(m, &o);
	json_t *json = mail_json(ev), *a;
	size_t i;

	(void)state;
	/* The raw message and one blob for both files. */
	assert_int_equal(ev->nblobs, 2);
	assert_string_equal(ev->blobs[0].id, json_text(json, "blobId"));
	assert_int_equal(ev->blobs[0].len, strlen(mail_two_files));
	assert_memory_equal(ev->blobs[1].data, "Hello", 5);
	assert_string_equal(ev->blobs[1].id,
	    "sha256-185f8db32271fe25f561a6fc938b2e264306ec304eda518007d17648263"
	    "81969");
	json_array_foreach(json_object_get(json, "attachments"), i, a)
	{
		assert_true(json_is_null(json_object_get(a, "content")));
		assert_string_equal(json_text(a, "blobId"), ev->blobs[1].id);
	}
	assert_null(json_object_get(json, "problems"));
	assert_null(json_object_get(json, "raw"));
	json_decref(json);
	event_free(ev);

	o = (struct envelope_options){ .attachments = ENVELOPE_INLINE,
		.raw = ENVELOPE_INLINE };
	ev = mail_event(m, &o);
	json = mail_json(ev);
	assert_int_equal(ev->nblobs, 0);
	assert_int_equal(strlen(json_text(json, "raw")),
	    (strlen(mail_two_files) + 1) / 3 * 4);
	json_array_foreach(json_object_get(json, "attachments"), i, a)
	    assert_string_equal(json_text(a, "content"), "SGVsbG8=");
	json_decref(json);
	event_free(ev);

	o = (struct envelope_options){ .attachments = ENVELOPE_NONE,
		.raw = ENVELOPE_NONE };
	ev = mail_event(m, &o);
	assert_int_equal(ev->nblobs, 0);
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
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
