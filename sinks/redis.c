#include <sys/queue.h>

#include <hiredis/hiredis.h>
#include <hiredis/async.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/config/section.h"
#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "sinks/backoff.h"
#include "sinks/health.h"
#include "sinks/redis_command.h"
#include "sinks/redis_config.h"
#include "sinks/redis_link.h"
#include "sinks/redis_once.h"
#include "sinks/redis_reply.h"
#include "sinks/sink.h"
#include "sinks/sinks.h"

/* Taken and not answered: enough to fill a long line, soon sent again. */
#define WINDOW_EVENTS 1024
#define WINDOW_BYTES (32U * 1024 * 1024)

/* Given to hiredis at a time: it moves all it holds with each partial write. */
#define FEED_BYTES (256U * 1024)

/* The default of proto-max-bulk-len, which also bounds a value. */
#define MAX_EVENT_BYTES (512U * 1024 * 1024)

/* Without any reply for so long, plus what a line of 100 kB/s needs for the
 * bytes under way, the connection is dead. */
#define REPLY_MS 30000
#define SLOW_BYTES_PER_MS 100
#define WATCH_MS 1000

#define CLOSE_MS 3000

struct op {
	STAILQ_ENTRY(op) next; /* in waiting */
	struct redis *redis;
	struct event *ev;
	void *ticket;
};

STAILQ_HEAD(ops, op);

struct redis {
	struct sink sink; /* first */
	struct redis_config config;
	struct redis_link *link;
	struct redis_once *once; /* exactly_once, or NULL */
	char sha[64];		 /* of the script; "" while it is not loaded */
	struct ops waiting;	 /* taken, not yet given to hiredis */
	size_t unanswered, bytes;
	size_t fed;	   /* bytes in hiredis' hands, at most */
	uint64_t progress; /* when the last reply came */
	int probing;	   /* after trouble: one event at a time */
	int paused;	   /* ... and none until the timer fires */
	int broken;	   /* the connection is to be given up */
	int hungry;	   /* submit() said full: ready() is due */
	uv_timer_t timer;  /* the pause; the end of a close */
	uv_timer_t watch;  /* the deadline of replies */
	int nclosing;	   /* handles and the link, still to be closed */
	struct backoff backoff;
	struct health health;
	void (*closed)(void *);
	void *closed_arg;
};

static void on_reply(redisAsyncContext *, void *, void *);
static void on_timer(uv_timer_t *);
static void on_watch(uv_timer_t *);
static void finish(struct redis *);

static int
has_room(struct redis *r)
{
	return (redis_link_context(r->link) != NULL && !r->paused &&
	    r->closed == NULL && (r->once == NULL || r->sha[0] != '\0') &&
	    r->unanswered < (r->probing ? 1 : WINDOW_EVENTS) &&
	    r->bytes < WINDOW_BYTES);
}

static void
offer(struct redis *r)
{
	const struct sink_host *host = &r->sink.host;

	if (r->hungry && has_room(r)) {
		r->hungry = 0;
		host->ready(host->arg);
	}
}

static void
settle(struct op *op, enum sink_verdict verdict, const struct fault *why)
{
	struct redis *r = op->redis;
	const struct sink_host *host = &r->sink.host;
	void *ticket = op->ticket;

	r->unanswered--;
	r->bytes -= op->ev->len;
	free(op);
	host->answer(host->arg, ticket, verdict, why);
}

/* Hand events to hiredis, a bounded number of bytes ahead of the socket. */
static void
feed(struct redis *r)
{
	redisAsyncContext *ac;
	struct op *op;
	int rc;

	while ((op = STAILQ_FIRST(&r->waiting)) != NULL &&
	    r->fed < FEED_BYTES && (ac = redis_link_context(r->link)) != NULL) {
		if (r->once != NULL)
			rc = redis_command_once(ac, &r->config, r->once, r->sha,
			    op->ev, on_reply, op);
		else
			rc = redis_command_xadd(
			    ac, &r->config, op->ev, on_reply, op);
		if (rc == -1) {
			/* No memory, and perhaps half a command in hiredis'
			 * buffer; submit() may be below us, so later. */
			r->broken = 1;
			uv_timer_start(&r->watch, on_watch, 0, 0);
			return;
		}
		STAILQ_REMOVE_HEAD(&r->waiting, next);
		r->fed += op->ev->len;
	}
}

/* The server answers, and not well.  ${f} says what and whose it is to mend. */
static void
trouble(struct redis *r, struct fault *f)
{
	f->retry_ms = f->kind == FAULT_CONFIG ? backoff_slow(&r->backoff)
					      : backoff_next(&r->backoff);
	if (!r->paused && r->closed == NULL) {
		r->paused = r->probing = 1;
		uv_update_time(r->sink.host.loop);
		uv_timer_start(&r->timer, on_timer, f->retry_ms, 0);
	}
	health_down(&r->health, f);
}

static void
on_loaded(redisAsyncContext *ac, void *data, void *arg)
{
	const redisReply *reply = data;
	struct redis *r = arg;
	struct fault f;

	if (reply == NULL || ac != redis_link_context(r->link))
		return;
	if (reply->type != REDIS_REPLY_STRING || reply->len >= sizeof(r->sha)) {
		(void)redis_reply_judge(
		    reply->str != NULL ? reply->str : "no text", &f);
		fault_prefix(&f, "sink %s: %s: SCRIPT LOAD", r->sink.host.name,
		    r->config.address);
		redis_link_fail(r->link, &f);
		return;
	}
	memcpy(r->sha, reply->str, reply->len + 1);
	if (!r->probing)
		health_up(&r->health);
	offer(r);
}

static void
load_script(struct redis *r)
{
	r->sha[0] = '\0';
	(void)redisAsyncCommand(redis_link_context(r->link), on_loaded, r,
	    "SCRIPT LOAD %s", redis_once_script);
}

/* An error reply to ${op}. */
static void
refuse(struct redis *r, struct op *op, const char *text)
{
	enum sink_verdict verdict = SINK_RETRY;
	struct fault f;

	switch (redis_reply_judge(text, &f)) {
	case REDIS_TOO_LARGE:
		verdict = SINK_REFUSED;
		/* FALLTHROUGH */
	case REDIS_NOSCRIPT:
		fault_prefix(
		    &f, "sink %s: %s", r->sink.host.name, r->config.address);
		if (verdict == SINK_RETRY && r->sha[0] != '\0')
			load_script(r);
		break;
	case REDIS_PASSING:
	case REDIS_PERSON:
		fault_prefix(&f, "sink %s: %s: %s %s", r->sink.host.name,
		    r->config.address, r->once != NULL ? "EVALSHA" : "XADD",
		    r->config.stream);
		trouble(r, &f);
		break;
	}
	settle(op, verdict, &f);
}

static void
stored(struct redis *r, struct op *op)
{
	r->probing = 0;
	backoff_reset(&r->backoff);
	redis_link_good(r->link);
	health_up(&r->health);
	settle(op, SINK_STORED, NULL);
}

static void
on_reply(redisAsyncContext *ac, void *data, void *arg)
{
	const redisReply *reply = data;
	struct op *op = arg;
	struct redis *r = op->redis;
	int once_stored;
	struct fault f;

	r->progress = uv_now(r->sink.host.loop);
	if (r->once != NULL) {
		once_stored = reply != NULL &&
		    reply->type == REDIS_REPLY_INTEGER && reply->integer >= 0;
		redis_once_answered(r->once, op->ev, once_stored);
	}
	if (reply == NULL) {
		fault_set(&f, FAULT_RETRY,
		    "sink %s: %s: connection lost before the reply: %s",
		    r->sink.host.name, r->config.address,
		    ac->err != 0 ? ac->errstr : "given up");
		settle(op, SINK_RETRY, &f);
	} else if (reply->type == REDIS_REPLY_ERROR)
		refuse(r, op, reply->str);
	else if (reply->type == REDIS_REPLY_INTEGER && reply->integer < 0) {
		fault_set(&f, FAULT_RETRY,
		    "sink %s: %s: an earlier mail of %s/%s is not stored yet",
		    r->sink.host.name, r->config.address, op->ev->account,
		    op->ev->mailbox);
		settle(op, SINK_RETRY, &f);
	} else
		stored(r, op);
	if (r->closed != NULL && r->unanswered == 0)
		finish(r);
	else
		offer(r);
}

static void
on_up(void *arg)
{
	struct redis *r = arg;

	r->fed = 0;
	r->broken = 0;
	if (r->closed != NULL)
		return;
	if (r->once != NULL) {
		load_script(r);
		return;
	}
	if (!r->probing)
		health_up(&r->health);
	offer(r);
}

static void
on_down(void *arg, const struct fault *why)
{
	struct redis *r = arg;
	struct fault f = *why;
	struct op *op;

	fault_prefix(&f, "sink %s", r->sink.host.name);
	health_down(&r->health, &f);
	while ((op = STAILQ_FIRST(&r->waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&r->waiting, next);
		settle(op, SINK_RETRY, &f);
	}
	if (r->closed != NULL && r->unanswered == 0)
		finish(r);
}

static void
on_drained(void *arg)
{
	struct redis *r = arg;

	r->fed = 0;
	feed(r);
}

static void
on_timer(uv_timer_t *timer)
{
	struct redis *r = timer->data;

	if (r->closed != NULL) {
		finish(r);
		return;
	}
	r->paused = 0;
	offer(r);
}

static void
on_watch(uv_timer_t *timer)
{
	struct redis *r = timer->data;
	uint64_t limit = REPLY_MS + r->bytes / SLOW_BYTES_PER_MS;
	struct fault f;

	if (r->broken)
		fault_set(
		    &f, FAULT_RETRY, "%s: out of memory", r->config.address);
	else if (r->unanswered == 0)
		return;
	else if (uv_now(r->sink.host.loop) - r->progress > limit)
		fault_set(&f, FAULT_RETRY, "%s: no reply within %llu s",
		    r->config.address, (unsigned long long)(limit / 1000));
	else {
		uv_timer_start(&r->watch, on_watch, WATCH_MS, 0);
		return;
	}
	redis_link_fail(r->link, &f);
}

static int
redis_submit(struct sink *s, struct event *ev, void *ticket)
{
	struct redis *r = (struct redis *)s;
	struct op *op = NULL;

	if (!has_room(r) || (op = malloc(sizeof(*op))) == NULL) {
		r->hungry = 1;
		return (0);
	}
	op->redis = r;
	op->ev = ev;
	op->ticket = ticket;
	STAILQ_INSERT_TAIL(&r->waiting, op, next);
	r->bytes += ev->len;
	if (r->unanswered++ == 0) {
		r->progress = uv_now(s->host.loop);
		uv_timer_start(&r->watch, on_watch, WATCH_MS, 0);
	}
	feed(r);
	return (1);
}

static void
redis_flush(struct sink *s)
{
	(void)s; /* nothing is ever held back */
}

static size_t
redis_max_event_bytes(const struct sink *s)
{
	(void)s;
	return (MAX_EVENT_BYTES);
}

static void
on_closed(void *arg)
{
	struct redis *r = arg;
	void (*closed)(void *) = r->closed;
	void *closed_arg = r->closed_arg;

	if (--r->nclosing > 0)
		return;
	redis_once_free(r->once);
	redis_config_clear(&r->config);
	free(r);
	closed(closed_arg);
}

static void
on_handle_closed(uv_handle_t *handle)
{
	on_closed(handle->data);
}

/* Everything is answered, or what is not will be by the end of the link. */
static void
finish(struct redis *r)
{
	struct fault f;
	struct op *op;

	if (r->nclosing != 0)
		return;
	r->nclosing = 3;
	fault_set(&f, FAULT_RETRY, "sink %s: closed before it was sent",
	    r->sink.host.name);
	while ((op = STAILQ_FIRST(&r->waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&r->waiting, next);
		settle(op, SINK_RETRY, &f);
	}
	redis_link_close(r->link, on_closed, r);
	uv_close((uv_handle_t *)&r->timer, on_handle_closed);
	uv_close((uv_handle_t *)&r->watch, on_handle_closed);
}

static void
redis_close(struct sink *s, void (*closed)(void *), void *arg)
{
	struct redis *r = (struct redis *)s;

	r->closed = closed;
	r->closed_arg = arg;
	if (r->unanswered == 0) {
		finish(r);
		return;
	}
	uv_update_time(s->host.loop);
	uv_timer_start(&r->timer, on_timer, CLOSE_MS, 0);
}

static struct sink *
redis_open(struct section *s, const struct sink_host *host, struct fault *f)
{
	static const struct redis_link_events events = { on_up, on_down,
		on_drained };
	struct redis_config config;
	struct redis *r;

	f->kind = FAULT_NONE;
	redis_config_read(&config, s);
	if (section_failed(s) && host != NULL)
		fault_set(f, FAULT_CONFIG, "%s: mistakes in the section",
		    section_where(s));
	if (section_failed(s) || host == NULL) {
		redis_config_clear(&config);
		return (NULL);
	}
	if ((r = calloc(1, sizeof(*r))) == NULL)
		goto fail;
	r->sink.ops = &redis_ops;
	r->sink.host = *host;
	r->config = config;
	STAILQ_INIT(&r->waiting);
	health_init(&r->health, &r->sink);
	if (config.checkpoint != NULL && (r->once = redis_once_new()) == NULL)
		goto fail;
	r->link = redis_link_new(host->loop, &r->config, &events, r);
	if (r->link == NULL)
		goto fail;
	uv_timer_init(host->loop, &r->timer);
	uv_timer_init(host->loop, &r->watch);
	r->timer.data = r->watch.data = r;
	return (&r->sink);

fail:
	fault_set(f, FAULT_RETRY, "sink %s: out of memory", host->name);
	redis_config_clear(&config);
	if (r != NULL)
		redis_once_free(r->once);
	free(r);
	return (NULL);
}

const struct sink_ops redis_ops = {
	.type = "redis",
	.open = redis_open,
	.submit = redis_submit,
	.flush = redis_flush,
	.max_event_bytes = redis_max_event_bytes,
	.close = redis_close,
};
