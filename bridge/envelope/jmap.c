#include <string.h>

#include "bridge/limits.h"
#include "bridge/envelope/event.h"
#include "bridge/envelope/hash.h"
#include "bridge/envelope/jmap.h"
#include "bridge/envelope/mail.h"

/* An id in JMAP is made of a few ASCII characters (RFC 8620 section 1.2); ours
 * are hashes of what they stand for. */
static int
jmap_ids(struct mail *m, const struct event *ev)
{
	const char *thread = ev->thread_id;
	struct hash *hash;
	int rc = -1;

	if ((hash = hash_new()) == NULL)
		return (-1);
	if (hash_name(hash, (struct span){ ev->source, strlen(ev->source) },
		m->mailbox_id) == 0)
		rc = 0;
	if (thread != NULL)
		rc |= hash_name(hash, (struct span){ thread, strlen(thread) },
		    m->thread_id);
	hash_free(hash);
	return (rc);
}

/* The fields of a part, in at most ${fields} and ${bytes}, of which both lose
 * what it took. */
static int
jmap_headers(struct mail *m, struct part *p, size_t *fields, size_t *bytes)
{
	struct span rest = p->head;
	struct header h;
	size_t size, max = 0;
	unsigned skipped = 0;

	while (max < *fields && header_next(&rest, &h, &skipped))
		max++;
	if ((p->headers = arena_alloc(
		 &m->arena, (max + 1) * sizeof(*p->headers))) == NULL)
		return (-1);
	rest = p->head;
	while (header_next(&rest, &h, &skipped)) {
		size = h.name.len + h.raw.len;
		if (p->nheaders == max || size > *bytes) {
			problem_add_part(&m->problems, PROBLEM_HEADERS_CUT,
			    p->id, (struct span){ NULL, 0 });
			break;
		}
		p->headers[p->nheaders++] = h;
		*bytes -= size;
		(*fields)--;
	}
	return (0);
}

/* One content is in the event once, however many parts have it. */
static struct part *
jmap_same(const struct mail *m, const struct part *p)
{
	struct part *q;

	for (q = m->root; q != p; q = part_after(q))
		if (!q->multipart && !q->in_text && !q->in_html &&
		    strcmp(q->blob_id, p->blob_id) == 0)
			return (q);
	return (NULL);
}

int
jmap_prepare(struct mail *m, const struct event *ev)
{
	size_t fields = LIMIT_ENVELOPE_HEADERS;
	size_t bytes = LIMIT_ENVELOPE_HEADER_BYTES;
	const char *end;
	struct part *p;

	if (jmap_ids(m, ev) == -1)
		return (-1);
	if (m->root == NULL)
		return (0);
	end = m->raw.data + m->raw.len;
	for (p = m->root; p != NULL; p = part_after(p)) {
		/* Those of the root are the message's own. */
		if (p != m->root && jmap_headers(m, p, &fields, &bytes) == -1)
			return (-1);
		if (!p->multipart)
			p->same = jmap_same(m, p);
		/* The message is cut, and this is where. */
		if (message_is_cut(m->message) && p->content.data != NULL &&
		    p->content.data + p->content.len == end)
			p->truncated = 1;
	}
	return (0);
}
