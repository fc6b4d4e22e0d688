#include <stdlib.h>

#include "bridge/config/section.h"
#include "bridge/envelope/event.h"
#include "sinks/redis/redis_command.h"
#include "sinks/redis/redis_private.h"
#include "sinks/sinks.h"

/* Taken and not answered: enough to fill a long line, soon sent again. */
#define WINDOW_EVENTS 1024
#define WINDOW_BYTES ((size_t)32 * 1024 * 1024)

/* Given to hiredis at a time: it moves all it holds with each partial write. */
#define FEED_BYTES ((size_t)256 * 1024)

/* The default of proto-max-bulk-len, which also bounds a value. */
#define MAX_EVENT_BYTES ((size_t)512 * 1024 * 1024)

/* Without any reply for so long, plus what a line of 100 kB/s needs for the
 * bytes under way, the connection is dead. */
#define REPLY_MS 30000
#define SLOW_BYTES_PER_MS 100
#define WATCH_MS 1000

#define CLOSE_MS 3000

static void on_watch(uv_timer_t *);

static int
has_room(struct redis *r)
{
	return (r->ready && redis_link_context(r->link) != NULL && !r->paused &&
	    r->closed == NULL && redis_once_room(r) &&
	    r->unanswered < (r->probing || r->careful ? 1 : WINDOW_EVENTS) &&
	    r->bytes < WINDOW_BYTES);
}

void
redis_offer(struct redis *r)
{
	const struct sink_host *host = &r->sink.host;

	if (r->hungry && has_room(r)) {
		r->hungry = 0;
		host->ready(host->arg);
	}
}

void
redis_settle(
    struct redis_op *op, enum sink_verdict verdict, const struct fault *why)
{
	struct redis *r = op->redis;
	const struct sink_host *host = &r->sink.host;
	void *ticket = op->ticket;

	r->unanswered--;
	r->bytes -= op->ev->len;
	free(op);
	host->answer(host->arg, ticket, verdict, why);
}

void
redis_give_up(struct redis *r)
{
	r->broken = 1;
	uv_timer_start(&r->watch, on_watch, 0, 0);
}

/* Hand events to hiredis, a bounded number of bytes ahead of the socket. */
void
redis_feed(struct redis *r)
{
	struct redisAsyncContext *ac;
	struct redis_args *a;
	struct redis_op *op;

	if (r->once.on) {
		redis_once_feed(r);
		return;
	}
	while ((op = STAILQ_FIRST(&r->waiting)) != NULL &&
	    r->fed < FEED_BYTES && (ac = redis_link_context(r->link)) != NULL) {
		a = redis_args_new();
		redis_args_xadd(a, &r->config);
		redis_args_event(a, op->ev);
		if (redis_args_send(a, ac, redis_answer, op) == -1) {
			redis_give_up(r);
			return;
		}
		STAILQ_REMOVE_HEAD(&r->waiting, next);
		r->fed += op->ev->len;
	}
}

void
redis_resume(uv_timer_t *timer)
{
	struct redis *r = timer->data;

	if (r->closed != NULL) {
		redis_finish(r);
		return;
	}
	r->paused = 0;
	redis_offer(r);
}

/* Is a reply to come? */
static int
is_due(const struct redis *r)
{
	const struct redis_once *o = &r->once;

	return (redis_link_context(r->link) != NULL &&
	    (r->unanswered > 0 || !r->ready ||
		(o->on && !o->lost && o->step == ONCE_AWAY)));
}

void
redis_watch(struct redis *r)
{
	r->progress = uv_now(r->sink.host.loop);
	uv_timer_start(&r->watch, on_watch, WATCH_MS, 0);
}

static void
on_watch(uv_timer_t *timer)
{
	struct redis *r = timer->data;
	uint64_t now = uv_now(r->sink.host.loop);
	uint64_t limit = REPLY_MS + r->bytes / SLOW_BYTES_PER_MS;
	struct fault f = { .kind = FAULT_NONE };

	if (!is_due(r))
		r->progress = now;
	if (r->broken)
		fault_set(&f, FAULT_RETRY, "%s: out of memory",
		    redis_link_address(r->link));
	else if (now - r->progress > limit)
		fault_set(&f, FAULT_RETRY, "%s: no reply within %llu s",
		    redis_link_address(r->link),
		    (unsigned long long)(limit / 1000));
	r->broken = 0;
	if (r->unanswered > 0 || is_due(r))
		uv_timer_start(&r->watch, on_watch, WATCH_MS, 0);
	if (f.kind != FAULT_NONE)
		redis_link_fail(r->link, &f);
}

static int
redis_submit(struct sink *s, struct event *ev, void *ticket)
{
	struct redis *r = (struct redis *)s;
	struct redis_op *op = NULL;

	if (!has_room(r) || (op = malloc(sizeof(*op))) == NULL) {
		r->hungry = 1;
		return (0);
	}
	op->redis = r;
	op->ev = ev;
	op->ticket = ticket;
	STAILQ_INSERT_TAIL(&r->waiting, op, next);
	r->bytes += ev->len;
	if (r->unanswered++ == 0)
		redis_watch(r);
	redis_feed(r);
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
	redis_once_free(r);
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
void
redis_finish(struct redis *r)
{
	struct fault f;
	struct redis_op *op;

	if (r->nclosing != 0)
		return;
	r->nclosing = 3;
	fault_set(&f, FAULT_RETRY, "sink %s: closed before it was sent",
	    r->sink.host.name);
	while ((op = STAILQ_FIRST(&r->waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&r->waiting, next);
		redis_settle(op, SINK_RETRY, &f);
	}
	redis_durable_drop(r, &f);
	if (r->once.step != ONCE_STORE) /* else its reply is NULL now */
		redis_once_settle(r, SINK_RETRY, &f);
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
		redis_finish(r);
		return;
	}
	uv_update_time(s->host.loop);
	uv_timer_start(&r->timer, redis_resume,
	    r->once.on && r->once.step == ONCE_AWAY ? 0 : CLOSE_MS, 0);
}

static int
redis_stores_marks(const struct sink *s)
{
	return (((const struct redis *)s)->once.on);
}

static struct sink *
redis_open(struct section *s, const struct sink_host *host, struct fault *f)
{
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
	STAILQ_INIT(&r->durable.written);
	health_init(&r->health, &r->sink);
	redis_once_init(r);
	r->link =
	    redis_link_new(host->loop, &r->config, &redis_answer_events, r);
	if (r->link == NULL)
		goto fail;
	uv_timer_init(host->loop, &r->timer);
	uv_timer_init(host->loop, &r->watch);
	r->timer.data = r->watch.data = r;
	return (&r->sink);

fail:
	fault_set(f, FAULT_RETRY, "sink %s: out of memory", host->name);
	redis_config_clear(&config);
	free(r);
	return (NULL);
}

const struct sink_ops redis_ops = {
	.type = "redis",
	.open = redis_open,
	.submit = redis_submit,
	.flush = redis_flush,
	.max_event_bytes = redis_max_event_bytes,
	.stores_marks = redis_stores_marks,
	.close = redis_close,
};
