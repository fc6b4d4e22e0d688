/* Dead letters as events: which message, whose refusal, and its octets, in the
 * event or beside it.  That each fits its schema is checked where they are made
 * (see event_log.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "bridge/envelope/notice.h"
#include "bridge/fault.h"
#include "bridge/message.h"

/* As it must not matter to a dead letter: no mail, no UTF-8. */
static const char raw[] = "\xFF\0 no mail";

#define RAW64 "/wAgbm8gbWFpbA=="

static const struct message message = { .account = "a b",
	.mailbox = "M\xC3\xBC/x\xFF",
	.uidvalidity = 7,
	.uid = 9,
	.internaldate = 1777631400,
	.has_internaldate = 1,
	.flags = (char *)(uintptr_t) "\\Seen $Junk",
	.raw = (char *)(uintptr_t)raw,
	.raw_len = sizeof(raw) - 1,
	.size = sizeof(raw) - 1 };

static struct event *
make(const struct message *m, enum envelope_cloudevents mode, size_t max)
{
	struct envelope_options o = { .cloudevents = mode,
		.max_event_bytes = max };
	struct event *ev;
	struct fault f;

	ev = notice_refused(m, "k", "too\x1B\xFE large\n", &o, &f);
	assert_non_null(ev);
	assert_string_equal(ev->type, EVENT_REFUSED);
	assert_string_equal(ev->id, "7-9-refused-k");
	assert_string_equal(ev->source, "/mailbridge/a%20b/M%C3%BC%2Fx%FF");
	assert_false(ev->numbered);
	return (ev);
}

/* The data, out of what is around it. */
static json_t *
data_of(const struct event *ev, enum envelope_cloudevents mode)
{
	json_t *all, *data;

	all = json_loadb(ev->data, ev->len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(all);
	if (mode != ENVELOPE_STRUCTURED)
		return (all);
	assert_string_equal(
	    json_string_value(json_object_get(all, "type")), EVENT_REFUSED);
	data = json_incref(json_object_get(all, "data"));
	assert_non_null(data);
	json_decref(all);
	return (data);
}

static const char *
text_of(const json_t *json, const char *key)
{
	return (json_string_value(json_object_get(json, key)));
}

static void
all_is_told_in_each_mode(void **state)
{
	static const enum envelope_cloudevents modes[] = { ENVELOPE_BINARY,
		ENVELOPE_STRUCTURED, ENVELOPE_BARE };
	struct event *ev;
	json_t *data;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		ev = make(&message, modes[i], 0);
		data = data_of(ev, modes[i]);
		assert_string_equal(text_of(data, "id"), "7-9");
		assert_string_equal(text_of(data, "sink"), "k");
		assert_string_equal(
		    text_of(data, "reason"), "too\x1B\xEF\xBF\xBD large\n");
		assert_string_equal(text_of(data, "raw"), RAW64);
		assert_string_equal(
		    text_of(data, "receivedAt"), "2026-05-01T10:30:00Z");
		assert_int_equal(
		    json_array_size(json_object_get(data, "flags")), 2);
		assert_int_equal(ev->nblobs, 0);
		json_decref(data);
		event_free(ev);
	}
}

static void
what_does_not_fit_is_stored(void **state)
{
	struct envelope_options o = { .max_event_bytes = 50 };
	struct event *ev = make(&message, ENVELOPE_BINARY, 0);
	size_t whole = ev->len;
	struct fault f;
	json_t *data;

	(void)state;
	event_free(ev);
	ev = make(&message, ENVELOPE_BINARY, whole);
	assert_int_equal(ev->nblobs, 0);
	event_free(ev);
	ev = make(&message, ENVELOPE_BINARY, whole - 1);
	data = data_of(ev, ENVELOPE_BINARY);
	assert_true(json_is_null(json_object_get(data, "raw")));
	assert_int_equal(ev->nblobs, 1);
	assert_string_equal(ev->blobs[0].id, text_of(data, "blobId"));
	assert_int_equal(ev->blobs[0].len, message.raw_len);
	assert_memory_equal(ev->blobs[0].data, raw, message.raw_len);
	json_decref(data);
	event_free(ev);
	assert_null(notice_refused(&message, "k", "r", &o, &f));
	assert_int_equal(f.kind, FAULT_CONFIG);
}

static void
what_never_came_has_no_octets(void **state)
{
	static const struct message m = { .account = "a b",
		.mailbox = "M\xC3\xBC/x\xFF",
		.uidvalidity = 7,
		.uid = 9,
		.size = 1000,
		.unavailable = 1 };
	struct event *ev;
	json_t *data;

	(void)state;
	ev = make(&m, ENVELOPE_BINARY, 0);
	data = data_of(ev, ENVELOPE_BINARY);
	assert_true(json_is_null(json_object_get(data, "raw")));
	assert_true(json_is_null(json_object_get(data, "blobId")));
	assert_true(json_is_null(json_object_get(data, "receivedAt")));
	assert_int_equal(
	    json_integer_value(json_object_get(data, "size")), 1000);
	assert_int_equal(ev->nblobs, 0);
	json_decref(data);
	event_free(ev);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_told_in_each_mode),
		cmocka_unit_test(what_does_not_fit_is_stored),
		cmocka_unit_test(what_never_came_has_no_octets),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
