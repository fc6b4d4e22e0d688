#include <string.h>

#include "bridge/limits.h"
#include "bridge/envelope/mail.h"
#include "bridge/envelope/mail_private.h"
#include "bridge/envelope/nfc.h"
#include "bridge/envelope/utf8.h"
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
		if (h.raw.len > LIMIT_ENVELOPE_FIELD) {
			h.raw.len = utf8_floor(h.raw, LIMIT_ENVELOPE_FIELD);
			h.value = span_trim(h.raw);
			problem_add(&m->problems, PROBLEM_HEADERS_CUT, h.name,
			    mail_nothing);
		}
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
		if (h.value.len != 0 &&
		    memchr(h.value.data, '\0', h.value.len) != NULL)
			problem_add(&m->problems, PROBLEM_NUL_DROPPED, h.name,
			    mail_nothing);
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

static void
mail_subject(struct mail *m, const struct header *h)
{
	unsigned found = 0;

	m->subject = nfc(&m->arena, words_decode(&m->arena, h->value, &found));
	if (m->subject.data == NULL)
		m->subject = SPAN("");
	mail_charset_note(m, h->name, found);
}

static void
mail_date(struct mail *m, const struct header *h)
{
	enum problem_code code = PROBLEM_DATE_GUESSED;

	switch (date_parse(h->value, m->sent_at)) {
	case 0:
		return;
	case -1:
		m->sent_at[0] = '\0';
		code = PROBLEM_DATE_INVALID;
		break;
	}
	problem_add(&m->problems, code, mail_nothing, mail_nothing);
}

/* The fields with a meaning.  Of repeated ones the last counts (RFC 8621
 * section 4.1.3), so it is from the end that they are looked for. */
static void
mail_fields(struct mail *m)
{
	static const char *const names[] = { "Sender", "From", "To", "Cc",
		"Bcc", "Reply-To", "Message-ID", "In-Reply-To", "References",
		"Subject", "Date" };
	enum { IDS = MAIL_ADDRESSES, SUBJECT = IDS + MAIL_IDS, DATE, FIELDS };
	const struct header *h;
	size_t i;
	unsigned k, seen = 0;

	for (i = m->nheaders; i != 0; i--) {
		h = &m->headers[i - 1];
		for (k = 0; k < FIELDS && !span_is(h->name, names[k]); k++)
			continue;
		if (k == FIELDS)
			continue;
		if ((seen & 1U << k) != 0) {
			problem_add(&m->problems, PROBLEM_HEADER_REPEATED,
			    (struct span){ names[k], strlen(names[k]) },
			    mail_nothing);
			continue;
		}
		seen |= 1U << k;
		if (k < IDS)
			mail_address_field(m, (enum mail_addresses)k, h);
		else if (k < SUBJECT)
			mail_id_field(m, (enum mail_ids)(k - IDS), h);
		else if (k == SUBJECT)
			mail_subject(m, h);
		else
			mail_date(m, h);
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

int
mail_header(struct mail *m, struct span head)
{
	if (mail_headers(m, head) == -1)
		return (-1);
	mail_fields(m);
	mail_plain(m);
	return (0);
}
