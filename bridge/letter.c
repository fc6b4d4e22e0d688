#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bridge/buf.h"
#include "bridge/durable.h"
#include "bridge/envelope/jsonw.h"
#include "bridge/fault.h"
#include "bridge/letter_private.h"
#include "bridge/message.h"
#include "sinks/directory_name.h"

#define DESCRIPTION_MAX (64U * 1024)

static void
put(struct jsonw *j, const char *key, const char *value)
{
	jsonw_key(j, key);
	jsonw_string(j, (struct span){ value, strlen(value) });
}

static void
describe(struct buf *b, const struct message *m, const char *sink,
    const char *reason)
{
	struct jsonw j;

	jsonw_init(&j, b);
	jsonw_open(&j, '{');
	put(&j, "account", m->account);
	put(&j, "mailbox", m->mailbox);
	jsonw_key(&j, "uidValidity");
	jsonw_uint(&j, m->uidvalidity);
	jsonw_key(&j, "uid");
	jsonw_uint(&j, m->uid);
	jsonw_key(&j, "size");
	jsonw_uint(&j, m->size);
	put(&j, "sink", sink);
	put(&j, "reason", reason != NULL ? reason : "");
	put(&j, "flags", m->flags != NULL ? m->flags : "");
	if (m->has_internaldate) {
		jsonw_key(&j, "internalDate");
		jsonw_uint(
		    &j, m->internaldate > 0 ? (uint64_t)m->internaldate : 0);
	}
	if (m->unavailable) {
		jsonw_key(&j, "unavailable");
		jsonw_bool(&j, 1);
	}
	jsonw_close(&j, '}');
	buf_putc(b, '\n');
}

void
letter_name(const struct message *m, char name[LETTER_NAME_SIZE])
{
	char account[DIRECTORY_NAME_MAX + 1], mailbox[DIRECTORY_NAME_MAX + 1];

	directory_name_folder(m->account, account);
	directory_name_folder(m->mailbox, mailbox);
	(void)snprintf(name, LETTER_NAME_SIZE, "%s/%s/%" PRIu64 "-%010" PRIu32,
	    account, mailbox, m->uidvalidity, m->uid);
}

int
letter_write(int state_fd, const struct message *m, const char *sink,
    const char *reason, struct fault *f)
{
	char message[LETTER_NAME_SIZE], stem[LETTER_NAME_SIZE + 160];
	char name[sizeof(stem) + 8];
	struct buf text;
	int result = -1;

	buf_init(&text, DESCRIPTION_MAX);
	letter_name(m, message);
	(void)snprintf(
	    stem, sizeof(stem), LETTER_FOLDER "/%s@%s", message, sink);
	describe(&text, m, sink, reason);
	if (text.failed) {
		fault_set(f, FAULT_RETRY, "dead letter: out of memory");
		goto end;
	}
	(void)snprintf(name, sizeof(name), "%s.eml", stem);
	if (durable_write(state_fd, name, m->raw != NULL ? m->raw : "",
		m->raw_len, f) == -1)
		goto end;
	(void)snprintf(name, sizeof(name), "%s.json", stem);
	result = durable_write(state_fd, name, text.data, text.len, f);
end:
	buf_free(&text);
	return (result);
}
