#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/fault.h"
#include "bridge/message.h"
#include "mail_event.h"

const struct envelope_options mail_inline = { .attachments = ENVELOPE_INLINE };

struct message *
mail_message(const char *raw, size_t len)
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

struct event *
mail_event(struct message *m, const struct envelope_options *o)
{
	struct event *ev;
	struct fault f;

	ev = event_new(m, o, &f);
	assert_non_null(ev);
	assert_int_equal(ev->len, strlen(ev->data));
	assert_null(memchr(ev->data, '\n', ev->len));
	return (ev);
}

json_t *
mail_json(const struct event *ev)
{
	json_error_t error;
	json_t *json;

	json = json_loadb(ev->data, ev->len, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL)
		fail_msg("%s: %s", error.text, ev->data);
	return (json);
}

json_t *
mail_convert(const char *raw)
{
	struct message *m = mail_message(raw, strlen(raw));
	struct event *ev = mail_event(m, &mail_inline);
	json_t *json = mail_json(ev);

	event_free(ev);
	message_free(m);
	return (json);
}

const char *
json_text(json_t *json, const char *key)
{
	return (json_string_value(json_object_get(json, key)));
}

int
json_problem(json_t *json, const char *code)
{
	json_t *problems = json_object_get(json, "problems"), *p;
	size_t i;

	json_array_foreach(problems, i,
	    p) if (strcmp(json_text(p, "code"), code) == 0) return (1);
	return (0);
}

const char mail_two_files[] =
    "Subject: files\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\n\r\ntext\r\n"
    "--b\r\nContent-Type: a/b; name=one\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\nSGVsbG8=\r\n"
    "--b\r\nContent-Type: a/b; name=same\r\n\r\nHello\r\n"
    "--b--\r\n";
