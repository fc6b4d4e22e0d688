#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bridge/buf.h"
#include "bridge/envelope/jsonw.h"
#include "bridge/fault.h"
#include "bridge/message.h"
#include "bridge/publish/letter_private.h"
#include "bridge/reset.h"
#include "bridge/store/durable.h"
#include "sinks/directory/directory_name.h"

#define DESCRIPTION_MAX (64U * 1024)

static void
put(struct jsonw *j, const char *key, const char *value)
{
	jsonw_key(j, key);
	jsonw_string(j, (struct span){ value, strlen(value) });
}

/* Those that are not there are left out. */
static void
put_some(struct jsonw *j, const char *key, const char *value)
{
	if (value != NULL)
		put(j, key, value);
}

static void
put_yes(struct jsonw *j, const char *key, int value)
{
	if (!value)
		return;
	jsonw_key(j, key);
	jsonw_bool(j, 1);
}

/* As text: what reads it knows 63 bits. */
static void
put_number(struct jsonw *j, const char *key, uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	if (value != 0)
		put(j, key, text);
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
	put_yes(&j, "unavailable", m->unavailable);
	put_yes(&j, "incomplete", m->incomplete);
	put_yes(&j, "joined", m->joined);
	put_yes(&j, "placeholder", m->placeholder);
	put_some(&j, "emailId", m->email_id);
	put_some(&j, "threadId", m->thread_id);
	put_some(&j, "gmailLabels", m->gm_labels);
	put_number(&j, "gmailMsgId", m->gm_msgid);
	put_number(&j, "gmailThrId", m->gm_thrid);
	if (m->has_savedate) {
		jsonw_key(&j, "saveDate");
		jsonw_uint(&j, m->savedate > 0 ? (uint64_t)m->savedate : 0);
	}
	if (m->epoch != 0) {
		jsonw_key(&j, "epoch");
		jsonw_uint(&j, m->epoch);
	}
	if (m->reset != NULL) {
		jsonw_key(&j, "reset");
		jsonw_uint(&j, m->reset->epoch);
	}
	if (m->uncertain) {
		jsonw_key(&j, "maybeRepeated");
		jsonw_bool(&j, 1);
	}
	jsonw_close(&j, '}');
	buf_putc(b, '\n');
}

void
letter_name(const struct message *m, char name[LETTER_NAME_SIZE])
{
	char account[DIRECTORY_NAME_MAX + 1], mailbox[DIRECTORY_NAME_MAX + 1];
	char epoch[24] = "";

	directory_name_folder(m->account, account);
	directory_name_folder(m->mailbox, mailbox);
	if (m->reset != NULL) {
		(void)snprintf(name, LETTER_NAME_SIZE,
		    "%s/%s/%" PRIu64 "-reset-%" PRIu64, account, mailbox,
		    m->uidvalidity, m->reset->epoch);
		return;
	}
	if (m->epoch != 0)
		(void)snprintf(epoch, sizeof(epoch), "-%" PRIu64, m->epoch);
	(void)snprintf(name, LETTER_NAME_SIZE,
	    "%s/%s/%" PRIu64 "-%010" PRIu32 "%s", account, mailbox,
	    m->uidvalidity, m->uid, epoch);
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
