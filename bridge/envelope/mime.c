#include <gmime/gmime.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "bridge/limits.h"
#include "bridge/envelope/mime.h"
#include "bridge/envelope/outline.h"

#define MIME_UNKNOWN ((size_t)-1)

/* A tree while it is taken over from GMime. */
struct mime {
	struct arena *arena;
	struct problems *problems;
	struct outline outline;
	struct span raw;
	size_t nparts;
	int cut;
};

static pthread_once_t mime_once = PTHREAD_ONCE_INIT;

static GMimeObject *
mime_gmime(const struct outline *o)
{
	GMimeParser *parser;
	GMimeStream *stream;
	GMimeObject *top;
	GByteArray *bytes;

	(void)pthread_once(&mime_once, g_mime_init);
	/* The stream reads the outline in place; neither owns nor frees it. */
	bytes = g_byte_array_new_take((guint8 *)o->text.data, o->text.len);
	stream = g_mime_stream_mem_new();
	g_mime_stream_mem_set_byte_array(GMIME_STREAM_MEM(stream), bytes);
	parser = g_mime_parser_new_with_stream(stream);
	g_mime_parser_set_format(parser, GMIME_FORMAT_MESSAGE);
	g_mime_parser_set_persist_stream(parser, TRUE);
	top = g_mime_parser_construct_part(parser, NULL);
	g_object_unref(parser);
	g_object_unref(stream);
	(void)g_byte_array_free(bytes, FALSE);
	return (top);
}

/* The entry of the outline that a part came from: the one whose header holds
 * the Content-Type of a multipart, or whose body starts where a leaf does. */
static size_t
mime_entry(const struct mime *m, GMimeObject *object)
{
	GMimeHeaderList *headers = g_mime_object_get_header_list(object);
	GMimeDataWrapper *content = NULL;
	gint64 at = -1;

	if (GMIME_IS_MULTIPART(object)) {
		if (g_mime_header_list_get_count(headers) != 0)
			at = g_mime_header_get_offset(
			    g_mime_header_list_get_header_at(headers, 0));
		at++;
	} else if (GMIME_IS_PART(object)) {
		content = g_mime_part_get_content(GMIME_PART(object));
		if (content != NULL)
			at = g_mime_data_wrapper_get_stream(content)
				 ->bound_start;
	}
	/* No entry is empty: the one before the first that starts later. */
	return (at > 0 ? outline_find(&m->outline, (size_t)at) - 1 : 0);
}

/* The end of what stands before the "--" line of an entry: the line end in
 * front of it belongs to the boundary (RFC 2046 section 5.1.1). */
static size_t
mime_before(const struct mime *m, size_t entry, size_t from)
{
	size_t end = m->outline.entries[entry].line;

	if (end > from && m->raw.data[end - 1] == '\n')
		end--;
	if (end > from && m->raw.data[end - 1] == '\r')
		end--;
	return (end > from ? end : from);
}

static void
mime_content(const struct mime *m, struct part *p, size_t end)
{
	struct span body = m->outline.entries[p->entry].body;
	size_t from = (size_t)(body.data - m->raw.data);

	p->content = span_cut(m->raw, from, end > from ? end : from);
}

/* The content of a leaf: from its body to the line that GMime stopped at. */
static void
mime_leaf(const struct mime *m, struct part *p, GMimeObject *object)
{
	struct span body = m->outline.entries[p->entry].body;
	size_t from = (size_t)(body.data - m->raw.data), next;
	GMimeDataWrapper *content = NULL;
	gint64 stop;

	if (GMIME_IS_PART(object))
		content = g_mime_part_get_content(GMIME_PART(object));
	if (content == NULL) {
		mime_content(m, p, from);
		return;
	}
	stop = g_mime_data_wrapper_get_stream(content)->bound_end;
	next = outline_find(&m->outline, stop > 0 ? (size_t)stop : 0);
	if (next <= p->entry)
		next = p->entry + 1;
	mime_content(m, p,
	    next < m->outline.n ? mime_before(m, next, from) : m->raw.len);
}

/* "1.2" for the second child of "1"; the children of a multipart at the top are
 * "1", "2"; a leaf at the top is "1" itself. */
static int
mime_number(struct mime *m, struct part *p)
{
	struct span above = { NULL, 0 };
	char text[32], *id;
	int len;

	if (p->parent != NULL)
		above = p->parent->id;
	len = snprintf(
	    text, sizeof(text), "%s%zu", above.len != 0 ? "." : "", p->number);
	if ((id = arena_alloc(m->arena, above.len + (size_t)len)) == NULL)
		return (-1);
	if (above.len != 0)
		memcpy(id, above.data, above.len);
	memcpy(id + above.len, text, (size_t)len);
	p->id = (struct span){ id, above.len + (size_t)len };
	return (0);
}

/* "multipart/mixed" in lower case. */
static struct span
mime_type(struct mime *m, GMimeObject *object)
{
	GMimeContentType *type = g_mime_object_get_content_type(object);
	const char *sub = g_mime_content_type_get_media_subtype(type);
	size_t i, len = sub != NULL ? strlen(sub) : 0;
	char *p;

	if ((p = arena_alloc(m->arena, sizeof("multipart/") + len)) == NULL)
		return ((struct span){ NULL, 0 });
	memcpy(p, "multipart/", 10);
	for (i = 0; i < len; i++)
		p[10 + i] = span_lower(sub[i]);
	return ((struct span){ p, 10 + len });
}

static void
mime_link(struct part *parent, struct part *p)
{
	p->number = 1;
	p->parent = parent;
	if (parent == NULL)
		return;
	if (parent->last != NULL) {
		p->number = parent->last->number + 1;
		parent->last->next = p;
	} else {
		parent->child = p;
	}
	parent->last = p;
}

/* Take over one object of GMime without its children. */
static struct part *
mime_take(struct mime *m, struct part *parent, GMimeObject *object)
{
	struct span known = { NULL, 0 }, type = SPAN("text/plain");
	const char *boundary;
	struct part *p;

	if ((p = arena_alloc(m->arena, sizeof(*p))) == NULL)
		return (NULL);
	m->nparts++;
	p->entry = mime_entry(m, object);
	p->close = MIME_UNKNOWN;
	p->head = m->outline.entries[p->entry].head;
	mime_link(parent, p);
	p->multipart = GMIME_IS_MULTIPART(object);
	if ((parent != NULL || !p->multipart) && mime_number(m, p) == -1)
		return (NULL);
	if (p->multipart) {
		known = mime_type(m, object);
		boundary = g_mime_object_get_content_type_parameter(
		    object, "boundary");
		if (boundary != NULL)
			p->boundary = arena_copy(m->arena,
			    (struct span){ boundary, strlen(boundary) });
	} else {
		mime_leaf(m, p, object);
		if (parent != NULL && span_is(parent->type, "multipart/digest"))
			type = SPAN("message/rfc822");
	}
	part_describe(p, m->arena, m->problems, known, type);
	return (p);
}

/* Take over the whole tree, in the order of the message. */
static struct part *
mime_tree(struct mime *m, GMimeObject *top)
{
	struct {
		GMimeMultipart *object;
		struct part *part;
		int next;
	} stack[LIMIT_ENVELOPE_NESTING], *at;
	GMimeObject *object = top;
	struct part *root = NULL, *p = NULL;
	int depth = 0;

	for (;;) {
		if (m->nparts == LIMIT_ENVELOPE_PARTS) {
			m->cut = 1;
			return (root);
		}
		p = mime_take(
		    m, depth != 0 ? stack[depth - 1].part : NULL, object);
		if (p == NULL)
			return (NULL);
		if (root == NULL)
			root = p;
		if (p->multipart && depth < LIMIT_ENVELOPE_NESTING) {
			at = &stack[depth++];
			at->object = GMIME_MULTIPART(object);
			at->part = p;
			at->next = 0;
		} else if (p->multipart) {
			m->cut = 1;
		}
		while (depth != 0 &&
		    stack[depth - 1].next ==
			g_mime_multipart_get_count(stack[depth - 1].object))
			depth--;
		if (depth == 0)
			return (root);
		at = &stack[depth - 1];
		object = g_mime_multipart_get_part(at->object, at->next++);
	}
}

/* The offset where a part ends: before its next sibling, else where the
 * multipart around it is closed. */
static size_t
mime_end(struct mime *m, const struct part *p)
{
	const struct outline *o = &m->outline;
	struct part *around = p->parent;
	size_t i;

	if (p->next != NULL)
		return (mime_before(m, p->next->entry, 0));
	if (around == NULL)
		return (m->raw.len);
	if (around->close != MIME_UNKNOWN)
		return (around->close);
	for (i = p->entry + 1; i < o->n && around->boundary.len != 0; i++) {
		const char *line = o->text.data + o->entries[i].at;

		if (strncmp(line + 2, around->boundary.data,
			around->boundary.len) == 0) {
			around->close = mime_before(m, i, 0);
			return (around->close);
		}
	}
	around->close = mime_end(m, around);
	return (around->close);
}

/* Does the line come that ends the multipart? */
static int
mime_closed(const struct mime *m, const struct part *p)
{
	const struct outline *o = &m->outline;
	size_t i;

	/* Entry 0 is the mail itself and no such line. */
	for (i = p->child->entry | (p->child->entry == 0); i < o->n; i++) {
		const char *line = o->text.data + o->entries[i].at + 2;

		if (strncmp(line, p->boundary.data, p->boundary.len) == 0 &&
		    strncmp(line + p->boundary.len, "--", 2) == 0)
			return (1);
	}
	return (p->boundary.len == 0 || o->cut);
}

/* Multiparts in which nothing was found, or was not looked for: leaves. */
static int
mime_mend(struct mime *m, struct part *root)
{
	struct part *p;

	for (p = root; p != NULL; p = part_after(p)) {
		if (p->multipart && p->child != NULL && !mime_closed(m, p))
			problem_add_part(m->problems,
			    PROBLEM_MULTIPART_UNCLOSED, p->id,
			    (struct span){ NULL, 0 });
		if (!p->multipart || p->child != NULL)
			continue;
		if (p == root && mime_number(m, p) == -1)
			return (-1);
		p->multipart = 0;
		mime_content(m, p, mime_end(m, p));
		p->type = SPAN("text/plain");
		p->charset = SPAN("us-ascii");
		problem_add_part(m->problems, PROBLEM_MULTIPART_EMPTY, p->id,
		    (struct span){ NULL, 0 });
	}
	return (0);
}

/* No multipart: nothing to ask GMime about. */
static struct part *
mime_single(struct mime *m, struct span head, struct span body)
{
	struct part *p;

	if ((p = arena_alloc(m->arena, sizeof(*p))) == NULL)
		return (NULL);
	p->number = 1;
	p->id = SPAN("1");
	p->head = head;
	p->content = body;
	part_describe(p, m->arena, m->problems, (struct span){ NULL, 0 },
	    SPAN("text/plain"));
	return (p);
}

struct part *
mime_parse(struct arena *a, struct problems *ps, struct span raw,
    struct span head, struct span body)
{
	struct mime m = { .arena = a, .problems = ps, .raw = raw };
	GMimeObject *top = NULL;
	struct part *root = NULL;
	struct span type = outline_content_type(a, head);

	if (!span_starts(type, "multipart/"))
		return (mime_single(&m, head, body));
	if (outline_make(&m.outline, a, raw, type, head, body) == -1)
		goto done;
	if ((top = mime_gmime(&m.outline)) == NULL) {
		root = mime_single(&m, head, body);
		goto done;
	}
	root = mime_tree(&m, top);
	if (root != NULL && mime_mend(&m, root) == -1)
		root = NULL;
	if (m.cut || m.outline.cut)
		problem_add(ps, PROBLEM_STRUCTURE_CUT, (struct span){ NULL, 0 },
		    (struct span){ NULL, 0 });
done:
	if (top != NULL)
		g_object_unref(top);
	outline_free(&m.outline);
	return (root);
}
