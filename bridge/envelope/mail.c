#include <stdlib.h>
#include <string.h>

#include "bridge/limits.h"
#include "bridge/envelope/base64.h"
#include "bridge/envelope/mail.h"
#include "bridge/envelope/mail_private.h"
#include "bridge/envelope/mime.h"
#include "bridge/envelope/preview.h"
#include "bridge/envelope/text.h"

static const struct span mail_nothing = { NULL, 0 };

/* What one leaf holds: its size, its hash, perhaps text. */
static int
mail_leaf(struct mail *m, struct part *p, struct hash *hash)
{
	struct span octets;

	if (part_decode(p, &m->scratch, &m->problems, &octets) == -1)
		return (-1);
	p->size = octets.len;
	if (hash_name(hash, octets, p->blob_id) == -1)
		return (-1);
	if (p->in_text) {
		if (text_append(
			&m->text, p, octets, m->has_text, &m->problems) == -1)
			return (-1);
		m->has_text = 1;
	}
	if (p->in_html) {
		if (text_append(
			&m->html, p, octets, m->has_html, &m->problems) == -1)
			return (-1);
		m->has_html = 1;
	}
	return (0);
}

static int
mail_parts(
    struct mail *m, struct span head, struct span body, struct hash *hash)
{
	const struct body *lists = &m->body;
	struct part *p;
	size_t i;

	m->root = mime_parse(&m->arena, &m->problems, head, body);
	if (m->root == NULL)
		return (-1);
	for (p = m->root; p != NULL; p = part_after(p))
		m->nparts++;
	if (body_sort(&m->body, &m->arena, m->root, m->nparts) == -1)
		return (-1);
	for (i = 0; i < lists->text.n; i++)
		if (span_is(lists->text.items[i]->type, "text/plain"))
			lists->text.items[i]->in_text = 1;
	for (i = 0; i < lists->html.n; i++)
		if (span_is(lists->html.items[i]->type, "text/html"))
			lists->html.items[i]->in_html = 1;
	for (i = 0; i < lists->files.n; i++)
		if (!span_is(lists->files.items[i]->disposition, "inline"))
			m->has_attachment = 1;
	for (p = m->root; p != NULL; p = part_after(p))
		if (!p->multipart && mail_leaf(m, p, hash) == -1)
			return (-1);
	if (m->has_text)
		m->preview = preview_text(
		    &m->arena, (struct span){ m->text.data, m->text.len });
	if (m->preview.len == 0 && m->has_html)
		m->preview = preview_html(
		    &m->arena, (struct span){ m->html.data, m->html.len });
	return (0);
}

/* How the octets came to us. */
static void
mail_delivery(struct mail *m)
{
	const struct message *message = m->message;

	if (message->incomplete)
		problem_add(&m->problems, PROBLEM_MESSAGE_INCOMPLETE,
		    mail_nothing, mail_nothing);
	else if (message_is_cut(message))
		problem_add(&m->problems, PROBLEM_MESSAGE_TRUNCATED,
		    mail_nothing, mail_nothing);
	if (message->joined)
		problem_add(&m->problems, PROBLEM_MESSAGE_JOINED, mail_nothing,
		    mail_nothing);
	if (message->placeholder)
		problem_add(&m->problems, PROBLEM_SERVER_PLACEHOLDER,
		    mail_nothing, mail_nothing);
}

/* The message without a byte order mark in front. */
static struct span
mail_raw(const struct message *m)
{
	struct span raw = { m->raw, m->raw != NULL ? m->raw_len : 0 };

	return (
	    span_starts(raw, "\xEF\xBB\xBF") ? span_cut(raw, 3, raw.len) : raw);
}

int
mail_open(struct mail *m, const struct message *message)
{
	struct span head, body;
	struct hash *hash;
	int rc = -1;

	memset(m, 0, sizeof(*m));
	m->message = message;
	arena_init(&m->arena, LIMIT_ENVELOPE_ARENA);
	m->problems.arena = &m->arena;
	buf_init(&m->text, LIMIT_ENVELOPE_TEXT + 1);
	buf_init(&m->html, LIMIT_ENVELOPE_TEXT + 1);
	if (message->has_internaldate &&
	    date_utc(message->internaldate, m->received_at) == -1)
		m->received_at[0] = '\0';
	if (message->unavailable || message->raw == NULL) {
		problem_add(&m->problems, PROBLEM_MESSAGE_UNAVAILABLE,
		    mail_nothing, mail_nothing);
		return (m->arena.failed ? -1 : 0);
	}
	m->raw = (struct span){ message->raw, message->raw_len };
	buf_init(&m->scratch, BASE64_DECODED(m->raw.len) + m->raw.len);
	if ((hash = hash_new()) == NULL)
		return (-1);
	mail_delivery(m);
	if (!message_is_cut(message) &&
	    hash_name(hash, m->raw, m->blob_id) == -1)
		goto done;
	m->raw = mail_raw(message);
	header_block(m->raw, 0, &head, &body);
	if (mail_header(m, head) == -1)
		goto done;
	/* No empty line in between: the text starts where it should not. */
	if (body.len != 0 && body.data == head.data + head.len)
		problem_add(&m->problems, PROBLEM_HEADER_MALFORMED,
		    mail_nothing, mail_nothing);
	rc = mail_parts(m, head, body, hash);
done:
	hash_free(hash);
	return (m->arena.failed ? -1 : rc);
}

void
mail_close(struct mail *m)
{
	buf_free(&m->text);
	buf_free(&m->html);
	buf_free(&m->scratch);
	arena_free(&m->arena);
}
