#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/buf.h"
#include "bridge/envelope/arena.h"
#include "bridge/envelope/header.h"
#include "bridge/envelope/ids.h"
#include "bridge/envelope/words.h"
#include "bridge/limits.h"
#include "bridge/message.h"
#include "bridge/watch/fingerprint.h"

#define BLOB_PREFIX "sha256-"

uint64_t
fingerprint_id(const char *id, size_t len)
{
	uint64_t n = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
	size_t i;

	if (len == 0)
		return (0);
	for (i = 0; i < len; i++)
		n = (n ^ (unsigned char)id[i]) * UINT64_C(0x100000001b3);
	return (n != 0 ? n : 1);
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	return (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
}

static int
read_hex(const char *text, unsigned char *to, size_t n)
{
	int high, low;
	size_t i;

	for (i = 0; i < n; i++) {
		if ((high = hex(text[2 * i])) == -1 ||
		    (low = hex(text[2 * i + 1])) == -1)
			return (-1);
		to[i] = (unsigned char)(high << 4 | low);
	}
	return (0);
}

int
fingerprint_hash(const char *blob_id, unsigned char hash[FINGERPRINT_HASH])
{
	size_t n = sizeof(BLOB_PREFIX) - 1;

	if (strncmp(blob_id, BLOB_PREFIX, n) != 0)
		return (-1);
	return (read_hex(blob_id + n, hash, FINGERPRINT_HASH));
}

int
fingerprint_is_kept(int64_t seq, int64_t last)
{
	return (last - seq < LIMIT_FINGERPRINTS * (seq & -seq));
}

static void
begin(struct fingerprint *p, const struct message *m)
{
	*p = (struct fingerprint){ .uidvalidity = m->uidvalidity,
		.uid = m->uid,
		.has_received = m->has_internaldate,
		.received = m->has_internaldate ? m->internaldate : 0,
		.size = m->size };
}

void
fingerprint_take(struct fingerprint *p, const struct message *m,
    const char *blob_id, const char *message_id)
{
	begin(p, m);
	if (message_id != NULL)
		p->id = fingerprint_id(message_id, strlen(message_id));
	p->has_hash =
	    blob_id != NULL && fingerprint_hash(blob_id, p->hash) == 0;
}

void
fingerprint_look(struct fingerprint *p, const struct message *m)
{
	struct span rest = { m->raw, m->raw != NULL ? m->raw_len : 0 };
	struct header field;
	struct arena arena;
	struct ids ids;
	unsigned skipped = 0;

	begin(p, m);
	arena_init(&arena, (size_t)16 * LIMIT_LOOK);
	/* Of repeated ones the last counts, as in the event. */
	while (header_next(&rest, &field, &skipped)) {
		if (!span_is(field.name, "Message-ID"))
			continue;
		ids_parse(&ids, &arena, words_unfold(&arena, field.value));
		p->id = 0;
		if (ids.n > 0)
			p->id = fingerprint_id(ids.items[0].data,
			    strnlen(ids.items[0].data, ids.items[0].len));
	}
	arena_free(&arena);
}

void
fingerprint_write(struct buf *b, const struct fingerprint *p)
{
	size_t i;

	(void)buf_printf(b, "%" PRId64 ":%" PRIu64 ":%" PRIu32 ":%" PRIu64 ":",
	    p->seq, p->uidvalidity, p->uid, p->epoch);
	if (p->has_received)
		(void)buf_printf(b, "%" PRId64, p->received);
	else
		(void)buf_putc(b, '-');
	(void)buf_printf(b, ":%" PRIu64 ":%" PRIx64 ":", p->size, p->id);
	if (!p->has_hash)
		(void)buf_putc(b, '-');
	for (i = 0; p->has_hash && i < FINGERPRINT_HASH; i++)
		(void)buf_printf(b, "%02x", p->hash[i]);
}

/* The number at *text, which moves behind it and its ':'. */
static int
read_number(const char **text, int base, uint64_t *n)
{
	const char *s = *text;
	char *end;

	if (hex(*s) == -1)
		return (-1);
	*n = strtoull(s, &end, base);
	if (*end != ':')
		return (-1);
	*text = end + 1;
	return (0);
}

static int
read_received(const char **text, struct fingerprint *p)
{
	char *end;

	if ((*text)[0] == '-' && (*text)[1] == ':') {
		*text += 2;
		return (0);
	}
	p->has_received = 1;
	p->received = strtoll(*text, &end, 10);
	if (end == *text || *end != ':')
		return (-1);
	*text = end + 1;
	return (0);
}

int
fingerprint_read(const char **text, struct fingerprint *p)
{
	const char *s = *text;
	uint64_t uid, seq;

	*p = (struct fingerprint){ .uid = 0 };
	if (*s == '\0')
		return (0);
	if (read_number(&s, 10, &seq) == -1 || seq > INT64_MAX ||
	    read_number(&s, 10, &p->uidvalidity) == -1 ||
	    read_number(&s, 10, &uid) == -1 || uid == 0 || uid > UINT32_MAX ||
	    read_number(&s, 10, &p->epoch) == -1 ||
	    read_received(&s, p) == -1 || read_number(&s, 10, &p->size) == -1 ||
	    read_number(&s, 16, &p->id) == -1)
		return (-1);
	p->uid = (uint32_t)uid;
	p->seq = (int64_t)seq;
	if (*s == '-')
		s++;
	else if (strnlen(s, 2 * FINGERPRINT_HASH) < 2 * FINGERPRINT_HASH ||
	    read_hex(s, p->hash, FINGERPRINT_HASH) == -1)
		return (-1);
	else {
		p->has_hash = 1;
		s += 2 * FINGERPRINT_HASH;
	}
	if (*s != ',' && *s != '\0')
		return (-1);
	*text = s + (*s == ',');
	return (1);
}
