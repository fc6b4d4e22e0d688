#include <string.h>

#include "bridge/limits.h"
#include "bridge/envelope/header.h"
#include "bridge/envelope/outline.h"
#include "bridge/envelope/words.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* The offset of the next line feed that "--" follows, or ${s}.len. */
static size_t
outline_dashes(struct span s)
{
	const char *p = s.data, *end = s.data + s.len;

#ifdef __SSE2__
	const __m128i lf = _mm_set1_epi8('\n'), dash = _mm_set1_epi8('-');

	/* Comparing the first and the third octet leaves little to look at. */
	for (; end - p >= 34; p += 32) {
		__m128i a = _mm_and_si128(
		    _mm_cmpeq_epi8(_mm_loadu_si128((const void *)p), lf),
		    _mm_cmpeq_epi8(
			_mm_loadu_si128((const void *)(p + 2)), dash));
		__m128i b = _mm_and_si128(
		    _mm_cmpeq_epi8(_mm_loadu_si128((const void *)(p + 16)), lf),
		    _mm_cmpeq_epi8(
			_mm_loadu_si128((const void *)(p + 18)), dash));
		unsigned mask = (unsigned)_mm_movemask_epi8(a) |
		    (unsigned)_mm_movemask_epi8(b) << 16;

		for (; mask != 0; mask &= mask - 1) {
			const char *at = p + __builtin_ctz(mask);

			if (at[1] == '-')
				return ((size_t)(at - s.data));
		}
	}
#endif
	while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		if (end - p >= 3 && p[1] == '-' && p[2] == '-')
			return ((size_t)(p - s.data));
		p++;
	}
	return (s.len);
}

struct span
outline_content_type(struct arena *a, struct span head)
{
	struct header h;
	unsigned skipped = 0;

	while (header_next(&head, &h, &skipped))
		if (span_is(h.name, "Content-Type"))
			return (words_unfold(a,
			    span_cut(h.value, 0, LIMIT_ENVELOPE_CONTENT_TYPE)));
	return ((struct span){ NULL, 0 });
}

/* The header block of an entry, reduced. */
static void
outline_head(struct outline *o, struct span type)
{
	size_t i;

	if (span_starts(type, "multipart/")) {
		(void)buf_puts(&o->text, "Content-Type: ");
		(void)buf_put(&o->text, type.data, type.len);
		for (i = o->text.len - type.len; i < o->text.len; i++)
			if (o->text.data[i] == '\r')
				o->text.data[i] = ' ';
		(void)buf_putc(&o->text, '\n');
		o->digest |= span_starts(type, "multipart/digest");
	} else if (o->digest) {
		/* Without a type it would be a message, whose inside GMime
		 * would parse; to us that is a leaf (RFC 8621 section 4.1.4).
		 */
		(void)buf_puts(&o->text, "Content-Type: a/b\n");
	}
	(void)buf_putc(&o->text, '\n');
}

static struct outline_entry *
outline_entry(struct outline *o, struct arena *a)
{
	struct outline_entry *e;

	if ((o->n & (o->n - 1)) == 0) {
		e = arena_alloc(a, sizeof(*e) * (o->n != 0 ? o->n * 2 : 1));
		if (e == NULL)
			return (NULL);
		if (o->n != 0)
			memcpy(e, o->entries, sizeof(*e) * o->n);
		o->entries = e;
	}
	e = &o->entries[o->n++];
	e->at = o->text.len;
	return (e);
}

/* On to the next line that starts with "--", or the end. */
static void
outline_next(struct span *rest)
{
	*rest = span_cut(*rest, outline_dashes(*rest) + 1, rest->len);
}

/* Such a line without its end.  Blanks stay: they may belong to the boundary.
 */
static struct span
outline_line(struct span *rest)
{
	struct span line = header_line(rest);

	while (line.len != 0 &&
	    (line.data[line.len - 1] == '\n' ||
		line.data[line.len - 1] == '\r'))
		line.len--;
	return (line);
}

int
outline_make(struct outline *o, struct arena *a, struct span raw,
    struct span type, struct span head, struct span body)
{
	struct outline_entry *e;
	struct span rest, line;
	size_t at;

	*o = (struct outline){ .n = 0 };
	/* The maximum and what one more line may add. */
	buf_init(&o->text,
	    LIMIT_ENVELOPE_OUTLINE + LIMIT_ENVELOPE_BOUNDARY +
		LIMIT_ENVELOPE_CONTENT_TYPE + 256);
	if ((e = outline_entry(o, a)) == NULL)
		return (-1);
	e->head = head;
	e->body = body;
	outline_head(o, type);
	rest = body;
	if (!span_starts(rest, "--"))
		outline_next(&rest);
	while (rest.len != 0) {
		at = (size_t)(rest.data - raw.data);
		line = outline_line(&rest);
		if (line.len <= LIMIT_ENVELOPE_BOUNDARY) {
			if (o->n == LIMIT_ENVELOPE_BOUNDARIES ||
			    o->text.len > LIMIT_ENVELOPE_OUTLINE) {
				o->cut = 1;
				break;
			}
			if ((e = outline_entry(o, a)) == NULL)
				return (-1);
			e->line = at;
			header_block(rest, 1, &e->head, &e->body);
			rest = e->body;
			(void)buf_put(&o->text, line.data, line.len);
			(void)buf_putc(&o->text, '\n');
			outline_head(o, outline_content_type(a, e->head));
		}
		if (!span_starts(rest, "--"))
			outline_next(&rest);
	}
	return (o->text.failed ? -1 : 0);
}

size_t
outline_find(const struct outline *o, size_t at)
{
	size_t low = 0, high = o->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (o->entries[mid].at >= at)
			high = mid;
		else
			low = mid + 1;
	}
	return (low);
}

void
outline_free(struct outline *o)
{
	buf_free(&o->text);
}
