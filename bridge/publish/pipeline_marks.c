#include <stdlib.h>

#include "bridge/buf.h"
#include "bridge/limits.h"
#include "bridge/message.h"
#include "bridge/publish/pipeline_marks.h"
#include "bridge/publish/pipeline_private.h"
#include "bridge/reset.h"
#include "bridge/uidset.h"
#include "bridge/watch/fingerprint.h"
#include "sinks/sink.h"

/* The text of as many ranges as can be above a mark, and late ones. */
#define MAX_TEXT ((size_t)(LIMIT_ACK_WINDOW + LIMIT_SWEEP_RANGES) * 24)

/* The same of what is remembered: those of the host, and of the batch. */
#define MAX_RECENT ((size_t)2 * LIMIT_FINGERPRINTS * 200)

struct pipeline_marks {
	void (*fill)(void *, const uint32_t *, size_t, struct sink_mark *);
	void *arg;
	uint64_t uidvalidity;
	struct uidset stored; /* above the mark, at the sink */
	struct uidset late;   /* below it, that came after it was passed */
	uint32_t mark;
	uint64_t epoch; /* resets up to this one had their outcome here */
	struct buf text;
	struct buf recent;
};

int
pipeline_lane_marks(struct pipeline_lane *lane,
    void (*fill)(void *, const uint32_t *, size_t, struct sink_mark *),
    void *arg)
{
	struct pipeline_marks *m;

	if (!pipeline_stores_marks(lane->pipeline))
		return (0);
	if ((m = calloc(1, sizeof(*m))) == NULL)
		return (-1);
	m->fill = fill;
	m->arg = arg;
	uidset_init(&m->stored, LIMIT_ACK_WINDOW + LIMIT_SWEEP_RANGES);
	uidset_init(&m->late, LIMIT_SWEEP_RANGES);
	buf_init(&m->text, MAX_TEXT);
	buf_init(&m->recent, MAX_RECENT);
	lane->marks = m;
	return (0);
}

void
pipeline_marks_free(struct pipeline_lane *lane)
{
	if (lane->marks == NULL)
		return;
	uidset_clear(&lane->marks->stored);
	uidset_clear(&lane->marks->late);
	buf_free(&lane->marks->text);
	buf_free(&lane->marks->recent);
	free(lane->marks);
}

/* Nothing is known of what has these numbers. */
static void
begin(struct pipeline_marks *m, uint64_t uidvalidity)
{
	m->uidvalidity = uidvalidity;
	m->mark = 0;
	uidset_clear(&m->stored);
	uidset_clear(&m->late);
}

/* What the mark passed is forgotten, but for what came so late that the mark
 * says nothing of it. */
static void
advance(struct pipeline_marks *m, uint32_t mark)
{
	m->mark = mark;
	uidset_cut(&m->stored, mark);
	if (mark > LIMIT_SWEEP_UIDS)
		uidset_cut(&m->late, mark - LIMIT_SWEEP_UIDS);
}

int
pipeline_lane_has(struct pipeline_lane *lane, const struct sink_mark *has)
{
	struct pipeline_marks *m = lane->marks;
	uint32_t mark = has->uid;
	uint32_t hi;
	size_t i;

	m->epoch = has->epoch;
	begin(m, has->uidvalidity);
	if (uidset_read(&m->stored, has->above) == -1)
		return (-1);
	for (i = 0; i < m->stored.n && m->stored.ranges[i].lo <= mark; i++) {
		hi = m->stored.ranges[i].hi;
		(void)uidset_add(
		    &m->late, m->stored.ranges[i].lo, hi < mark ? hi : mark);
	}
	advance(m, mark);
	return (0);
}

int
pipeline_stores_marks(const struct pipeline *p)
{
	const struct sink_ops *ops = p->sink->ops;

	return (ops->stores_marks != NULL && ops->stores_marks(p->sink));
}

int
pipeline_loading(const struct pipeline *p)
{
	return (pipeline_stores_marks(p) && !p->marks_loaded);
}

void
pipeline_marks_stored(struct flight *f)
{
	struct pipeline_marks *m = f->lane->marks;

	if (m == NULL || !f->event->numbered)
		return; /* no reset is told twice by one process */
	if (m->uidvalidity != f->message->uidvalidity)
		begin(m, f->message->uidvalidity);
	/* Without memory a crash may publish it twice. */
	(void)uidset_add(f->message->uid > m->mark ? &m->stored : &m->late,
	    f->message->uid, f->message->uid);
}

int
pipeline_marks_has(const struct flight *f)
{
	const struct pipeline_marks *m = f->lane->marks;

	if (m != NULL && f->message->reset != NULL)
		return (f->message->reset->epoch <= m->epoch);
	return (m != NULL && !f->lane->closed && f->event->numbered &&
	    m->uidvalidity == f->message->uidvalidity &&
	    (uidset_has(&m->stored, f->message->uid) ||
		uidset_has(&m->late, f->message->uid)));
}

/* The sink has these too, when the batch is stored. */
static int
write_above(
    struct pipeline_marks *m, const uint32_t *uids, size_t n, uint32_t mark)
{
	struct uidset all;
	size_t i;
	int rc = 0;

	uidset_init(&all, 2 * LIMIT_ACK_WINDOW + LIMIT_SWEEP_RANGES);
	for (i = 0; i < m->stored.n && rc == 0; i++)
		rc = uidset_add(
		    &all, m->stored.ranges[i].lo, m->stored.ranges[i].hi);
	for (i = 0; i < n && rc == 0; i++)
		rc = uidset_add(&all, uids[i], uids[i]);
	uidset_cut(&all, mark);
	for (i = 0; i < m->late.n && rc == 0; i++)
		rc = uidset_add(
		    &all, m->late.ranges[i].lo, m->late.ranges[i].hi);
	for (i = 0; i < n && rc == 0; i++) {
		if (uids[i] <= m->mark)
			rc = uidset_add(&all, uids[i], uids[i]);
	}
	buf_clear(&m->text);
	(void)buf_printf(&m->text, "%s", "");
	uidset_write(&all, &m->text);
	uidset_clear(&all);
	return (rc == 0 && !m->text.failed ? 0 : -1);
}

/* Of a replay the mark says nothing; of a reset its epoch does. */
static struct pipeline_lane *
live_lane(void *const *tickets, size_t n)
{
	const struct flight *f;
	size_t i;

	for (i = 0; i < n; i++) {
		f = tickets[i];
		if (f->lane->marks != NULL && !f->lane->closed &&
		    (f->event->numbered || f->message->reset != NULL))
			return (f->lane);
	}
	return (NULL);
}

/* Remembered of the last mails is what the host has not stored yet, and what
 * will be: both are durable with the mark. */
static void
write_recent(struct pipeline_marks *m, const struct sink_mark *mark,
    void *const *tickets, size_t n)
{
	struct fingerprint print;
	const struct flight *f;
	size_t i = n > LIMIT_FINGERPRINTS ? n - LIMIT_FINGERPRINTS : 0;

	buf_clear(&m->recent);
	(void)buf_printf(
	    &m->recent, "%s", mark->recent != NULL ? mark->recent : "");
	for (; i < n; i++) {
		f = tickets[i];
		if (!f->event->numbered)
			continue;
		if (m->recent.len > 0)
			(void)buf_putc(&m->recent, ',');
		print = f->message->print;
		print.epoch = mark->epoch;
		fingerprint_write(&m->recent, &print);
	}
	/* Without memory: a reset publishes them once more. */
	if (m->recent.failed)
		buf_clear(&m->recent);
}

static int
on_mark(void *arg, void *const *tickets, size_t n, struct sink_mark *mark)
{
	struct pipeline_lane *lane = live_lane(tickets, n);
	struct pipeline_marks *m;
	const struct flight *f;
	uint32_t *uids;
	size_t i, nuids = 0;
	int rc;

	(void)arg;
	if (lane == NULL || (uids = calloc(n, sizeof(*uids))) == NULL)
		return (0);
	m = lane->marks;
	*mark = (struct sink_mark){ .since = "", .below = "" };
	m->fill(m->arg, NULL, 0, mark);
	if (m->uidvalidity != mark->uidvalidity)
		begin(m, mark->uidvalidity);
	advance(m, mark->uid);
	for (i = 0; i < n; i++) {
		f = tickets[i];
		if (f->lane == lane && f->event->numbered &&
		    f->message->uidvalidity == mark->uidvalidity)
			uids[nuids++] = f->message->uid;
	}
	m->fill(m->arg, uids, nuids, mark);
	rc = write_above(m, uids, nuids, mark->uid);
	mark->above = m->text.data;
	write_recent(m, mark, tickets, n);
	mark->recent = m->recent.data;
	free(uids);
	return (rc == 0 && mark->uidvalidity != 0);
}

static void
on_stored_mark(void *arg, const struct sink_mark *mark)
{
	struct pipeline *p = arg;

	if (p->config.stored_mark != NULL)
		p->config.stored_mark(p->config.arg, p, mark);
}

static void
on_marks_loaded(void *arg)
{
	struct pipeline *p = arg;

	p->marks_loaded = 1;
	if (p->config.marks_loaded != NULL)
		p->config.marks_loaded(p->config.arg, p);
}

void
pipeline_marks_host(struct sink_host *host)
{
	host->mark = on_mark;
	host->stored_mark = on_stored_mark;
	host->marks_loaded = on_marks_loaded;
}
