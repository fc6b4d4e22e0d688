#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bridge/limits.h"
#include "bridge/reset.h"
#include "bridge/envelope/fields_private.h"

void
fields_text(struct jsonw *j, const char *key, const char *s)
{
	jsonw_key(j, key);
	if (s[0] == '\0')
		jsonw_null(j);
	else
		jsonw_string(j, (struct span){ s, strlen(s) });
}

void
fields_span(struct jsonw *j, const char *key, struct span s)
{
	jsonw_key(j, key);
	jsonw_maybe(j, s);
}

void
fields_id(const struct message *m, char id[FIELDS_ID])
{
	if (m->reset != NULL)
		(void)snprintf(id, FIELDS_ID, "%" PRIu64 "-reset-%" PRIu64,
		    m->uidvalidity, m->reset->epoch);
	else if (m->epoch != 0)
		(void)snprintf(id, FIELDS_ID,
		    "%" PRIu64 "-%" PRIu32 "-%" PRIu64, m->uidvalidity, m->uid,
		    m->epoch);
	else
		(void)snprintf(id, FIELDS_ID, "%" PRIu64 "-%" PRIu32,
		    m->uidvalidity, m->uid);
}

struct span
fields_flag_list(const struct mail *m, const struct fields_plan *plan)
{
	const char *flags = m->message->flags;

	if (flags == NULL || !plan->lists)
		return ((struct span){ NULL, 0 });
	return ((struct span){ flags, strnlen(flags, LIMIT_FLAGS) });
}

void
fields_flags(struct jsonw *j, struct span rest)
{
	struct span flag;

	jsonw_key(j, "flags");
	jsonw_open(j, '[');
	while (rest.len != 0) {
		flag = span_split(&rest, ' ');
		if (flag.len != 0)
			jsonw_string(j, flag);
	}
	jsonw_close(j, ']');
}

/* The keyword for a flag, in lower case (RFC 8621 section 4.1.1); its length, 0
 * for the flags that are none. */
static size_t
fields_keyword(struct span flag, char *word, size_t room)
{
	size_t i;

	if (flag.len == 0 || flag.len > room || span_is(flag, "\\Recent") ||
	    span_is(flag, "\\Deleted"))
		return (0);
	for (i = 0; i < flag.len; i++)
		word[i] = span_lower(flag.data[i]);
	if (word[0] == '\\')
		word[0] = '$';
	return (flag.len);
}

/* Is the keyword among those of the flags before ${end}? */
static int
fields_seen(struct span flags, const char *end, struct span word)
{
	char other[256];
	struct span flag;
	size_t len;

	while (flags.len != 0) {
		flag = span_split(&flags, ' ');
		if (flag.data >= end)
			return (0);
		len = fields_keyword(flag, other, sizeof(other));
		if (len == word.len && memcmp(other, word.data, len) == 0)
			return (1);
	}
	return (0);
}

void
fields_keywords(struct jsonw *j, struct span flags)
{
	struct span rest = flags, flag;
	char word[256];
	size_t len;

	jsonw_key(j, "keywords");
	jsonw_open(j, '{');
	while (rest.len != 0) {
		flag = span_split(&rest, ' ');
		len = fields_keyword(flag, word, sizeof(word));
		if (len == 0 ||
		    fields_seen(flags, flag.data, (struct span){ word, len }))
			continue;
		jsonw_key_span(j, (struct span){ word, len });
		jsonw_bool(j, 1);
	}
	jsonw_close(j, '}');
}

static void
fields_number(struct jsonw *j, const char *key, uint64_t n)
{
	char text[24];

	/* As text: JSON's numbers are exact up to 2^53 only. */
	(void)snprintf(text, sizeof(text), "%" PRIu64, n);
	if (n != 0)
		fields_text(j, key, text);
}

static void
fields_gmail(struct jsonw *j, const struct message *m, int lists)
{
	struct span rest = { m->gm_labels, 0 };

	if (m->gm_msgid == 0 && m->gm_thrid == 0 && m->gm_labels == NULL)
		return;
	if (m->gm_labels != NULL && lists)
		rest.len = strlen(m->gm_labels);
	jsonw_key(j, "gmail");
	jsonw_open(j, '{');
	fields_number(j, "msgId", m->gm_msgid);
	fields_number(j, "thrId", m->gm_thrid);
	jsonw_key(j, "labels");
	jsonw_open(j, '[');
	while (rest.len != 0)
		jsonw_string(j, span_split(&rest, '\n'));
	jsonw_close(j, ']');
	jsonw_close(j, '}');
}

void
fields_server(
    struct jsonw *j, const struct mail *m, const struct fields_plan *plan)
{
	const struct message *msg = m->message;
	char saved_at[DATE_TEXT];

	if (msg->email_id != NULL)
		fields_text(j, "emailId", msg->email_id);
	if (msg->thread_id != NULL)
		fields_text(j, "threadId", msg->thread_id);
	if (msg->has_savedate && date_utc(msg->savedate, saved_at) == 0)
		fields_text(j, "savedAt", saved_at);
	fields_gmail(j, msg, plan->lists);
}

static void
fields_ids(struct jsonw *j, const char *key, const struct ids *ids, int lists)
{
	size_t i;

	jsonw_key(j, key);
	if (ids->n == 0 || !lists) {
		jsonw_null(j);
		return;
	}
	jsonw_open(j, '[');
	for (i = 0; i < ids->n; i++)
		jsonw_string(j, ids->items[i]);
	jsonw_close(j, ']');
}

static void
fields_addresses(
    struct jsonw *j, const char *key, const struct addresses *a, int present)
{
	size_t i;

	jsonw_key(j, key);
	if (!present) {
		jsonw_null(j);
		return;
	}
	jsonw_open(j, '[');
	for (i = 0; i < a->n; i++) {
		jsonw_open(j, '{');
		fields_span(j, "name", a->items[i].name);
		jsonw_key(j, "email");
		jsonw_string(j, a->items[i].email);
		jsonw_close(j, '}');
	}
	jsonw_close(j, ']');
}

void
fields_properties(
    struct jsonw *j, const struct mail *m, const struct fields_plan *plan)
{
	const int lists = plan->lists;
	static const char *const ids[] = { "messageId", "inReplyTo",
		"references" };
	static const char *const addresses[] = { "sender", "from", "to", "cc",
		"bcc", "replyTo" };
	struct span nothing = { NULL, 0 };
	size_t i;

	for (i = 0; i < MAIL_IDS; i++)
		fields_ids(j, ids[i], &m->ids[i], lists);
	for (i = 0; i < MAIL_ADDRESSES; i++)
		fields_addresses(j, addresses[i], &m->addresses[i],
		    lists && m->has_addresses[i]);
	fields_span(j, "subject", lists ? m->subject : nothing);
	fields_text(j, "sentAt", m->sent_at);
	jsonw_key(j, "hasAttachment");
	jsonw_bool(j, m->has_attachment);
	jsonw_key(j, "preview");
	jsonw_string(j, lists ? m->preview : nothing);
}

void
fields_part(struct jsonw *j, const struct part *p)
{
	fields_span(
	    j, "partId", p->multipart ? (struct span){ NULL, 0 } : p->id);
	fields_text(j, "blobId", p->blob_id);
	jsonw_key(j, "size");
	jsonw_uint(j, p->size);
	fields_span(j, "name", p->name);
	fields_span(j, "type", p->type);
	fields_span(j, "charset", p->charset);
	fields_span(j, "disposition", p->disposition);
	fields_span(j, "cid", p->cid);
}

void
fields_header(struct jsonw *j, struct span name, struct span value)
{
	jsonw_open(j, '{');
	jsonw_key(j, "name");
	jsonw_string(j, name);
	jsonw_key(j, "value");
	jsonw_string(j, value);
	jsonw_close(j, '}');
}

void
fields_part_more(
    struct jsonw *j, const struct part *p, const struct fields_plan *plan)
{
	size_t i;

	jsonw_key(j, "language");
	if (p->nlanguages == 0) {
		jsonw_null(j);
	} else {
		jsonw_open(j, '[');
		for (i = 0; i < p->nlanguages; i++)
			jsonw_string(j, p->languages[i]);
		jsonw_close(j, ']');
	}
	fields_span(j, "location", p->location);
	if (p->headers == NULL)
		return;
	jsonw_key(j, "headers");
	jsonw_open(j, '[');
	for (i = 0; i < p->nheaders && i < plan->headers; i++)
		fields_header(j, p->headers[i].name, p->headers[i].raw);
	jsonw_close(j, ']');
}

static void
fields_node(
    struct jsonw *j, const struct part *p, const struct fields_plan *plan)
{
	jsonw_open(j, '{');
	fields_part(j, p);
	fields_part_more(j, p, plan);
	jsonw_key(j, "subParts");
	if (!p->multipart)
		jsonw_null(j);
	else
		jsonw_open(j, '[');
}

void
fields_structure(
    struct jsonw *j, const struct mail *m, const struct fields_plan *plan)
{
	const struct part *p = m->root, *up;

	jsonw_key(j, "bodyStructure");
	if (p == NULL || plan->structure == 0) {
		jsonw_null(j);
		return;
	}
	for (; p != NULL; p = part_after(p)) {
		fields_node(j, p, plan);
		if (plan->structure == 1 && p->multipart) {
			jsonw_close(j, ']');
			jsonw_close(j, '}');
			return;
		}
		if (p->multipart)
			continue;
		jsonw_close(j, '}');
		/* The last child closes its multipart, and so on up. */
		for (up = p; up->next == NULL && up->parent != NULL;
		     up = up->parent) {
			jsonw_close(j, ']');
			jsonw_close(j, '}');
		}
	}
}

void
fields_hole(
    struct jsonw *j, struct part *p, struct fields_hole *holes, size_t *nholes)
{
	jsonw_hole(j);
	holes[*nholes].at = j->out->len;
	holes[(*nholes)++].part = p;
}

static void
fields_problems(struct jsonw *j, const struct mail *m, int details)
{
	const struct problem *p, *end = m->problems.items + m->problems.n;

	if (m->problems.n == 0)
		return;
	jsonw_key(j, "problems");
	jsonw_open(j, '[');
	for (p = m->problems.items; p < end; p++) {
		struct span detail = p->detail;
		const char *code = problem_texts[p->code].code;
		const char *meaning = problem_texts[p->code].meaning;

		/* Codes alone, each once. */
		if (!details) {
			const struct problem *q = m->problems.items;

			while (q->code != p->code)
				q++;
			if (q != p)
				continue;
			meaning = "";
			detail.len = 0;
		}
		if (detail.len == 0)
			detail = (struct span){ meaning, strlen(meaning) };
		jsonw_open(j, '{');
		fields_span(j, "code", (struct span){ code, strlen(code) });
		fields_span(j, "detail", detail);
		jsonw_close(j, '}');
	}
	jsonw_close(j, ']');
}

void
fields_end(
    struct jsonw *j, const struct mail *m, const struct fields_plan *plan)
{
	fields_problems(j, m, plan->problems);
	if (m->message->replay) {
		jsonw_key(j, "replay");
		jsonw_bool(j, 1);
	}
	if (m->message->uncertain) {
		jsonw_key(j, "maybeRepeated");
		jsonw_bool(j, 1);
	}
}
