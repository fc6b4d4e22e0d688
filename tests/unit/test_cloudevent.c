/* How an event carries its CloudEvents attributes: beside the data, around it,
 * or not at all; and that it fits with what is around it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "bridge/envelope/cloudevent.h"
#include "bridge/fault.h"
#include "bridge/message.h"

static const char raw[] = "Subject: s\n"
			  "Content-Type: multipart/mixed; boundary=b\n"
			  "\n"
			  "--b\n"
			  "\n"
			  "text\n"
			  "--b\n"
			  "Content-Type: application/pdf\n"
			  "Content-Transfer-Encoding: base64\n"
			  "\n"
			  "YWJj\n"
			  "--b--\n";

static const struct message message = { .account = "a b",
	.mailbox = "M\xC3\xBC/x",
	.uidvalidity = 7,
	.uid = 9,
	.internaldate = 1777631400,
	.has_internaldate = 1,
	.raw = (char *)(uintptr_t)raw,
	.raw_len = sizeof(raw) - 1,
	.size = sizeof(raw) - 1 };

static struct event *
make(const struct message *m, enum envelope_cloudevents mode, size_t max)
{
	struct envelope_options o = { .attachments = ENVELOPE_INLINE,
		.cloudevents = mode,
		.max_event_bytes = max };
	struct event *ev;
	struct fault f;

	assert_non_null(ev = event_new(m, &o, &f));
	assert_int_equal(ev->len, strlen(ev->data));
	return (ev);
}

static json_t *
json_of(const struct event *ev)
{
	json_t *json =
	    json_loadb(ev->data, ev->len, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(json);
	return (json);
}

static const char *
text_of(const json_t *json, const char *key)
{
	return (json_string_value(json_object_get(json, key)));
}

static void
beside_and_nowhere(void **state)
{
	struct event *binary = make(&message, ENVELOPE_BINARY, 0);
	struct event *bare = make(&message, ENVELOPE_BARE, 0);

	(void)state;
	assert_string_equal(binary->type, EVENT_TYPE);
	assert_string_equal(binary->source, "/mailbridge/a%20b/M%C3%BC%2Fx");
	assert_string_equal(binary->content_type, "application/json");
	assert_string_equal(bare->content_type, "application/json");
	assert_int_equal(binary->attributes, 1);
	assert_int_equal(bare->attributes, 0);
	assert_string_equal(binary->data, bare->data);
	event_free(binary);
	event_free(bare);
}

static void
around(void **state)
{
	struct event *plain = make(&message, ENVELOPE_BINARY, 0);
	struct event *ev = make(&message, ENVELOPE_STRUCTURED, 0);
	json_t *json = json_of(ev), *data = json_of(plain);

	(void)state;
	assert_int_equal(ev->attributes, 0);
	assert_string_equal(
	    ev->content_type, "application/cloudevents+json; charset=UTF-8");
	assert_int_equal(json_object_size(json), 7);
	assert_string_equal(text_of(json, "specversion"), "1.0");
	assert_string_equal(text_of(json, "id"), "7-9");
	assert_string_equal(text_of(json, "source"), plain->source);
	assert_string_equal(text_of(json, "type"), EVENT_TYPE);
	assert_string_equal(text_of(json, "time"), "2026-05-01T10:30:00Z");
	assert_string_equal(
	    text_of(json, "datacontenttype"), "application/json");
	assert_true(json_equal(json_object_get(json, "data"), data));
	json_decref(json);
	json_decref(data);
	event_free(ev);
	event_free(plain);
}

static void
an_unknown_time_is_absent(void **state)
{
	struct message m = message;
	struct event *ev;
	json_t *json;

	(void)state;
	m.has_internaldate = 0;
	ev = make(&m, ENVELOPE_STRUCTURED, 0);
	json = json_of(ev);
	assert_null(json_object_get(json, "time"));
	assert_true(json_is_null(
	    json_object_get(json_object_get(json, "data"), "receivedAt")));
	json_decref(json);
	event_free(ev);
}

/* One octet less than the whole, wrapping included, and the attachment leaves
 * the event. */
static void
the_wrapping_counts(void **state)
{
	struct event *ev = make(&message, ENVELOPE_STRUCTURED, 0);
	size_t whole = ev->len, max;
	json_t *json;

	(void)state;
	event_free(ev);
	ev = make(&message, ENVELOPE_STRUCTURED, whole);
	assert_int_equal(ev->len, whole);
	event_free(ev);
	for (max = whole - 1; max > 1200; max--) {
		ev = make(&message, ENVELOPE_STRUCTURED, max);
		assert_in_range(ev->len, 1, max);
		json = json_of(ev);
		assert_non_null(
		    json_object_get(json_object_get(json, "data"), "problems"));
		json_decref(json);
		event_free(ev);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(beside_and_nowhere),
		cmocka_unit_test(around),
		cmocka_unit_test(an_unknown_time_is_absent),
		cmocka_unit_test(the_wrapping_counts),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
