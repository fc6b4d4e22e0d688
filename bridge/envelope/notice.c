#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/buf.h"
#include "bridge/envelope/base64.h"
#include "bridge/envelope/cloudevent.h"
#include "bridge/envelope/date.h"
#include "bridge/envelope/fields.h"
#include "bridge/envelope/hash.h"
#include "bridge/envelope/jsonw.h"
#include "bridge/envelope/notice.h"
#include "bridge/fault.h"
#include "bridge/limits.h"
#include "bridge/message.h"
#include "bridge/reset.h"

static void
put(struct jsonw *j, const char *key, const char *value)
{
	jsonw_key(j, key);
	jsonw_maybe(
	    j, (struct span){ value, value != NULL ? strlen(value) : 0 });
}

static void
put_number(struct jsonw *j, const char *key, uint64_t value)
{
	jsonw_key(j, key);
	jsonw_uint(j, value);
}

/* "\\Seen $Junk" as a list. */
static void
put_flags(struct jsonw *j, const char *flags)
{
	size_t len;

	jsonw_key(j, "flags");
	jsonw_open(j, '[');
	for (; *flags != '\0'; flags += len + (flags[len] != '\0')) {
		len = strcspn(flags, " ");
		jsonw_string(j, (struct span){ flags, len });
	}
	jsonw_close(j, ']');
}

/* The attributes; 0, or -1 if memory is out. */
static int
begin(struct event *ev, const char *type, const struct message *m,
    const char *id, enum envelope_cloudevents mode)
{
	char time[DATE_TEXT];

	ev->type = type;
	ev->uidvalidity = m->uidvalidity;
	ev->uid = m->uid;
	cloudevent_carry(ev, mode);
	ev->epoch = m->epoch;
	if (m->has_internaldate && date_utc(m->internaldate, time) == 0)
		(void)snprintf(ev->time, sizeof(ev->time), "%.*s",
		    (int)sizeof(ev->time) - 1, time);
	if ((ev->account = strdup(m->account)) == NULL ||
	    (ev->mailbox = strdup(m->mailbox)) == NULL ||
	    (ev->id = strdup(id)) == NULL ||
	    (ev->source = cloudevent_source(m->account, m->mailbox)) == NULL)
		return (-1);
	return (0);
}

struct refusal {
	const struct message *message;
	const char *sink;
	const char *reason;
	char blob[HASH_ID];
	int raw; /* inline */
};

static void
write_refused(struct buf *out, const struct event *ev, const struct refusal *r)
{
	const struct message *m = r->message;
	size_t len = BASE64_ENCODED(m->raw_len);
	char id[FIELDS_ID];
	struct jsonw j;

	fields_id(m, id);
	jsonw_init(&j, out);
	jsonw_open(&j, '{');
	put(&j, "account", m->account);
	put(&j, "mailbox", m->mailbox);
	put_number(&j, "uidValidity", m->uidvalidity);
	put_number(&j, "uid", m->uid);
	put(&j, "id", id);
	put(&j, "sink", r->sink);
	put(&j, "reason", r->reason);
	put_flags(&j, m->flags != NULL ? m->flags : "");
	put(&j, "receivedAt", ev->time[0] != '\0' ? ev->time : NULL);
	put_number(&j, "size", m->size);
	put(&j, "blobId", m->unavailable ? NULL : r->blob);
	jsonw_key(&j, "raw");
	if (!r->raw) {
		jsonw_null(&j);
	} else {
		jsonw_hole(&j);
		(void)buf_putc(out, '"');
		if (buf_reserve(out, len) == 0) {
			base64_encode((struct span){ m->raw, m->raw_len },
			    out->data + out->len);
			out->len += len;
		}
		(void)buf_putc(out, '"');
	}
	jsonw_close(&j, '}');
}

/* The mail itself is not in the event: store it. */
static int
store_raw(struct event *ev, const struct refusal *r)
{
	const struct message *m = r->message;

	if (r->raw || m->unavailable)
		return (0);
	if ((ev->blobs = calloc(1, sizeof(*ev->blobs))) == NULL ||
	    (ev->blobs[0].data = malloc(m->raw_len + 1)) == NULL)
		return (-1);
	if (m->raw_len > 0)
		memcpy(ev->blobs[0].data, m->raw, m->raw_len);
	memcpy(ev->blobs[0].id, r->blob, sizeof(r->blob));
	ev->blobs[0].len = m->raw_len;
	ev->nblobs = 1;
	return (0);
}

static int
name_blob(struct refusal *r)
{
	struct hash *hash;
	int rc;

	if ((hash = hash_new()) == NULL)
		return (-1);
	rc = hash_name(hash,
	    (struct span){ r->message->raw, r->message->raw_len }, r->blob);
	hash_free(hash);
	return (rc);
}

struct event *
notice_refused(const struct message *m, const char *sink, const char *reason,
    const struct envelope_options *o, struct fault *f)
{
	struct refusal r = { .message = m, .sink = sink, .reason = reason };
	struct event *ev = NULL;
	char of[FIELDS_ID];
	struct buf id, data;

	buf_init(&id, LIMIT_FLAGS);
	buf_init(&data, LIMIT_ENVELOPE_EVENT);
	fields_id(m, of);
	if (buf_printf(&id, "%s-refused-%s", of, sink) == -1 ||
	    name_blob(&r) == -1 || (ev = calloc(1, sizeof(*ev))) == NULL ||
	    begin(ev, EVENT_REFUSED, m, id.data, o->cloudevents) == -1)
		goto fail;
	for (r.raw = !m->unavailable;; r.raw = 0) {
		buf_clear(&data);
		cloudevent_open(&data, ev, o->cloudevents);
		write_refused(&data, ev, &r);
		cloudevent_close(&data, o->cloudevents);
		if (data.failed && !r.raw)
			goto fail;
		if (!data.failed &&
		    (o->max_event_bytes == 0 || data.len <= o->max_event_bytes))
			break;
		data.failed = 0;
		if (!r.raw) {
			fault_set(f, FAULT_CONFIG,
			    "a dead letter of %zu octets does not fit: the "
			    "sink takes %zu",
			    data.len, o->max_event_bytes);
			goto end;
		}
	}
	if (store_raw(ev, &r) == -1)
		goto fail;
	ev->len = data.len;
	ev->data = buf_take(&data);
	buf_free(&id);
	return (ev);

fail:
	fault_set(f, FAULT_RETRY, "dead letter: out of memory");
end:
	buf_free(&id);
	buf_free(&data);
	event_free(ev);
	return (NULL);
}

static void
write_reset(struct buf *out, const struct message *m)
{
	const struct reset *r = m->reset;
	char id[FIELDS_ID], at[DATE_TEXT];
	struct jsonw j;

	fields_id(m, id);
	if (date_utc(m->internaldate, at) == -1)
		at[0] = '\0';
	jsonw_init(&j, out);
	jsonw_open(&j, '{');
	put(&j, "account", m->account);
	put(&j, "mailbox", m->mailbox);
	put_number(&j, "uidValidity", r->uidvalidity);
	put(&j, "id", id);
	put(&j, "at", at[0] != '\0' ? at : NULL);
	put(&j, "cause", reset_cause_name(r->cause));
	put(&j, "policy", r->policy);
	jsonw_key(&j, "previous");
	jsonw_open(&j, '{');
	put_number(&j, "uidValidity", r->old_uidvalidity);
	put_number(&j, "uid", r->old_uid);
	jsonw_close(&j, '}');
	put_number(&j, "uid", r->uid);
	jsonw_key(&j, "uidNext");
	if (r->uidnext != 0)
		jsonw_uint(&j, r->uidnext);
	else
		jsonw_null(&j);
	put_number(&j, "exists", r->exists);
	put_number(&j, "matched", r->matched);
	put_number(&j, "passed", r->passed);
	put_number(&j, "published", r->published);
	put_number(&j, "uncertain", r->uncertain);
	put_number(&j, "epoch", r->epoch);
	jsonw_close(&j, '}');
}

int
notice_text(struct message *m)
{
	struct buf text;

	buf_init(&text, LIMIT_ENVELOPE_EVENT);
	write_reset(&text, m);
	if (text.failed) {
		buf_free(&text);
		return (-1);
	}
	m->size = m->raw_len = text.len;
	m->raw = buf_take(&text);
	return (0);
}

struct event *
notice_reset(
    const struct message *m, const struct envelope_options *o, struct fault *f)
{
	struct event *ev;
	char id[FIELDS_ID];
	struct buf data;

	buf_init(&data, LIMIT_ENVELOPE_EVENT);
	fields_id(m, id);
	if ((ev = calloc(1, sizeof(*ev))) == NULL ||
	    begin(ev, EVENT_RESET, m, id, o->cloudevents) == -1)
		goto fail;
	cloudevent_open(&data, ev, o->cloudevents);
	write_reset(&data, m);
	cloudevent_close(&data, o->cloudevents);
	if (data.failed)
		goto fail;
	ev->len = data.len;
	ev->data = buf_take(&data);
	return (ev);

fail:
	fault_set(f, FAULT_RETRY, "notice of a reset: out of memory");
	buf_free(&data);
	event_free(ev);
	return (NULL);
}
