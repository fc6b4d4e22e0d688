/* fuzz_envelope.c - any bytes give an event, with all options: valid UTF-8 and
 * JSON with unique keys, on one line, that fits its schema and the size asked
 * for, with the blobs that it refers to.  The last four bytes choose the
 * options, so that a mail is a seed as it is. */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "bridge/message.h"
#include "tests/fuzz/help/schema.h"

/* An event of 1000 bytes is mostly coordinates; the schemas' required
 * properties, all null or empty, take some 900 of them in the larger form. */
#define SMALLEST 2000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static json_t *schemas;

static void
fail(const struct event *ev, const char *why)
{
	fprintf(stderr, "%s\n%.*s\n", why, (int)ev->len, ev->data);
	abort();
}

/* The data inside of a CloudEvent, if it is in one. */
static void
check_json(const struct event *ev, const struct envelope_options *o)
{
	json_error_t error;
	json_t *json, *data;

	json = json_loadb(ev->data, ev->len, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL)
		fail(ev, error.text);
	data = json;
	if (o->cloudevents == ENVELOPE_STRUCTURED) {
		data = json_incref(json_object_get(json, "data"));
		/* Its schema names one of the two forms. */
		json_object_set_new(json, "data", json_object());
		if (data == NULL ||
		    json_object_size(json) !=
			json_object_size(json_object_get(
			    json_object_get(schemas, "cloudevent"),
			    "properties")))
			fail(ev, "not all attributes");
	}
	if (!schema_fits(schemas,
		o->format == ENVELOPE_JMAP ? "email" : "envelope", data))
		fail(ev, "does not fit its schema");
	if (data != json)
		json_decref(data);
	json_decref(json);
}

static void
check(const struct event *ev, const struct envelope_options *o)
{
	size_t i, bytes = ev->len;

	check_json(ev, o);
	if (memchr(ev->data, '\n', ev->len) != NULL ||
	    strlen(ev->data) != ev->len)
		fail(ev, "not one line");
	if (o->max_event_bytes != 0 && ev->len > o->max_event_bytes)
		fail(ev, "too long");
	for (i = 0; i < ev->nblobs; i++) {
		bytes += ev->blobs[i].len;
		if (strstr(ev->data, ev->blobs[i].id) == NULL &&
		    strstr(ev->data, "eventCut") == NULL)
			fail(ev, "nobody refers to a blob");
	}
	if (event_footprint(ev) < bytes)
		fail(ev, "its footprint is too small");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const size_t sizes[] = { 0, 0, 700, SMALLEST, 4000, 20000 };
	struct message m = { .account = "a",
		.mailbox = "M/\xC3\xBC",
		.uidvalidity = 7,
		.uid = 9 };
	uint32_t mode = 0;
	struct envelope_options o;
	char flags[] = "\\Seen \\seen $Work \\Recent";
	struct event *ev;
	struct fault f;

	if (schemas == NULL)
		schemas = schema_file("bridge/envelope/schema.json");
	if (len >= sizeof(mode))
		memcpy(&mode, data + len - sizeof(mode), sizeof(mode));
	o = (struct envelope_options){ .attachments = mode % 3,
		.raw = mode / 3 % 3,
		.format = mode / 9 % 2,
		.cloudevents = mode / 18 % 3,
		.max_event_bytes = sizes[mode / 54 % 6] };
	m.flags = flags;
	m.raw = (char *)(uintptr_t)data;
	m.raw_len = len;
	m.size = len + (mode / 324 % 16 == 0);
	m.internaldate = (int64_t)len * 1000003;
	m.has_internaldate = 1;
	m.replay = mode & 1;
	if ((ev = event_new(&m, &o, &f)) == NULL) {
		/* Only a size that is too small may be refused. */
		if (f.kind != FAULT_CONFIG || o.max_event_bytes == 0 ||
		    o.max_event_bytes >= SMALLEST)
			abort();
		return (0);
	}
	check(ev, &o);
	event_free(ev);
	return (0);
}
