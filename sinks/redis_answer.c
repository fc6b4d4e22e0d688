#include <hiredis/hiredis.h>
#include <hiredis/async.h>
#include <string.h>

#include "bridge/envelope/event.h"
#include "sinks/redis_private.h"
#include "sinks/redis_reply.h"

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
	redis_offer(r);
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
refuse(struct redis *r, struct redis_op *op, const char *text)
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
	redis_settle(op, verdict, &f);
}

static void
stored(struct redis *r, struct redis_op *op)
{
	r->probing = 0;
	backoff_reset(&r->backoff);
	redis_link_good(r->link);
	health_up(&r->health);
	redis_settle(op, SINK_STORED, NULL);
}

void
redis_answer(redisAsyncContext *ac, void *data, void *arg)
{
	const redisReply *reply = data;
	struct redis_op *op = arg;
	struct redis *r = op->redis;
	int once_stored;
	struct fault f;

	r->progress = uv_now(r->sink.host.loop);
	if (r->once != NULL && op->ev->numbered) {
		once_stored = reply != NULL &&
		    reply->type == REDIS_REPLY_INTEGER && reply->integer >= 0;
		redis_once_answered(r->once, op->ev, once_stored);
	}
	if (reply == NULL) {
		fault_set(&f, FAULT_RETRY,
		    "sink %s: %s: connection lost before the reply: %s",
		    r->sink.host.name, r->config.address,
		    ac->err != 0 ? ac->errstr : "given up");
		redis_settle(op, SINK_RETRY, &f);
	} else if (reply->type == REDIS_REPLY_ERROR)
		refuse(r, op, reply->str);
	else if (reply->type == REDIS_REPLY_INTEGER && reply->integer < 0) {
		fault_set(&f, FAULT_RETRY,
		    "sink %s: %s: an earlier mail of %s/%s is not stored yet",
		    r->sink.host.name, r->config.address, op->ev->account,
		    op->ev->mailbox);
		redis_settle(op, SINK_RETRY, &f);
	} else
		stored(r, op);
	if (r->closed != NULL && r->unanswered == 0)
		redis_finish(r);
	else
		redis_offer(r);
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
	redis_offer(r);
}

static void
on_down(void *arg, const struct fault *why)
{
	struct redis *r = arg;
	struct fault f = *why;
	struct redis_op *op;

	fault_prefix(&f, "sink %s", r->sink.host.name);
	health_down(&r->health, &f);
	while ((op = STAILQ_FIRST(&r->waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&r->waiting, next);
		redis_settle(op, SINK_RETRY, &f);
	}
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
