#include <hiredis/hiredis.h>
#include <hiredis/async.h>
#include <string.h>

#include "bridge/envelope/event.h"
#include "sinks/redis/redis_private.h"
#include "sinks/redis/redis_reply.h"

/* The server answers, and not well.  ${f} says what and whose it is to mend. */
static void
trouble(struct redis *r, struct fault *f)
{
	f->retry_ms = f->kind == FAULT_CONFIG ? backoff_slow(&r->backoff)
					      : backoff_next(&r->backoff);
	if (!r->paused && r->closed == NULL) {
		r->paused = r->probing = 1;
		uv_update_time(r->sink.host.loop);
		uv_timer_start(&r->timer, redis_resume, f->retry_ms, 0);
	}
	health_down(&r->health, f);
}

void
redis_leave(
    struct redis *r, const char *text, const char *what, struct fault *f)
{
	enum redis_trouble trouble;
	char host[REDIS_HOST_MAX];
	uint16_t port;

	if (text == NULL)
		text = "an unexpected reply";
	trouble = redis_reply_judge(text, f);
	fault_prefix(f, "%s: %s", redis_link_address(r->link), what);
	r->probing = 1; /* all is well only when something is stored */
	if (trouble == REDIS_MOVED &&
	    redis_reply_moved(text, host, sizeof(host), &port) == 0)
		redis_link_move(
		    r->link, host[0] != '\0' ? host : NULL, port, f);
	else
		redis_link_fail(r->link, f);
}

/* What an error reply means for what was sent; ${f} says it. */
static enum sink_verdict
judge(struct redis *r, const char *text, struct fault *f)
{
	const char *what = r->once.on ? "EVAL" : "XADD";

	switch (redis_reply_judge(text, f)) {
	case REDIS_TOO_LARGE:
		fault_prefix(f, "sink %s: %s", r->sink.host.name,
		    redis_link_address(r->link));
		return (SINK_REFUSED);
	case REDIS_NO_MASTER:
	case REDIS_MOVED:
		redis_leave(r, text, what, f);
		fault_prefix(f, "sink %s", r->sink.host.name);
		return (SINK_RETRY);
	case REDIS_PASSING:
	case REDIS_PERSON:
		break;
	}
	fault_prefix(f, "sink %s: %s: %s %s", r->sink.host.name,
	    redis_link_address(r->link), what, r->config.stream);
	trouble(r, f);
	return (SINK_RETRY);
}

void
redis_stored(struct redis *r)
{
	r->probing = 0;
	backoff_reset(&r->backoff);
	redis_link_good(r->link);
	health_up(&r->health);
}

void
redis_answered(struct redis *r)
{
	if (r->closed != NULL && r->unanswered == 0)
		redis_finish(r);
	else
		redis_offer(r);
}

/* What was not sent yet, so that the order stays. */
static void
hand_back(struct redis *r, const struct fault *why)
{
	struct redis_op *op;

	while ((op = STAILQ_FIRST(&r->waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&r->waiting, next);
		redis_settle(op, SINK_RETRY, why);
	}
}

static void
lost(struct redis *r, const redisAsyncContext *ac, struct fault *f)
{
	fault_set(f, FAULT_RETRY,
	    "sink %s: %s: connection lost before the reply: %s",
	    r->sink.host.name, redis_link_address(r->link),
	    ac->err != 0 ? ac->errstr : "given up");
}

void
redis_answer(redisAsyncContext *ac, void *data, void *arg)
{
	const redisReply *reply = data;
	struct redis_op *op = arg;
	struct redis *r = op->redis;
	enum sink_verdict verdict = SINK_RETRY;
	struct fault f;

	r->progress = uv_now(r->sink.host.loop);
	if (reply == NULL)
		lost(r, ac, &f);
	else if (reply->type == REDIS_REPLY_ERROR)
		verdict = judge(r, reply->str, &f);
	else
		verdict = SINK_STORED;
	if (verdict == SINK_STORED)
		redis_durable_written(r, op);
	else
		redis_settle(op, verdict, &f);
	redis_answered(r);
}

static void
settle_stored(struct redis *r)
{
	redis_once_stored(r);
	redis_stored(r);
	if (r->careful > 0)
		r->careful--;
	redis_once_settle(r, SINK_STORED, NULL);
	redis_once_feed(r);
}

static void
refuse_batch(struct redis *r, const char *text)
{
	enum sink_verdict verdict;
	struct fault f;

	verdict = judge(r, text, &f);
	if (verdict == SINK_REFUSED && r->once.nbatch > 1) {
		/* One of them is: the next ones go alone, so that it shows. */
		r->careful = r->once.nbatch;
		verdict = SINK_RETRY;
	} else if (verdict == SINK_REFUSED && r->careful > 0)
		r->careful--;
	redis_once_settle(r, verdict, &f);
	if (verdict == SINK_RETRY)
		hand_back(r, &f);
}

void
redis_answer_batch(redisAsyncContext *ac, void *data, void *arg)
{
	const redisReply *reply = data;
	struct redis *r = arg;
	struct redis_once *o = &r->once;
	struct fault f;

	r->progress = uv_now(r->sink.host.loop);
	if (reply == NULL) {
		o->step = ONCE_AWAY; /* the owner's record will tell */
		lost(r, ac, &f);
		if (r->closed != NULL)
			redis_once_settle(r, SINK_RETRY, &f);
	} else if (reply->type == REDIS_REPLY_STRING) {
		o->step = ONCE_AWAY;
		redis_once_up(r);
	} else if (reply->type == REDIS_REPLY_ERROR)
		refuse_batch(r, reply->str);
	else
		redis_durable_wait(r, settle_stored);
	redis_answered(r);
}

static void
on_probed(struct redis *r)
{
	r->ready = 1;
	if (r->once.on) {
		redis_once_up(r);
		return;
	}
	if (!r->probing)
		health_up(&r->health);
	redis_offer(r);
}

static void
on_up(void *arg)
{
	struct redis *r = arg;

	r->fed = 0;
	r->broken = 0;
	if (r->closed != NULL || r->once.lost)
		return;
	redis_watch(r);
	redis_durable_probe(r, on_probed);
}

static void
on_down(void *arg, const struct fault *why)
{
	struct redis *r = arg;
	struct fault f = *why;

	r->ready = 0;
	r->once.step = ONCE_AWAY;
	fault_prefix(&f, "sink %s", r->sink.host.name);
	if (!r->once.lost)
		health_down(&r->health, &f);
	hand_back(r, &f);
	redis_durable_drop(r, &f);
	if (r->closed != NULL && r->unanswered == 0)
		redis_finish(r);
}

static void
on_drained(void *arg)
{
	struct redis *r = arg;

	r->fed = 0;
	redis_feed(r);
}

const struct redis_link_events redis_answer_events = { on_up, on_down,
	on_drained };
