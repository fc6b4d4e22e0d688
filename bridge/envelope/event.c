#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/fault.h"
#include "bridge/message.h"
#include "bridge/envelope/base64.h"
#include "bridge/envelope/cloudevent.h"
#include "bridge/envelope/event.h"
#include "bridge/envelope/fields.h"
#include "bridge/envelope/fit.h"
#include "bridge/envelope/mail.h"

static char *
event_copy(struct span s)
{
	char *p;

	if ((p = malloc(s.len + 1)) == NULL)
		return (NULL);
	if (s.len != 0)
		memcpy(p, s.data, s.len);
	p[s.len] = '\0';
	return (p);
}

/* The first id of the fields in this order, or NULL; 0, or -1. */
static int
event_id_of(
    const struct mail *m, const enum mail_ids *which, size_t n, char **id)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (m->ids[which[i]].n != 0) {
			*id = event_copy(m->ids[which[i]].items[0]);
			return (*id == NULL ? -1 : 0);
		}
	return (0);
}

static int
event_attributes(
    struct event *ev, const struct mail *m, const struct envelope_options *o)
{
	static const enum mail_ids own[] = { MAIL_MESSAGE_ID };
	static const enum mail_ids thread[] = { MAIL_REFERENCES,
		MAIL_IN_REPLY_TO, MAIL_MESSAGE_ID };
	const struct message *msg = m->message;
	char id[FIELDS_ID], text[24];
	const char *theirs;

	fields_id(msg, id);
	ev->uidvalidity = msg->uidvalidity;
	ev->uid = msg->uid;
	ev->epoch = msg->epoch;
	ev->numbered = !msg->replay;
	memcpy(ev->blob_id, m->blob_id, sizeof(ev->blob_id));
	ev->type = EVENT_TYPE;
	cloudevent_carry(ev, o->cloudevents);
	memcpy(ev->time, m->received_at, sizeof(ev->time));
	ev->time[sizeof(ev->time) - 1] = '\0';
	if ((ev->account = strdup(msg->account)) == NULL ||
	    (ev->mailbox = strdup(msg->mailbox)) == NULL ||
	    (ev->id = strdup(id)) == NULL ||
	    (ev->source = cloudevent_source(msg->account, msg->mailbox)) ==
		NULL ||
	    event_id_of(m, own, 1, &ev->message_id) == -1)
		return (-1);
	if ((theirs = message_thread(msg, text)) == NULL)
		return (event_id_of(m, thread, 3, &ev->thread_id));
	return ((ev->thread_id = strdup(theirs)) == NULL ? -1 : 0);
}

/* Put what belongs into a hole to ${to}: ${len} bytes with their quotes. */
static int
event_fill(struct mail *m, struct part *p, char *to, size_t len)
{
	struct span octets = { m->message->raw, m->message->raw_len };

	to[0] = to[len - 1] = '"';
	to++;
	len -= 2;
	/* A sender's flawless base64 is what encoding it anew would give. */
	if (p != NULL && p->canonical && p->encoding == PART_BASE64)
		return (base64_join(p->content, to, len) == len ? 0 : -1);
	if (p != NULL && part_decode(p, &m->scratch, NULL, &octets) == -1)
		return (-1);
	if (BASE64_ENCODED(octets.len) != len)
		return (-1);
	base64_encode(octets, to);
	return (0);
}

static int
event_data(struct event *ev, struct mail *m, struct fit *f)
{
	size_t i, at = 0, n, filling;
	char *to;

	if (f->nholes == 0) {
		ev->len = f->len;
		ev->data = buf_take(&f->json);
		/* It may hold twice as much as it needs. */
		if ((to = realloc(ev->data, ev->len + 1)) != NULL)
			ev->data = to;
		return (0);
	}
	if ((ev->data = to = malloc(f->len + 1)) == NULL)
		return (-1);
	for (i = 0; i <= f->nholes; i++) {
		n = (i < f->nholes ? f->holes[i].at : f->json.len) - at;
		memcpy(to, f->json.data + at, n);
		to += n;
		at += n;
		if (i == f->nholes)
			break;
		filling = fit_filling(f, m, &f->holes[i]);
		if (filling == 0) {
			memcpy(to, "null", 4);
			to += 4;
			continue;
		}
		if (event_fill(m, f->holes[i].part, to, filling) == -1)
			return (-1);
		to += filling;
	}
	*to = '\0';
	ev->len = f->len;
	return (0);
}

/* Add a blob, unless there is one of the same content. */
static int
event_blob(struct event *ev, const char *id, struct span octets)
{
	struct event_blob *b;
	size_t i;

	for (i = 0; i < ev->nblobs; i++)
		if (strcmp(ev->blobs[i].id, id) == 0)
			return (0);
	b = &ev->blobs[ev->nblobs];
	if ((b->data = event_copy(octets)) == NULL)
		return (-1);
	memcpy(b->id, id, HASH_ID);
	b->len = octets.len;
	ev->nblobs++;
	return (0);
}

static int
event_blobs(struct event *ev, struct mail *m, const struct fit *f)
{
	struct span octets = { m->message->raw, m->message->raw_len };
	struct part *p;
	size_t n = (size_t)f->raw_stored;

	for (p = m->root; p != NULL; p = part_after(p))
		n += (size_t)p->stored;
	if (n == 0)
		return (0);
	if ((ev->blobs = calloc(n, sizeof(*ev->blobs))) == NULL)
		return (-1);
	if (f->raw_stored && event_blob(ev, m->blob_id, octets) == -1)
		return (-1);
	for (p = m->root; p != NULL; p = part_after(p))
		if (p->stored &&
		    (part_decode(p, &m->scratch, NULL, &octets) == -1 ||
			event_blob(ev, p->blob_id, octets) == -1))
			return (-1);
	return (0);
}

struct event *
event_new(const struct message *message, const struct envelope_options *o,
    struct fault *f)
{
	struct event *ev = NULL;
	struct fit fit = { .nholes = 0 };
	struct mail m;

	if (mail_open(&m, message) == -1 ||
	    (ev = calloc(1, sizeof(*ev))) == NULL ||
	    event_attributes(ev, &m, o) == -1)
		goto fail;
	if (fit_write(&fit, &m, ev, o, f) == -1) {
		event_free(ev);
		ev = NULL;
		goto done;
	}
	if (event_data(ev, &m, &fit) == -1 || event_blobs(ev, &m, &fit) == -1)
		goto fail;
done:
	fit_free(&fit);
	mail_close(&m);
	return (ev);

fail:
	fault_set(f, FAULT_RETRY, "envelope: out of memory");
	event_free(ev);
	ev = NULL;
	goto done;
}

size_t
event_footprint(const struct event *ev)
{
	size_t i, n = sizeof(*ev) + ev->len + 1;

	n += strlen(ev->account) + strlen(ev->mailbox) + strlen(ev->id) +
	    strlen(ev->source) + 4;
	if (ev->message_id != NULL)
		n += strlen(ev->message_id) + 1;
	if (ev->thread_id != NULL)
		n += strlen(ev->thread_id) + 1;
	for (i = 0; i < ev->nblobs; i++)
		n += sizeof(ev->blobs[i]) + ev->blobs[i].len + 1;
	return (n);
}

struct event *
event_share(struct event *ev)
{
	ev->shares++;
	return (ev);
}

void
event_free(struct event *ev)
{
	size_t i;

	if (ev == NULL || ev->shares-- > 0)
		return;
	for (i = 0; i < ev->nblobs; i++)
		free(ev->blobs[i].data);
	free(ev->blobs);
	free(ev->account);
	free(ev->mailbox);
	free(ev->id);
	free(ev->source);
	free(ev->message_id);
	free(ev->thread_id);
	free(ev->data);
	free(ev);
}
