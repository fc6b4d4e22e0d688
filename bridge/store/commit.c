#include <stdlib.h>
#include <string.h>

#include "bridge/fault.h"
#include "bridge/ops/log.h"
#include "bridge/store/checkpoint.h"
#include "bridge/store/commit.h"

/* A transaction costs a sync of the disk that the sink may be syncing too: let
 * some acks gather. */
#define COMMIT_MARK_MS 50
#define COMMIT_NOTE_MS 1000
#define COMMIT_RETRY_MS 2000

struct committer {
	uv_loop_t *loop;
	struct checkpoint_store *store;
	uv_timer_t timer;
	uv_work_t work;
	struct commit_slot *slots, **last;
	struct commit_slot *written; /* of the transaction under way */
	struct checkpoint_row *rows;
	size_t nrows;
	size_t nslots;
	uint64_t due; /* when the timer fires; 0: it does not run */
	int working;
	uint64_t began; /* uv_hrtime() of the transaction under way */
	struct committer_counts counts;
	int closing;
	struct fault fault; /* of the transaction under way */
	char trouble[FAULT_TEXT_MAX];
	void (*changed)(void *arg);
	void *changed_arg;
	void (*closed)(void *arg);
	void *closed_arg;
};

struct committer *
committer_new(uv_loop_t *loop, struct checkpoint_store *store,
    void (*changed)(void *arg), void *arg)
{
	struct committer *c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (NULL);
	c->loop = loop;
	c->store = store;
	c->last = &c->slots;
	c->changed = changed;
	c->changed_arg = arg;
	uv_timer_init(loop, &c->timer);
	c->timer.data = c;
	c->work.data = c;
	return (c);
}

const char *
committer_trouble(const struct committer *c)
{
	return (c->trouble);
}

const struct committer_counts *
committer_counts(const struct committer *c)
{
	return (&c->counts);
}

int
committer_idle(const struct committer *c)
{
	return (c->slots == NULL && !c->working);
}

static void
on_work(uv_work_t *work)
{
	struct committer *c = work->data;

	if (c->store != NULL)
		(void)checkpoint_write(c->store, c->rows, c->nrows, &c->fault);
}

static void start(struct committer *);

static void
on_timer(uv_timer_t *timer)
{
	struct committer *c = timer->data;

	c->due = 0;
	start(c);
}

static void
schedule(struct committer *c, uint64_t ms)
{
	uint64_t at;

	if (c->working || c->closing)
		return; /* the end of the transaction looks again */
	if (c->trouble[0] != '\0' && c->due != 0)
		return; /* the retry is near enough */
	at = uv_now(c->loop) + ms;
	if (c->due != 0 && c->due <= at)
		return;
	c->due = at;
	uv_timer_start(&c->timer, on_timer, ms, 0);
}

static void
enqueue(struct committer *c, struct commit_slot *slot)
{
	if (slot->writing)
		slot->again = 1;
	if (slot->writing || slot->queued)
		return;
	slot->queued = 1;
	slot->next = NULL;
	*c->last = slot;
	c->last = &slot->next;
	c->nslots++;
}

static void
set_trouble(struct committer *c, const struct fault *f)
{
	int was = c->trouble[0] != '\0', is = f != NULL;

	if (is && strcmp(c->trouble, f->text) != 0)
		log_write(LOG_ERROR, "checkpoint", NULL,
		    "%s; no mail is taken until it can be written", f->text);
	else if (was && !is)
		log_write(LOG_INFO, "checkpoint", NULL, "written again");
	c->trouble[0] = '\0';
	if (is)
		memcpy(c->trouble, f->text, sizeof(c->trouble));
	if (was != is)
		c->changed(c->changed_arg);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	struct committer *c = handle->data;

	c->closed(c->closed_arg);
	free(c->rows);
	free(c);
}

static void
on_worked(uv_work_t *work, int status)
{
	struct committer *c = work->data;
	struct commit_slot *slot, *next;
	int failed = c->fault.kind != FAULT_NONE, again;

	(void)status;
	c->working = 0;
	if (failed)
		c->counts.failures++;
	else
		metrics_observe(
		    &c->counts.latency, (uv_hrtime() - c->began) / 1000);
	for (slot = c->written; slot != NULL; slot = next) {
		next = slot->next;
		again = slot->again;
		slot->writing = 0;
		slot->again = 0;
		if (failed || again)
			enqueue(c, slot);
		if (!failed)
			slot->committed(slot->arg, slot->filled);
	}
	c->written = NULL;
	set_trouble(c, failed ? &c->fault : NULL);
	if (c->closing)
		uv_close((uv_handle_t *)&c->timer, on_timer_closed);
	else if (c->slots != NULL)
		schedule(c, failed ? COMMIT_RETRY_MS : COMMIT_MARK_MS);
}

/* Put the transaction together and hand it to a worker. */
static void
start(struct committer *c)
{
	struct checkpoint_row *rows;
	struct commit_slot *slot;

	if (c->working || c->slots == NULL)
		return;
	rows = realloc(c->rows, c->nslots * sizeof(*rows));
	if (rows == NULL) {
		schedule(c, COMMIT_RETRY_MS);
		return;
	}
	c->rows = rows;
	c->nrows = 0;
	for (slot = c->slots; slot != NULL; slot = slot->next) {
		memset(&rows[c->nrows], 0, sizeof(rows[0]));
		slot->writing = 1;
		slot->queued = 0;
		slot->filled = slot->marks;
		slot->fill(slot->arg, &rows[c->nrows++]);
	}
	c->written = c->slots;
	c->slots = NULL;
	c->last = &c->slots;
	c->nslots = 0;
	c->working = 1;
	c->began = uv_hrtime();
	c->fault.kind = FAULT_NONE;
	uv_queue_work(c->loop, &c->work, on_work, on_worked);
}

uint64_t
committer_mark(struct committer *c, struct commit_slot *slot)
{
	enqueue(c, slot);
	schedule(c, COMMIT_MARK_MS);
	return (++slot->marks);
}

void
committer_note(struct committer *c, struct commit_slot *slot)
{
	enqueue(c, slot);
	schedule(c, COMMIT_NOTE_MS);
}

void
committer_flush(struct committer *c)
{
	if (c->slots != NULL && !c->working && c->trouble[0] == '\0') {
		uv_timer_stop(&c->timer);
		c->due = 0;
		start(c);
	}
}

void
committer_close(struct committer *c, void (*closed)(void *), void *arg)
{
	c->closing = 1;
	c->closed = closed;
	c->closed_arg = arg;
	if (!c->working)
		uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}
