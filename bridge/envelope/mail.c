#include <stdlib.h>
#include <string.h>

#include "bridge/limits.h"
#include "bridge/envelope/base64.h"
#include "bridge/envelope/mail.h"
#include "bridge/envelope/mime.h"
#include "bridge/envelope/preview.h"
#include "bridge/envelope/text.h"
#include "bridge/envelope/words.h"

static const struct span mail_nothing = { NULL, 0 };

static void
mail_charset_note(struct mail *m, struct span field, unsigned found)
{
	if (found != 0)
		problem_add(
		    &m->problems, PROBLEM_HEADER_CHARSET, field, mail_nothing);
}

/* Room for ${n} fields, by doubling. */
static int
mail_grow_headers(struct mail *m)
{
	struct header *h;
	size_t n = m->nheaders;

	if ((n & (n - 1)) != 0 || (n != 0 && n < 16))
		return (0);
	h = arena_alloc(&m->arena, sizeof(*h) * (n != 0 ? n * 2 : 16));
	if (h == NULL)
		return (-1);
	if (n != 0)
		memcpy(h, m->headers, sizeof(*h) * n);
	m->headers = h;
	return (0);
}

/* The fields of the header; their values unfolded and not yet UTF-8. */
static int
mail_headers(struct mail *m, struct span head)
{
	struct header h;
	size_t bytes = 0, size;
	unsigned skipped = 0;

	while (header_next(&head, &h, &skipped)) {
		size = h.name.len + h.value.len;
		/* One that is too long is left out, the others stay. */
		if (m->nheaders == LIMIT_ENVELOPE_HEADERS ||
		    size > LIMIT_ENVELOPE_HEADER_BYTES - bytes) {
			problem_add(&m->problems, PROBLEM_HEADERS_CUT,
			    mail_nothing, mail_nothing);
			if (m->nheaders == LIMIT_ENVELOPE_HEADERS)
				break;
			continue;
		}
		bytes += size;
		if (mail_grow_headers(m) == -1)
			return (-1);
		h.value = words_unfold(&m->arena, h.value);
		m->headers[m->nheaders++] = h;
	}
	if (skipped != 0)
		problem_add(&m->problems, PROBLEM_HEADER_MALFORMED,
		    mail_nothing, mail_nothing);
	return (0);
}

static void
mail_id_field(struct mail *m, enum mail_ids which, const struct header *h)
{
	if (m->ids[which].n != 0)
		return;
	ids_parse(&m->ids[which], &m->arena, h->value);
	if (m->ids[which].cut)
		problem_add(&m->problems, PROBLEM_RECIPIENTS_CUT, h->name,
		    mail_nothing);
}

static void
mail_address_field(
    struct mail *m, enum mail_addresses which, const struct header *h)
{
	struct addresses *a = &m->addresses[which];
	size_t i, left = LIMIT_ENVELOPE_RECIPIENTS;

	for (i = 0; i < MAIL_ADDRESSES; i++)
		left -= m->addresses[i].n;
	m->has_addresses[which] = 1;
	address_parse(a, &m->arena, h->value, left);
	mail_charset_note(m, h->name, a->found);
	if (a->cut)
		problem_add(&m->problems, PROBLEM_RECIPIENTS_CUT, h->name,
		    mail_nothing);
}

/* The fields with a meaning.  Of repeated ones the first counts, as it does for
 * most readers. */
static void
mail_fields(struct mail *m)
{
	static const char *const addresses[] = { "Sender", "From", "To", "Cc",
		"Bcc", "Reply-To" };
	static const char *const ids[] = { "Message-ID", "In-Reply-To",
		"References" };
	const struct header *h;
	size_t i;
	unsigned found, k;
	int have_date = 0;

	for (i = 0; i < m->nheaders; i++) {
		h = &m->headers[i];
		for (k = 0; k < MAIL_ADDRESSES; k++)
			if (!m->has_addresses[k] &&
			    span_is(h->name, addresses[k]))
				mail_address_field(
				    m, (enum mail_addresses)k, h);
		for (k = 0; k < MAIL_IDS; k++)
			if (span_is(h->name, ids[k]))
				mail_id_field(m, (enum mail_ids)k, h);
		if (m->subject.data == NULL && span_is(h->name, "Subject")) {
			found = 0;
			m->subject = words_decode(&m->arena, h->value, &found);
			if (m->subject.data == NULL)
				m->subject = SPAN("");
			mail_charset_note(m, h->name, found);
		}
		if (!have_date && span_is(h->name, "Date")) {
			have_date = 1;
			if (date_parse(h->value, m->sent_at) == -1) {
				m->sent_at[0] = '\0';
				problem_add(&m->problems, PROBLEM_DATE_INVALID,
				    mail_nothing, mail_nothing);
			}
		}
	}
}

/* The fields as they are published: whole and as UTF-8. */
static void
mail_plain(struct mail *m)
{
	struct header *h;
	unsigned found;
	size_t i;

	for (i = 0; i < m->nheaders; i++) {
		h = &m->headers[i];
		found = 0;
		h->value = words_plain(&m->arena, h->value, &found);
		if (found != 0)
			mail_charset_note(m, h->name, found);
	}
}

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

	m->root = mime_parse(&m->arena, &m->problems, m->raw, head, body);
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
	if (message->size > message->raw_len)
		problem_add(&m->problems, PROBLEM_MESSAGE_TRUNCATED,
		    mail_nothing, mail_nothing);
	else if (hash_name(hash, m->raw, m->blob_id) == -1)
		goto done;
	m->raw = mail_raw(message);
	header_block(m->raw, 0, &head, &body);
	if (mail_headers(m, head) == -1)
		goto done;
	mail_fields(m);
	mail_plain(m);
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
