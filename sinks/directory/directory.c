#include <stdlib.h>
#include <string.h>

#include "bridge/config/section.h"
#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "sinks/backoff.h"
#include "sinks/directory/directory_files.h"
#include "sinks/health.h"
#include "sinks/sink.h"
#include "sinks/sinks.h"

/* One batch: past this the disk gains nothing and answers only come later. */
#define BATCH_EVENTS 512
#define BATCH_BYTES ((size_t)16 * 1024 * 1024)

struct batch {
	struct directory_item items[BATCH_EVENTS];
	size_t n;
	size_t bytes;
};

/* Group commit: one batch is written by a worker while the next one fills. */
struct directory {
	struct sink sink; /* first */
	struct directory_files *files;
	struct batch batches[2];
	struct batch *filling;
	struct batch *writing; /* NULL: the worker is free */
	struct fault fault;    /* of the write, or of open() */
	int rc;
	uv_work_t work;
	uv_timer_t timer; /* at start: tells the state; then: the back-off */
	int paused;	  /* nothing is written until the timer fires */
	int hungry;	  /* submit() said full: ready() is due */
	int unopened; /* it never was open: try, even with nothing to write */
	struct backoff backoff;
	struct health health;
	void (*closed)(void *);
	void *closed_arg;
};

static void start(struct directory *);

/* The answer that every event of ${b} gets, and room for others. */
static void
answer(struct directory *d, struct batch *b, enum sink_verdict verdict,
    const struct fault *why)
{
	const struct sink_host *host = &d->sink.host;
	size_t i, n = b->n;

	for (i = 0; i < n; i++)
		host->answer(host->arg, b->items[i].ticket, verdict, why);
	b->n = b->bytes = 0;
}

static void
on_timer_closed(uv_handle_t *handle)
{
	struct directory *d = handle->data;
	void (*closed)(void *) = d->closed;
	void *arg = d->closed_arg;
	struct fault f;

	fault_set(&f, FAULT_RETRY, "sink %s: closed before it was written",
	    d->sink.host.name);
	answer(d, d->filling, SINK_RETRY, &f);
	directory_files_free(d->files);
	free(d);
	closed(arg);
}

static void
finish(struct directory *d)
{
	uv_close((uv_handle_t *)&d->timer, on_timer_closed);
}

/* There is room again, if there is and somebody waits for it. */
static void
offer(struct directory *d)
{
	const struct sink_host *host = &d->sink.host;

	if (d->hungry && !d->paused && d->closed == NULL &&
	    d->filling->n < BATCH_EVENTS && d->filling->bytes < BATCH_BYTES) {
		d->hungry = 0;
		host->ready(host->arg);
	}
}

static void pause_for_a_while(struct directory *);

static void
on_timer(uv_timer_t *timer)
{
	struct directory *d = timer->data;

	/* The first time: open() itself may not tell what it found. */
	if (!d->paused && d->health.state == HEALTH_UNKNOWN) {
		if (d->rc == 0) {
			health_up(&d->health);
			return;
		}
		d->unopened = 1;
		pause_for_a_while(d);
		health_down(&d->health, &d->fault);
		return;
	}
	d->paused = 0;
	start(d);
	offer(d);
}

static void
pause_for_a_while(struct directory *d)
{
	d->fault.retry_ms = backoff_next(&d->backoff);
	d->paused = 1;
	uv_update_time(d->sink.host.loop);
	uv_timer_start(&d->timer, on_timer, d->fault.retry_ms, 0);
}

static void
write_batch(uv_work_t *work)
{
	struct directory *d = work->data;

	d->rc = directory_files_write(
	    d->files, d->writing->items, d->writing->n, &d->fault);
}

static void
on_written(uv_work_t *work, int status)
{
	struct directory *d = work->data;
	struct batch *b = d->writing;

	(void)status; /* never cancelled */
	if (d->rc == 0) {
		d->unopened = 0;
		backoff_reset(&d->backoff);
		health_up(&d->health);
		answer(d, b, SINK_STORED, NULL);
	} else {
		fault_prefix(&d->fault, "sink %s", d->sink.host.name);
		if (d->closed == NULL)
			pause_for_a_while(d);
		health_down(&d->health, &d->fault);
		answer(d, b, SINK_RETRY, &d->fault);
	}
	d->writing = NULL;
	if (d->closed != NULL)
		finish(d);
	else {
		start(d);
		offer(d);
	}
}

/* Give what was collected to the worker, if it is free. */
static void
start(struct directory *d)
{
	if (d->writing != NULL || d->paused ||
	    (d->filling->n == 0 && !d->unopened))
		return;
	d->writing = d->filling;
	d->filling = &d->batches[d->writing == &d->batches[0]];
	d->work.data = d;
	uv_queue_work(d->sink.host.loop, &d->work, write_batch, on_written);
}

static int
directory_submit(struct sink *s, struct event *ev, void *ticket)
{
	struct directory *d = (struct directory *)s;
	struct batch *b = d->filling;

	if (d->paused || b->n == BATCH_EVENTS || b->bytes >= BATCH_BYTES) {
		d->hungry = 1;
		return (0);
	}
	b->items[b->n++] = (struct directory_item){ ev, ticket };
	b->bytes += ev->len;
	start(d);
	return (1);
}

static void
directory_flush(struct sink *s)
{
	(void)s; /* nothing is ever held back */
}

static size_t
directory_max_event_bytes(const struct sink *s)
{
	(void)s;
	return (0);
}

static void
directory_close(struct sink *s, void (*closed)(void *), void *arg)
{
	struct directory *d = (struct directory *)s;

	d->closed = closed;
	d->closed_arg = arg;
	if (d->writing == NULL)
		finish(d);
}

static struct sink *
directory_open(struct section *s, const struct sink_host *host, struct fault *f)
{
	struct directory *d = NULL;
	char *path;

	f->kind = FAULT_NONE;
	(void)section_required(s, "path");
	path = section_path(s, "path", "");
	if (section_failed(s) && host != NULL)
		fault_set(f, FAULT_CONFIG, "%s: mistakes in the section",
		    section_where(s));
	if (section_failed(s) || host == NULL)
		goto out;
	if ((d = calloc(1, sizeof(*d))) == NULL ||
	    (d->files = directory_files_new(path)) == NULL) {
		fault_set(f, FAULT_RETRY, "sink %s: out of memory", host->name);
		goto fail;
	}
	d->sink.ops = &directory_ops;
	d->sink.host = *host;
	d->filling = &d->batches[0];
	health_init(&d->health, &d->sink);
	d->rc = directory_files_open(d->files, 1, &d->fault);
	if (d->rc == -1) {
		fault_prefix(&d->fault, "sink %s", host->name);
		if (d->fault.kind == FAULT_CONFIG) {
			*f = d->fault;
			goto fail;
		}
	}
	uv_timer_init(host->loop, &d->timer);
	d->timer.data = d;
	uv_timer_start(&d->timer, on_timer, 0, 0);
	goto out;

fail:
	if (d != NULL)
		directory_files_free(d->files);
	free(d);
	d = NULL;
out:
	free(path);
	return (d != NULL ? &d->sink : NULL);
}

const struct sink_ops directory_ops = {
	.type = "directory",
	.open = directory_open,
	.submit = directory_submit,
	.flush = directory_flush,
	.max_event_bytes = directory_max_event_bytes,
	.close = directory_close,
};
