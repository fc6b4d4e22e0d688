#include "bridge/envelope/body.h"

/* The lists as a branch sees them: NULL once the branch turned out to be of
 * the other kind. */
struct body_branch {
	struct body_list *text, *html, *files;
};

static void
body_push(struct body_list *l, struct part *p)
{
	if (l != NULL)
		l->items[l->n++] = p;
}

static int
body_is_media(const struct part *p)
{
	return (span_starts(p->type, "image/") ||
	    span_starts(p->type, "audio/") || span_starts(p->type, "video/"));
}

static int
body_is_inline(const struct part *p, struct span around, int first)
{
	int media = body_is_media(p);

	if (span_is(p->disposition, "attachment") ||
	    !(media || span_is(p->type, "text/plain") ||
		span_is(p->type, "text/html")))
		return (0);
	/* In multipart/related only the first part is the body; a text part
	 * with a file name that is not the first is meant as a file. */
	return (first ||
	    (!span_is(around, "related") && (media || p->name.data == NULL)));
}

static void
body_leaf(
    struct part *p, struct span around, int alternative, struct body_branch *b)
{
	int plain = span_is(p->type, "text/plain");
	int html = span_is(p->type, "text/html");

	if (span_is(around, "alternative")) {
		if (plain)
			body_push(b->text, p);
		else if (html)
			body_push(b->html, p);
		else
			body_push(b->files, p);
		return;
	}
	if (alternative && plain)
		b->html = NULL;
	if (alternative && html)
		b->text = NULL;
	body_push(b->text, p);
	body_push(b->html, p);
	if ((b->text == NULL || b->html == NULL) && body_is_media(p))
		body_push(b->files, p);
}

/* What one list gained and the other did not, it gains as well. */
static void
body_copy(struct body_list *to, const struct body_list *from, size_t start)
{
	size_t i, end = from->n;

	for (i = start; i < end; i++)
		body_push(to, from->items[i]);
}

/* The parts of one multipart.  Recursion is bounded by LIMIT_ENVELOPE_NESTING.
 */
static void
body_walk(
    struct part *p, struct span around, int alternative, struct body_branch b)
{
	size_t text = b.text != NULL ? b.text->n : 0;
	size_t html = b.html != NULL ? b.html->n : 0;
	struct span sub;
	int first = 1;

	for (; p != NULL; p = p->next, first = 0) {
		if (p->multipart) {
			sub = p->type;
			(void)span_split(&sub, '/');
			body_walk(p->child, sub,
			    alternative || span_is(sub, "alternative"), b);
		} else if (body_is_inline(p, around, first)) {
			body_leaf(p, around, alternative, &b);
		} else {
			body_push(b.files, p);
		}
	}
	if (!span_is(around, "alternative") || b.text == NULL || b.html == NULL)
		return;
	if (text == b.text->n && html != b.html->n)
		body_copy(b.text, b.html, html);
	else if (html == b.html->n && text != b.text->n)
		body_copy(b.html, b.text, text);
}

int
body_sort(struct body *body, struct arena *a, struct part *root, size_t nparts)
{
	struct body_branch b = { &body->text, &body->html, &body->files };
	size_t size = nparts * sizeof(struct part *);

	*body = (struct body){ .text = { NULL, 0 } };
	/* No part enters a list twice. */
	if ((body->text.items = arena_alloc(a, size)) == NULL ||
	    (body->html.items = arena_alloc(a, size)) == NULL ||
	    (body->files.items = arena_alloc(a, size)) == NULL)
		return (-1);
	body_walk(root, SPAN("mixed"), 0, b);
	return (0);
}
