#include <stdint.h>
#include <stdlib.h>

#include "bridge/fault.h"
#include "bridge/limits.h"
#include "bridge/envelope/base64.h"
#include "bridge/envelope/cloudevent.h"
#include "bridge/envelope/fit.h"
#include "bridge/envelope/jmap.h"

#define FIT_NULL_LEN 4 /* null */

/* What a note in "problems" takes, roughly; contents below stay in. */
#define FIT_NOTE 128

size_t
fit_filling(
    const struct fit *f, const struct mail *m, const struct fields_hole *hole)
{
	const struct part *p = hole->part;

	if (p == NULL)
		return (BASE64_ENCODED(m->message->raw_len) + 2);
	if (!f->plan.contents || p->stored)
		return (0);
	return (BASE64_ENCODED(p->size) + 2);
}

/* Write the JSON by the plan, and count it. */
static int
fit_render(struct fit *f, const struct mail *m)
{
	size_t i, filling, want;

	/* Mostly one allocation: escapes and names take some more. */
	want = m->text.len + m->html.len + m->nheaders * 256 +
	    m->nparts * 1024 + 4096;
	buf_clear(&f->json);
	(void)buf_reserve(&f->json, want + want / 8);
	cloudevent_open(&f->json, f->event, f->options->cloudevents);
	if (f->options->format == ENVELOPE_JMAP)
		fields_write_jmap(&f->json, m, &f->plan, f->holes, &f->nholes);
	else
		fields_write(&f->json, m, &f->plan, f->holes, &f->nholes);
	cloudevent_close(&f->json, f->options->cloudevents);
	f->len = f->json.len;
	for (i = 0; i < f->nholes; i++) {
		filling = fit_filling(f, m, &f->holes[i]);
		f->len += filling != 0 ? filling : FIT_NULL_LEN;
	}
	return (f->json.failed ? -1 : 0);
}

static int
fit_by_size(const void *a, const void *b)
{
	const struct part *x = *(struct part *const *)a;
	const struct part *y = *(struct part *const *)b;

	if (x->size != y->size)
		return (x->size < y->size ? 1 : -1);
	return (x->content.data < y->content.data ? -1 : 1);
}

/* Refer to attachments, the largest first, until it fits; *referred says to how
 * many. */
static int
fit_refer(struct fit *f, struct mail *m, size_t max, size_t *referred)
{
	struct part **order;
	size_t i, n = 0, filling;

	order = arena_alloc(&m->arena, (f->nholes + 1) * sizeof(*order));
	if (order == NULL)
		return (-1);
	for (i = 0; i < f->nholes; i++)
		if (f->holes[i].part != NULL &&
		    fit_filling(f, m, &f->holes[i]) > FIT_NOTE)
			order[n++] = f->holes[i].part;
	qsort(order, n, sizeof(*order), fit_by_size);
	for (i = 0; i < n && f->len > max; i++) {
		filling = BASE64_ENCODED(order[i]->size) + 2;
		order[i]->stored = 1;
		(*referred)++;
		problem_add_part(&m->problems, PROBLEM_ATTACHMENT_REFERENCED,
		    order[i]->id, (struct span){ NULL, 0 });
		/* An estimate: the next rendering counts. */
		f->len = f->len + FIT_NOTE - filling;
	}
	return (0);
}

/* What of a part is cut off the bodies is not lost: the part is stored. */
static void
fit_store_cut(const struct fit *f, struct mail *m)
{
	struct part *p;
	size_t end;

	for (p = m->root; p != NULL; p = part_after(p)) {
		end = p->text_at + p->text_len;
		if ((p->in_text && end > f->plan.text) ||
		    (p->in_html && end > f->plan.html))
			p->stored = 1;
	}
}

/* Cut the bodies: the text keeps more where both are long. */
static void
fit_cut_bodies(struct fit *f, struct mail *m, size_t max)
{
	struct span text = { m->text.data, m->text.len };
	struct span html = { m->html.data, m->html.len };
	size_t has_text, has_html, rest = f->len, room, share;

	(void)jsonw_fit(text, SIZE_MAX, &has_text);
	(void)jsonw_fit(html, SIZE_MAX, &has_html);
	rest -= has_text + has_html;
	/* The note of the cut needs room as well. */
	rest += 64;
	room = max > rest ? max - rest : 0;
	share = has_html < room / 2 ? room - has_html : room - room / 2;
	f->plan.text = jsonw_fit(text, share, &has_text);
	f->plan.html = jsonw_fit(html, room - has_text, &has_html);
	fit_store_cut(f, m);
}

static void
fit_note(struct mail *m, enum problem_code code)
{
	problem_add(&m->problems, code, (struct span){ NULL, 0 },
	    (struct span){ NULL, 0 });
}

/* Take the next step towards less; 0 when there is none left. */
static int
fit_step(struct fit *f, struct mail *m, size_t max)
{
	struct fields_plan *p = &f->plan;
	size_t referred = 0;

	if (p->raw) {
		p->raw = 0;
		f->raw_stored = m->blob_id[0] != '\0';
		fit_note(m, PROBLEM_RAW_REFERENCED);
		return (1);
	}
	if (f->plan.contents && fit_refer(f, m, max, &referred) == -1)
		return (0);
	if (referred != 0)
		return (1);
	if (p->text == SIZE_MAX && (m->has_text || m->has_html)) {
		fit_note(m, PROBLEM_BODY_TRUNCATED);
		fit_cut_bodies(f, m, max);
		return (1);
	}
	fit_note(m, PROBLEM_EVENT_CUT);
	if (p->headers > m->nheaders)
		p->headers = m->nheaders;
	if (p->attachments > m->nparts)
		p->attachments = m->nparts;
	if (p->headers != 0)
		p->headers /= 2;
	else if (p->structure == 2)
		p->structure = 1;
	else if (p->attachments != 0)
		p->attachments /= 2;
	else if (p->problems)
		p->problems = 0;
	else if (p->lists)
		p->lists = 0;
	else if (p->structure != 0)
		p->structure = 0;
	else
		return (0);
	return (1);
}

static void
fit_store(struct mail *m)
{
	struct part *p;

	for (p = m->root; p != NULL; p = part_after(p))
		p->stored |= !p->multipart && !p->in_text && !p->in_html;
}

int
fit_write(struct fit *f, struct mail *m, const struct event *ev,
    const struct envelope_options *o, struct fault *fault)
{
	size_t max = o->max_event_bytes != 0 ? o->max_event_bytes : SIZE_MAX;
	int have_raw = m->message->raw != NULL && !m->message->unavailable;

	*f = (struct fit){ .event = ev, .options = o };
	f->plan = (struct fields_plan){ .text = SIZE_MAX,
		.html = SIZE_MAX,
		.headers = SIZE_MAX,
		.attachments = SIZE_MAX,
		.structure = 2,
		.lists = 1,
		.problems = 1,
		.raw = have_raw && o->raw == ENVELOPE_INLINE,
		.contents = o->attachments == ENVELOPE_INLINE };
	f->raw_stored =
	    have_raw && o->raw == ENVELOPE_STORE && m->blob_id[0] != '\0';
	buf_init(&f->json, LIMIT_ENVELOPE_EVENT);
	if (o->attachments == ENVELOPE_STORE)
		fit_store(m);
	if (o->format == ENVELOPE_JMAP) {
		/* Contents stand below their blobId, and this one has none. */
		if (m->blob_id[0] == '\0')
			f->plan.raw = 0;
		if (jmap_prepare(m, ev) == -1)
			goto fail;
	}
	f->holes = arena_alloc(&m->arena, (m->nparts + 1) * sizeof(*f->holes));
	if (f->holes == NULL || fit_render(f, m) == -1)
		goto fail;
	while (f->len > max) {
		if (!fit_step(f, m, max) && !m->arena.failed)
			return (fault_set(fault, FAULT_CONFIG,
			    "envelope: %zu bytes are too few for any event",
			    max));
		if (m->arena.failed || fit_render(f, m) == -1)
			goto fail;
	}
	return (0);

fail:
	return (fault_set(fault, FAULT_RETRY, "envelope: out of memory"));
}

void
fit_free(struct fit *f)
{
	buf_free(&f->json);
}
