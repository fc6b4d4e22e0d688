#include <string.h>

#include "bridge/envelope/fields_private.h"

static void
fields_coordinates(
    struct jsonw *j, const struct mail *m, const struct fields_plan *plan)
{
	const struct message *msg = m->message;
	struct span flags = fields_flag_list(m, plan);
	char id[FIELDS_ID];

	fields_id(msg, id);
	fields_span(
	    j, "account", (struct span){ msg->account, strlen(msg->account) });
	fields_span(
	    j, "mailbox", (struct span){ msg->mailbox, strlen(msg->mailbox) });
	jsonw_key(j, "uidValidity");
	jsonw_uint(j, msg->uidvalidity);
	jsonw_key(j, "uid");
	jsonw_uint(j, msg->uid);
	fields_text(j, "id", id);
	fields_flags(j, flags);
	fields_text(j, "receivedAt", m->received_at);
	fields_text(j, "blobId", m->blob_id);
	jsonw_key(j, "size");
	jsonw_uint(j, msg->size);
	fields_keywords(j, flags);
	fields_server(j, m, plan);
}

static void
fields_headers(struct jsonw *j, const struct mail *m, size_t max)
{
	size_t i;

	jsonw_key(j, "headers");
	jsonw_open(j, '[');
	for (i = 0; i < m->nheaders && i < max; i++)
		fields_header(j, m->headers[i].name, m->headers[i].value);
	jsonw_close(j, ']');
}

static void
fields_body(
    struct jsonw *j, const struct mail *m, const struct fields_plan *plan)
{
	struct span text = { m->text.data, m->text.len };
	struct span html = { m->html.data, m->html.len };

	jsonw_key(j, "body");
	jsonw_open(j, '{');
	jsonw_key(j, "text");
	if (m->has_text)
		jsonw_string(j, span_cut(text, 0, plan->text));
	else
		jsonw_null(j);
	jsonw_key(j, "html");
	if (m->has_html)
		jsonw_string(j, span_cut(html, 0, plan->html));
	else
		jsonw_null(j);
	jsonw_close(j, '}');
}

static void
fields_attachments(struct jsonw *j, const struct mail *m, size_t max,
    struct fields_hole *holes, size_t *nholes)
{
	struct part *p;
	size_t n = 0;

	jsonw_key(j, "attachments");
	jsonw_open(j, '[');
	for (p = m->root; p != NULL && n < max; p = part_after(p)) {
		if (p->multipart || p->in_text || p->in_html)
			continue;
		jsonw_open(j, '{');
		fields_part(j, p);
		jsonw_key(j, "content");
		fields_hole(j, p, holes, nholes);
		jsonw_close(j, '}');
		n++;
	}
	jsonw_close(j, ']');
}

void
fields_write(struct buf *out, const struct mail *m,
    const struct fields_plan *plan, struct fields_hole *holes, size_t *nholes)
{
	struct jsonw j;

	*nholes = 0;
	jsonw_init(&j, out);
	jsonw_open(&j, '{');
	fields_coordinates(&j, m, plan);
	fields_properties(&j, m, plan);
	fields_structure(&j, m, plan);
	fields_headers(&j, m, plan->headers);
	fields_body(&j, m, plan);
	fields_attachments(&j, m, plan->attachments, holes, nholes);
	if (plan->raw) {
		jsonw_key(&j, "raw");
		fields_hole(&j, NULL, holes, nholes);
	}
	fields_end(&j, m, plan);
	jsonw_close(&j, '}');
}
