#include <sys/queue.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge/config/section.h"
#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "sinks/backoff.h"
#include "sinks/health.h"
#include "sinks/sink.h"
#include "sinks/sinks.h"
#include "sinks/stdout/stdout_fd.h"

/* One write: up to IOV_MAX pieces.  A pipe takes little at a time, a file
 * should be synced once for many. */
#define TURN_EVENTS 511
#define TURN_BYTES_POLL ((size_t)1024 * 1024)
#define TURN_BYTES_WORKER ((size_t)16 * 1024 * 1024)

/* Held until written.  The host's budget bounds the bytes of all sinks. */
#define QUEUE_EVENTS 4096
#define QUEUE_BYTES ((size_t)32 * 1024 * 1024)

/* How long a close waits for the reader to take the rest. */
#define CLOSE_MS 3000

struct line {
	STAILQ_ENTRY(line) next;
	struct event *ev;
	void *ticket;
};

STAILQ_HEAD(lines, line);

/* STORED means: a pipe's or socket's buffer, or the terminal, has every byte of
 * the line; a file has it on the disk. */
struct stdout_sink {
	struct sink sink; /* first */
	struct stdout_fd out;
	struct lines queue;
	size_t nqueue, bytes;
	size_t offset; /* bytes of the first line that are written */
	struct iovec iov[TURN_EVENTS * 2 + 1];
	int niov;

	uv_work_t work;
	int working; /* a worker has iov */
	int error, sync_error;
	size_t written;

	uv_poll_t poll;	  /* STDOUT_POLL only */
	uv_timer_t timer; /* tells the state after open(); the back-off; the
			   * end of a close */
	int nhandles;
	int paused;
	int hungry; /* submit() said full: ready() is due */
	int closing;
	struct backoff backoff;
	struct health health;
	void (*closed)(void *);
	void *closed_arg;
};

static char line_feed[] = "\n";

static void kick(struct stdout_sink *);

/* Lay out the next write from the head of the queue. */
static int
gather(struct stdout_sink *o)
{
	size_t max, bytes = 0, skip = o->offset;
	struct line *l = NULL; /* for cppcheck, which does not know STAILQ */
	int n = 0;

	max = o->out.way == STDOUT_POLL ? TURN_BYTES_POLL : TURN_BYTES_WORKER;
	if (o->out.torn)
		o->iov[n++] = (struct iovec){ line_feed, 1 };
	STAILQ_FOREACH(l, &o->queue, next)
	{
		if (bytes >= max || n + 2 > TURN_EVENTS * 2 + 1)
			break;
		/* cppcheck-suppress uninitvar */
		if (skip < l->ev->len)
			o->iov[n++] = (struct iovec){ l->ev->data + skip,
				l->ev->len - skip };
		o->iov[n++] = (struct iovec){ line_feed, 1 };
		bytes += l->ev->len + 1 - skip;
		skip = 0;
	}
	return (n);
}

/* Answer the first line of the queue. */
static void
answer_first(
    struct stdout_sink *o, enum sink_verdict verdict, const struct fault *why)
{
	const struct sink_host *host = &o->sink.host;
	struct line *l = STAILQ_FIRST(&o->queue);
	void *ticket = l->ticket;

	STAILQ_REMOVE_HEAD(&o->queue, next);
	o->nqueue--;
	o->bytes -= l->ev->len;
	o->offset = 0;
	free(l);
	host->answer(host->arg, ticket, verdict, why);
}

/* ${len} more bytes went out: answer the lines that are complete. */
static void
advance(struct stdout_sink *o, size_t len, enum sink_verdict verdict,
    const struct fault *why)
{
	struct line *l;

	if (len > 0 && o->out.torn) {
		o->out.torn = 0;
		len--;
	}
	while (len > 0) {
		l = STAILQ_FIRST(&o->queue);
		if (len < l->ev->len + 1 - o->offset) {
			o->offset += len;
			return;
		}
		len -= l->ev->len + 1 - o->offset;
		answer_first(o, verdict, why);
	}
}

static void
on_handle_closed(uv_handle_t *handle)
{
	struct stdout_sink *o = handle->data;
	void (*closed)(void *) = o->closed;
	void *arg = o->closed_arg;
	struct fault f;

	if (--o->nhandles > 0)
		return;
	fault_set(&f, FAULT_RETRY, "sink %s: closed before it was written",
	    o->sink.host.name);
	while (!STAILQ_EMPTY(&o->queue))
		answer_first(o, SINK_RETRY, &f);
	close(o->out.fd);
	free(o);
	closed(arg);
}

static void
finish(struct stdout_sink *o)
{
	uv_close((uv_handle_t *)&o->timer, on_handle_closed);
	if (o->nhandles > 1)
		uv_close((uv_handle_t *)&o->poll, on_handle_closed);
}

static void
offer(struct stdout_sink *o)
{
	const struct sink_host *host = &o->sink.host;

	if (o->hungry && !o->paused && !o->closing &&
	    o->nqueue <= QUEUE_EVENTS / 2 && o->bytes <= QUEUE_BYTES / 2) {
		o->hungry = 0;
		host->ready(host->arg);
	}
}

/* What comes after each step: the next one, or the end of a close. */
static void
go_on(struct stdout_sink *o)
{
	/* An answer may have closed the sink already. */
	if (uv_is_closing((uv_handle_t *)&o->timer))
		return;
	if (o->closing && !o->working &&
	    (o->paused || STAILQ_EMPTY(&o->queue))) {
		finish(o);
		return;
	}
	kick(o);
	offer(o);
}

static void
on_timer(uv_timer_t *timer)
{
	struct stdout_sink *o = timer->data;

	if (o->closing) {
		/* A worker that hangs in write() cannot be called back. */
		o->paused = 1;
		if (o->out.way == STDOUT_POLL)
			uv_poll_stop(&o->poll);
		go_on(o);
		return;
	}
	if (o->health.state == HEALTH_UNKNOWN)
		health_up(&o->health);
	o->paused = 0;
	go_on(o);
}

/* Writing failed.  A far side that is gone (no reader) took the bytes of the
 * line under way with it, so all that is held goes back; a full disk kept them,
 * so the line is continued when there is room. */
static void
fail(struct stdout_sink *o, int error)
{
	struct fault f;

	fault_set(&f, error == EPIPE ? FAULT_ENDED : FAULT_RETRY,
	    "sink %s: standard output: write: %s%s", o->sink.host.name,
	    strerror(error),
	    error == EPIPE ? "; the program that reads it has ended" : "");
	f.retry_ms = backoff_next(&o->backoff);
	o->paused = 1;
	if (!o->closing) {
		uv_update_time(o->sink.host.loop);
		uv_timer_start(&o->timer, on_timer, f.retry_ms, 0);
	}
	health_down(&o->health, &f);
	while (o->out.way == STDOUT_POLL && !STAILQ_EMPTY(&o->queue))
		answer_first(o, SINK_RETRY, &f);
}

static void
on_writable(uv_poll_t *poll, int status, int events)
{
	struct stdout_sink *o = poll->data;
	ssize_t len;

	/* The write finds out what the poll's error means. */
	(void)status;
	(void)events;
	len = stdout_fd_write(&o->out, o->iov, gather(o));
	if (len == -1)
		fail(o, errno);
	else if (len > 0) {
		backoff_reset(&o->backoff);
		health_up(&o->health);
		advance(o, (size_t)len, SINK_STORED, NULL);
	}
	/* An answer may have closed the sink, and the poll with it. */
	if (!uv_is_closing((uv_handle_t *)poll) &&
	    (o->paused || STAILQ_EMPTY(&o->queue)))
		uv_poll_stop(poll);
	go_on(o);
}

static void
write_lines(uv_work_t *work)
{
	struct stdout_sink *o = work->data;

	o->error = stdout_fd_write_all(
	    &o->out, o->iov, o->niov, &o->written, &o->sync_error);
}

static void
on_written(uv_work_t *work, int status)
{
	struct stdout_sink *o = work->data;
	struct fault f;

	(void)status; /* never cancelled */
	if (o->sync_error != 0) {
		fault_set(&f, FAULT_RETRY,
		    "sink %s: standard output: fdatasync: %s",
		    o->sink.host.name, strerror(o->sync_error));
		advance(o, o->written, SINK_RETRY, &f);
		if (o->offset > 0) {
			o->out.torn = 1;
			answer_first(o, SINK_RETRY, &f);
		}
	} else
		advance(o, o->written, SINK_STORED, NULL);
	/* Only now: a submit from inside an answer must not start a worker on
	 * lines that are still being counted. */
	o->working = 0;
	if (o->error != 0 || o->sync_error != 0)
		fail(o, o->error != 0 ? o->error : o->sync_error);
	else {
		backoff_reset(&o->backoff);
		health_up(&o->health);
	}
	go_on(o);
}

/* Start the next write, if there is one. */
static void
kick(struct stdout_sink *o)
{
	if (o->paused || o->working || STAILQ_EMPTY(&o->queue))
		return;
	if (o->out.way == STDOUT_POLL) {
		if (!uv_is_active((uv_handle_t *)&o->poll))
			uv_poll_start(&o->poll, UV_WRITABLE, on_writable);
		return;
	}
	o->working = 1;
	o->niov = gather(o);
	uv_queue_work(o->sink.host.loop, &o->work, write_lines, on_written);
}

static int
stdout_submit(struct sink *s, struct event *ev, void *ticket)
{
	struct stdout_sink *o = (struct stdout_sink *)s;
	struct line *l = NULL;

	if (o->paused || o->nqueue >= QUEUE_EVENTS || o->bytes >= QUEUE_BYTES ||
	    (l = malloc(sizeof(*l))) == NULL) {
		o->hungry = 1;
		return (0);
	}
	l->ev = ev;
	l->ticket = ticket;
	STAILQ_INSERT_TAIL(&o->queue, l, next);
	o->nqueue++;
	o->bytes += ev->len;
	if (o->nqueue == 1)
		kick(o);
	return (1);
}

static void
stdout_flush(struct sink *s)
{
	(void)s; /* nothing is ever held back */
}

static size_t
stdout_max_event_bytes(const struct sink *s)
{
	(void)s;
	return (0);
}

static void
stdout_close(struct sink *s, void (*closed)(void *), void *arg)
{
	struct stdout_sink *o = (struct stdout_sink *)s;

	o->closed = closed;
	o->closed_arg = arg;
	o->closing = 1;
	uv_update_time(o->sink.host.loop);
	uv_timer_start(&o->timer, on_timer, CLOSE_MS, 0);
	go_on(o);
}

static struct sink *
stdout_open(struct section *s, const struct sink_host *host, struct fault *f)
{
	struct stdout_sink *o;

	f->kind = FAULT_NONE;
	(void)s; /* no keys of its own */
	if (host == NULL)
		return (NULL);
	if ((o = calloc(1, sizeof(*o))) == NULL) {
		fault_set(f, FAULT_RETRY, "sink %s: out of memory", host->name);
		return (NULL);
	}
	o->sink.ops = &stdout_ops;
	o->sink.host = *host;
	o->work.data = o->poll.data = o->timer.data = o;
	STAILQ_INIT(&o->queue);
	health_init(&o->health, &o->sink);
	if (stdout_fd_open(&o->out, STDOUT_FILENO, f) == -1) {
		free(o);
		return (NULL);
	}
	/* Some devices look like a terminal and cannot be polled. */
	if (o->out.way == STDOUT_POLL &&
	    uv_poll_init(host->loop, &o->poll, o->out.fd) == 0)
		o->nhandles++;
	else
		o->out.way = STDOUT_WORKER;
	uv_timer_init(host->loop, &o->timer);
	o->nhandles++;
	uv_timer_start(&o->timer, on_timer, 0, 0);
	return (&o->sink);
}

const struct sink_ops stdout_ops = {
	.type = "stdout",
	.open = stdout_open,
	.submit = stdout_submit,
	.flush = stdout_flush,
	.max_event_bytes = stdout_max_event_bytes,
	.close = stdout_close,
};
