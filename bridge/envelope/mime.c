#include <stdio.h>
#include <string.h>

#include "bridge/limits.h"
#include "bridge/envelope/boundary.h"
#include "bridge/envelope/header.h"
#include "bridge/envelope/mime.h"

/* The walk from boundary to boundary.  ${open} are the multiparts that we are
 * in, the outermost first; ${leaf} is what the lines up to the next boundary
 * belong to, NULL between a multipart's last boundary and the next of another.
 */
struct mime {
	struct arena *arena;
	struct problems *problems;
	struct part *root, *leaf;
	struct part *open[LIMIT_ENVELOPE_NESTING];
	size_t nopen, nparts;
	size_t compared; /* lines with boundaries */
	int cut;
};

/* "1.2" for the second child of "1"; the children of a multipart at the top are
 * "1", "2"; a leaf at the top is "1" itself. */
static int
mime_number(struct mime *m, struct part *p)
{
	struct span above = p->parent->id;
	char text[32], *id;
	int len;

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

static int
mime_link(struct mime *m, struct part *parent, struct part *p)
{
	p->number = 1;
	p->parent = parent;
	if (parent == NULL) {
		m->root = p;
		return (0);
	}
	if (parent->last != NULL) {
		p->number = parent->last->number + 1;
		parent->last->next = p;
	} else {
		parent->child = p;
	}
	parent->last = p;
	return (mime_number(m, p));
}

/* A new part in the innermost multipart.  Its content is all that follows until
 * a boundary says where it ends. */
static int
mime_start(struct mime *m, struct span head, struct span body)
{
	struct part *parent = m->nopen != 0 ? m->open[m->nopen - 1] : NULL;
	struct span type = SPAN("text/plain");
	struct part *p;

	m->leaf = NULL;
	if (m->nparts == LIMIT_ENVELOPE_PARTS) {
		m->cut = 1;
		return (0);
	}
	if ((p = arena_alloc(m->arena, sizeof(*p))) == NULL ||
	    mime_link(m, parent, p) == -1)
		return (-1);
	m->nparts++;
	p->head = head;
	p->content = body;
	if (parent != NULL && span_is(parent->type, "multipart/digest"))
		type = SPAN("message/rfc822");
	part_describe(p, m->arena, m->problems, type);
	if (p->boundary.data == NULL) {
		m->leaf = p;
	} else if (m->nopen == LIMIT_ENVELOPE_NESTING) {
		m->leaf = p;
		m->cut = 1;
	} else {
		m->open[m->nopen++] = p;
	}
	return (0);
}

/* The content of a part ends before the line at ${line}, whose boundary the
 * line end in front of it belongs to (RFC 2046 section 5.1.1). */
static void
mime_end(struct part *p, const char *line)
{
	struct span *s = &p->content;

	s->len = line > s->data ? (size_t)(line - s->data) : 0;
	if (s->len != 0 && s->data[s->len - 1] == '\n')
		s->len--;
	if (s->len != 0 && s->data[s->len - 1] == '\r')
		s->len--;
}

/* Which multipart does the line belong to?  Its place among the open ones from
 * 1, or 0; *match as from boundary_match().  The innermost counts: of two with
 * one boundary the outer one goes on when the inner one has ended. */
static size_t
mime_find(struct mime *m, struct span line, char *match)
{
	size_t i;

	m->compared += m->nopen;
	for (i = m->nopen; i != 0; i--) {
		*match = boundary_match(line, m->open[i - 1]->boundary);
		if (*match != '\0')
			break;
	}
	return (i);
}

/* All that is inside the multipart at ${depth} ends at its boundary; so does
 * itself at its last one. */
static void
mime_leave(struct mime *m, size_t depth, const char *line, int last)
{
	struct part *p;

	if (m->leaf != NULL)
		mime_end(m->leaf, line);
	m->leaf = NULL;
	for (; m->nopen > depth; m->nopen--)
		mime_end(m->open[m->nopen - 1], line);
	if (!last)
		return;
	p = m->open[--m->nopen];
	p->closed = 1;
	/* Without parts it is no multipart: what follows belongs to it. */
	if (p->child == NULL)
		m->leaf = p;
}

static int
mime_walk(struct mime *m, struct span rest)
{
	struct span line, head;
	size_t depth;
	char match;

	while (m->nopen != 0 && boundary_next(&rest, &line)) {
		if (m->compared > LIMIT_ENVELOPE_COMPARED) {
			m->cut = 1;
			break;
		}
		if ((depth = mime_find(m, line, &match)) == 0)
			continue;
		mime_leave(m, depth, line.data, match == '-');
		if (match == '-')
			continue;
		header_block(rest, 1, &head, &rest);
		if (mime_start(m, head, rest) == -1)
			return (-1);
	}
	return (0);
}

/* Tell of multiparts without an end; those without parts are leaves. */
static void
mime_mend(struct mime *m)
{
	struct span nothing = { NULL, 0 };
	struct part *p;

	for (p = m->root; p != NULL; p = part_after(p)) {
		if (!p->multipart)
			continue;
		if (p->child != NULL) {
			p->content = nothing;
			if (!p->closed &&
			    m->compared <= LIMIT_ENVELOPE_COMPARED)
				problem_add_part(m->problems,
				    PROBLEM_MULTIPART_UNCLOSED, p->id, nothing);
			continue;
		}
		if (p == m->root)
			p->id = SPAN("1");
		p->multipart = 0;
		p->type = SPAN("text/plain");
		p->charset = SPAN("us-ascii");
		problem_add_part(
		    m->problems, PROBLEM_MULTIPART_EMPTY, p->id, nothing);
	}
}

struct part *
mime_parse(
    struct arena *a, struct problems *ps, struct span head, struct span body)
{
	struct mime m = { .arena = a, .problems = ps };

	if (mime_start(&m, head, body) == -1 || mime_walk(&m, body) == -1)
		return (NULL);
	mime_mend(&m);
	if (m.cut)
		problem_add(ps, PROBLEM_STRUCTURE_CUT, (struct span){ NULL, 0 },
		    (struct span){ NULL, 0 });
	return (m.root);
}
