/* RFC 8621's Email object (section 4.1), as Email/get would answer; and beside
 * it, under names that it does not know, where the message is and what its
 * blobs hold. */
#include <string.h>

#include "bridge/envelope/fields_private.h"

static int
jmap_is_text(const struct part *p)
{
	return (p->in_text || p->in_html);
}

static void
jmap_metadata(
    struct jsonw *j, const struct mail *m, const struct fields_plan *plan)
{
	char id[FIELDS_ID], text[24];
	const char *thread;

	fields_id(m->message, id);
	fields_text(j, "id", id);
	fields_text(j, "blobId", m->blob_id);
	thread = message_thread(m->message, text);
	if (thread == NULL)
		thread = m->thread_id;
	/* Without any id to thread by, it is alone in its thread. */
	fields_text(j, "threadId", thread[0] != '\0' ? thread : id);
	jsonw_key(j, "mailboxIds");
	jsonw_open(j, '{');
	jsonw_key(j, m->mailbox_id);
	jsonw_bool(j, 1);
	jsonw_close(j, '}');
	fields_keywords(j, fields_flag_list(m, plan));
	jsonw_key(j, "size");
	jsonw_uint(j, m->message->size);
	fields_text(j, "receivedAt", m->received_at);
}

/* The EmailBodyValues of the parts of textBody and htmlBody that are text. */
static void
jmap_values(
    struct jsonw *j, const struct mail *m, const struct fields_plan *plan)
{
	const struct part *p;
	struct span all;
	size_t n = 0, max, end;

	jsonw_key(j, "bodyValues");
	jsonw_open(j, '{');
	for (p = m->root; p != NULL && n < plan->attachments;
	     p = part_after(p)) {
		if (!jmap_is_text(p))
			continue;
		n++;
		if (p->in_text) {
			all = (struct span){ m->text.data, m->text.len };
			max = plan->text;
		} else {
			all = (struct span){ m->html.data, m->html.len };
			max = plan->html;
		}
		end = p->text_at + p->text_len;
		jsonw_key_span(j, p->id);
		jsonw_open(j, '{');
		jsonw_key(j, "value");
		jsonw_string(
		    j, span_cut(all, p->text_at, end < max ? end : max));
		jsonw_key(j, "isEncodingProblem");
		jsonw_bool(j, p->doubtful);
		jsonw_key(j, "isTruncated");
		jsonw_bool(j, p->truncated || end > max);
		jsonw_close(j, '}');
	}
	jsonw_close(j, '}');
}

static void
jmap_list(struct jsonw *j, const char *key, const struct body_list *list,
    const struct fields_plan *plan)
{
	size_t i;

	jsonw_key(j, key);
	jsonw_open(j, '[');
	for (i = 0; i < list->n && i < plan->attachments; i++) {
		jsonw_open(j, '{');
		fields_part(j, list->items[i]);
		fields_part_more(j, list->items[i], plan);
		jsonw_close(j, '}');
	}
	jsonw_close(j, ']');
}

static void
jmap_headers(
    struct jsonw *j, const struct mail *m, const struct fields_plan *plan)
{
	size_t i;

	jsonw_key(j, "headers");
	jsonw_open(j, '[');
	for (i = 0; i < m->nheaders && i < plan->headers; i++)
		fields_header(j, m->headers[i].name, m->headers[i].raw);
	jsonw_close(j, ']');
}

static void
jmap_coordinates(
    struct jsonw *j, const struct mail *m, const struct fields_plan *plan)
{
	const struct message *msg = m->message;

	jsonw_key(j, "imap");
	jsonw_open(j, '{');
	fields_span(
	    j, "account", (struct span){ msg->account, strlen(msg->account) });
	fields_span(
	    j, "mailbox", (struct span){ msg->mailbox, strlen(msg->mailbox) });
	jsonw_key(j, "uidValidity");
	jsonw_uint(j, msg->uidvalidity);
	jsonw_key(j, "uid");
	jsonw_uint(j, msg->uid);
	fields_flags(j, fields_flag_list(m, plan));
	fields_server(j, m, plan);
	jsonw_close(j, '}');
}

/* A member of "blobs", which is there from its first member on. */
static void
jmap_blob(struct jsonw *j, const char *id, struct part *p,
    struct fields_hole *holes, size_t *nholes)
{
	if (*nholes == 0) {
		jsonw_key(j, "blobs");
		jsonw_open(j, '{');
	}
	jsonw_key(j, id);
	fields_hole(j, p, holes, nholes);
}

/* What JMAP fetches from its download URL, by blobId: every leaf whose text is
 * not in bodyValues, and the message itself. */
static void
jmap_blobs(struct jsonw *j, const struct mail *m,
    const struct fields_plan *plan, struct fields_hole *holes, size_t *nholes)
{
	size_t n = plan->contents ? plan->attachments : 0;
	struct part *p;

	if (plan->raw)
		jmap_blob(j, m->blob_id, NULL, holes, nholes);
	for (p = m->root; p != NULL && n != 0; p = part_after(p)) {
		if (p->multipart || jmap_is_text(p))
			continue;
		n--;
		if (!p->stored && p->same == NULL)
			jmap_blob(j, p->blob_id, p, holes, nholes);
	}
	if (*nholes != 0)
		jsonw_close(j, '}');
}

void
fields_write_jmap(struct buf *out, const struct mail *m,
    const struct fields_plan *plan, struct fields_hole *holes, size_t *nholes)
{
	struct jsonw j;

	*nholes = 0;
	jsonw_init(&j, out);
	jsonw_open(&j, '{');
	jmap_metadata(&j, m, plan);
	fields_properties(&j, m, plan);
	fields_structure(&j, m, plan);
	jmap_values(&j, m, plan);
	jmap_list(&j, "textBody", &m->body.text, plan);
	jmap_list(&j, "htmlBody", &m->body.html, plan);
	jmap_list(&j, "attachments", &m->body.files, plan);
	jmap_headers(&j, m, plan);
	jmap_coordinates(&j, m, plan);
	jmap_blobs(&j, m, plan, holes, nholes);
	fields_end(&j, m, plan);
	jsonw_close(&j, '}');
}
