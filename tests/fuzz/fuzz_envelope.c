/* fuzz_envelope.c - any bytes give an event: valid UTF-8, valid JSON with
 * unique keys, on one line, within the size asked for.  The last byte chooses
 * the options, so that a mail is a seed as it is. */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "bridge/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(const struct event *ev, const struct envelope_options *o)
{
	json_error_t error;
	json_t *json;

	json = json_loadb(ev->data, ev->len, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL) {
		fprintf(
		    stderr, "%s\n%.*s\n", error.text, (int)ev->len, ev->data);
		abort();
	}
	json_decref(json);
	if (memchr(ev->data, '\n', ev->len) != NULL ||
	    strlen(ev->data) != ev->len)
		abort();
	if (o->max_event_bytes != 0 && ev->len > o->max_event_bytes)
		abort();
	if (event_footprint(ev) < ev->len)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const size_t sizes[] = { 0, 700, 1500, 4000 };
	struct message m = { .account = "a",
		.mailbox = "M/\xC3\xBC",
		.uidvalidity = 7,
		.uid = 9 };
	unsigned mode = len != 0 ? data[len - 1] : 0;
	struct envelope_options o = { .attachments = mode % 3,
		.raw = mode / 3 % 3,
		.format = mode / 36 % 2,
		.cloudevents = mode / 72 % 3,
		.max_event_bytes = sizes[mode / 9 % 4] };
	char flags[] = "\\Seen \\seen $Work \\Recent";
	struct event *ev;
	struct fault f;

	m.flags = flags;
	m.raw = (char *)(uintptr_t)data;
	m.raw_len = len;
	m.size = len + (mode >= 250);
	m.internaldate = (int64_t)len * 1000003;
	m.has_internaldate = 1;
	m.replay = mode & 1;
	if ((ev = event_new(&m, &o, &f)) == NULL) {
		/* Only a size that is too small may be refused. */
		if (f.kind != FAULT_CONFIG || o.max_event_bytes != 700)
			abort();
		return (0);
	}
	check(ev, &o);
	event_free(ev);
	return (0);
}
