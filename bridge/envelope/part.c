#include <string.h>

#include "bridge/envelope/base64.h"
#include "bridge/envelope/charset.h"
#include "bridge/envelope/header.h"
#include "bridge/envelope/params.h"
#include "bridge/envelope/part.h"
#include "bridge/envelope/quoted.h"
#include "bridge/envelope/utf8.h"
#include "bridge/envelope/words.h"

/* The fields of a part that matter. */
struct part_fields {
	struct span type, encoding, disposition, id, location, language;
	const char *repeated; /* the name of one that is there twice */
	unsigned skipped;     /* lines that are no field */
};

static struct span
part_lower(struct arena *a, struct span s)
{
	struct span copy = arena_copy(a, s);
	char *p = (char *)(size_t)copy.data;
	size_t i;

	for (i = 0; i < copy.len; i++)
		p[i] = span_lower(p[i]);
	return (copy);
}

/* The first of each counts. */
static void
part_fields(struct part_fields *f, struct arena *a, struct span head)
{
	static const char *const names[] = { "Type", "Transfer-Encoding",
		"Disposition", "ID", "Location", "Language" };
	struct span *fields[] = { &f->type, &f->encoding, &f->disposition,
		&f->id, &f->location, &f->language };
	struct header h;
	size_t i;

	*f = (struct part_fields){ .type = { NULL, 0 } };
	while (header_next(&head, &h, &f->skipped)) {
		if (!span_starts(h.name, "Content-"))
			continue;
		h.name = span_cut(h.name, 8, h.name.len);
		for (i = 0; i < sizeof(names) / sizeof(*names); i++)
			if (!span_is(h.name, names[i]))
				continue;
			else if (fields[i]->data == NULL)
				*fields[i] = words_unfold(a, h.value);
			else
				f->repeated = names[i];
	}
}

/* The length of the token at the start (RFC 2045 section 5.1). */
static size_t
part_token(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.data[i] <= ' ' || s.data[i] == 0x7F ||
		    strchr("()<>@,;:\\\"/[]?=", s.data[i]) != NULL)
			break;
	return (i);
}

/* A media type without comments and blanks; empty if it is none.  What follows
 * a multipart's without a semicolon is passed over: its boundary matters more.
 */
static struct span
part_type(struct arena *a, struct span value)
{
	struct span rest, main, sub;
	size_t i, len;

	for (i = 0; i < value.len; i++)
		if (value.data[i] == '(' || value.data[i] == ',')
			break;
	rest = span_trim(span_cut(value, 0, i));
	main = span_trim(span_split(&rest, '/'));
	sub = span_trim(rest);
	len = part_token(sub);
	if (main.len == 0 || part_token(main) != main.len || len == 0 ||
	    (len < sub.len && !span_blank(sub.data[len]) &&
		!span_is(main, "multipart")))
		return ((struct span){ NULL, 0 });
	sub.len = len;
	if (sub.data != main.data + main.len + 1) {
		char *p = arena_alloc(a, main.len + 1 + sub.len);

		if (p == NULL)
			return ((struct span){ NULL, 0 });
		memcpy(p, main.data, main.len);
		p[main.len] = '/';
		memcpy(p + main.len + 1, sub.data, sub.len);
		main.data = p;
	}
	main.len += 1 + sub.len;
	return (part_lower(a, main));
}

static enum part_encoding
part_encoding(struct span value, int *unknown)
{
	static const char *const identity[] = { "7bit", "8bit", "binary",
		"7-bit", "8-bit", "none", "" };
	struct span word = span_trim(value);
	size_t i, from = word.len != 0 && word.data[0] == '"';

	/* The word alone: comments may follow, and some write quotes. */
	for (i = from; i < word.len; i++)
		if (span_blank(word.data[i]) || word.data[i] == ';' ||
		    word.data[i] == '(' || word.data[i] == '"')
			break;
	word = span_cut(word, from, i);
	if (span_is(word, "base64"))
		return (PART_BASE64);
	if (span_is(word, "quoted-printable"))
		return (PART_QUOTED);
	*unknown = 1;
	for (i = 0; i < sizeof(identity) / sizeof(*identity); i++)
		if (span_is(word, identity[i]))
			*unknown = 0;
	return (PART_IDENTITY);
}

/* Returns whether there were too many. */
static int
part_languages(struct part *p, struct span value)
{
	struct span rest = value, tag;

	while (rest.len != 0 && p->nlanguages < PART_LANGUAGES) {
		tag = span_trim(span_split(&rest, ','));
		if (tag.len != 0)
			p->languages[p->nlanguages++] = tag;
	}
	return (rest.len != 0);
}

static struct span
part_cid(struct span value)
{
	value = span_trim(value);
	if (value.len >= 2 && value.data[0] == '<' &&
	    value.data[value.len - 1] == '>')
		value = span_cut(value, 1, value.len - 1);
	return (value.len != 0 ? value : (struct span){ NULL, 0 });
}

/* Values that are no names any more. */
static void
part_cut(struct part *p, struct problems *ps, int cut)
{
	struct span *values[] = { &p->type, &p->charset, &p->disposition,
		&p->name, &p->cid, &p->location, NULL };
	size_t i;

	for (i = 0; values[i] != NULL; i++)
		if (values[i]->len > LIMIT_ENVELOPE_PART_VALUE) {
			values[i]->len =
			    utf8_floor(*values[i], LIMIT_ENVELOPE_PART_VALUE);
			cut = 1;
		}
	for (i = 0; i < p->nlanguages; i++)
		if (p->languages[i].len > LIMIT_ENVELOPE_PART_VALUE) {
			p->languages[i].len = LIMIT_ENVELOPE_PART_VALUE;
			cut = 1;
		}
	if (cut)
		problem_add_part(
		    ps, PROBLEM_HEADERS_CUT, p->id, (struct span){ NULL, 0 });
}

static void
part_notes(const struct part *p, struct problems *ps,
    const struct part_fields *f, unsigned found)
{
	struct span nothing = { NULL, 0 };

	if ((found & ~PARAMS_DAMAGED) != 0)
		problem_add_part(
		    ps, PROBLEM_HEADER_CHARSET, p->id, SPAN("file name"));
	if ((found & PARAMS_DAMAGED) != 0)
		problem_add_part(
		    ps, PROBLEM_PARAMETER_REPAIRED, p->id, nothing);
	if (f->repeated != NULL)
		problem_add_part(ps, PROBLEM_HEADER_REPEATED, p->id,
		    (struct span){ f->repeated, strlen(f->repeated) });
	if (f->skipped != 0 && p->parent != NULL)
		problem_add_part(ps, PROBLEM_HEADER_MALFORMED, p->id, nothing);
}

/* What Content-Type says; *cut if it says more than is read. */
static void
part_content_type(struct part *p, struct arena *a, struct problems *ps,
    struct span value, struct span type, unsigned *found, int *cut)
{
	struct params params;

	params_parse(&params, a, value);
	*cut |= params.cut;
	p->type = value.len != 0 ? part_type(a, params.value) : type;
	p->multipart = span_starts(p->type, "multipart/");
	/* The number of a leaf at the top; a multipart there has none. */
	if (p->parent == NULL && !p->multipart)
		p->id = SPAN("1");
	if (p->multipart)
		p->boundary = params_octets(&params, a, "boundary");
	if (p->type.len == 0) {
		problem_add_part(
		    ps, PROBLEM_CONTENT_TYPE_INVALID, p->id, value);
		p->type = SPAN("text/plain");
	}
	if (span_starts(p->type, "text/")) {
		p->charset = params_find(&params, a, "charset", found);
		p->unlabelled = p->charset.len == 0;
		if (p->unlabelled)
			p->charset = SPAN("us-ascii");
	}
	p->name = params_find(&params, a, "name", found);
}

/* What Content-Disposition says, the same way. */
static void
part_disposition(struct part *p, struct arena *a, struct span value,
    unsigned *found, int *cut)
{
	struct params params;
	struct span name;

	params_parse(&params, a, value);
	*cut |= params.cut;
	if (params.value.len != 0)
		p->disposition = part_lower(a, params.value);
	name = params_find(&params, a, "filename", found);
	if (name.len != 0)
		p->name = name;
}

void
part_describe(
    struct part *p, struct arena *a, struct problems *ps, struct span type)
{
	struct part_fields f;
	unsigned found = 0;
	int unknown = 0, cut = 0;

	part_fields(&f, a, p->head);
	part_content_type(p, a, ps, f.type, type, &found, &cut);
	p->encoding = part_encoding(f.encoding, &unknown);
	p->doubtful = unknown;
	if (unknown && !p->multipart)
		problem_add_part(
		    ps, PROBLEM_ENCODING_UNKNOWN, p->id, f.encoding);
	if (f.disposition.len != 0)
		part_disposition(p, a, f.disposition, &found, &cut);
	if (p->name.len == 0)
		p->name = (struct span){ NULL, 0 };
	if (f.id.len != 0)
		p->cid = part_cid(f.id);
	if (f.location.len != 0)
		p->location = f.location;
	cut |= part_languages(p, f.language);
	part_cut(p, ps, cut);
	part_notes(p, ps, &f, found);
}

int
part_decode(struct part *p, struct buf *scratch, struct problems *ps,
    struct span *octets)
{
	unsigned found = 0;
	int damaged = 0;

	*octets = p->content;
	if (p->encoding == PART_IDENTITY || p->content.len == 0)
		return (0);
	buf_clear(scratch);
	if (buf_reserve(scratch, BASE64_DECODED(p->content.len)) == -1 &&
	    p->encoding == PART_BASE64)
		return (-1);
	if (p->encoding == PART_BASE64) {
		octets->len = base64_decode(p->content, scratch->data, &found);
		p->canonical = found == 0;
		damaged = (found & ~BASE64_SPACE) != 0;
	} else {
		if (buf_reserve(scratch, p->content.len) == -1)
			return (-1);
		octets->len =
		    quoted_decode(p->content, scratch->data, &damaged);
	}
	octets->data = scratch->data;
	if (damaged && ps != NULL)
		problem_add_part(ps, PROBLEM_ENCODING_REPAIRED, p->id,
		    p->encoding == PART_BASE64 ? SPAN("base64")
					       : SPAN("quoted-printable"));
	return (0);
}

struct part *
part_after(const struct part *p)
{
	if (p->child != NULL)
		return (p->child);
	while (p != NULL && p->next == NULL)
		p = p->parent;
	return (p != NULL ? p->next : NULL);
}
