/* What a transaction gathers, and when it ends. */
#include "bridge/envelope/event.h"
#include "sinks/kafka/kafka_once_work.h"
#include "sinks/kafka/kafka_private.h"

/* A batch: a commit costs some 10 ms whatever is in it, so wait a moment; but
 * not long, since all of it is in memory and unanswered meanwhile. */
#define BATCH_MS 100
#define FLUSH_MS 5
#define BATCH_EVENTS 5000
#define BATCH_BYTES ((size_t)16 * 1024 * 1024)

int
kafka_once_room(const struct kafka *k)
{
	const struct kafka_once *o = &k->once;

	return (!o->on ||
	    (o->step == ONCE_OPEN && !o->failed && !o->ending &&
		k->nops < BATCH_EVENTS && k->bytes < BATCH_BYTES));
}

static void
after(struct kafka *k, uv_timer_cb cb, uint64_t ms)
{
	uv_update_time(k->sink.host.loop);
	uv_timer_start(&k->once.timer, cb, ms, 0);
}

static void
end_batch(struct kafka *k)
{
	struct kafka_once *o = &k->once;

	if (o->step != ONCE_OPEN || k->phase == KAFKA_DESTROY)
		return;
	o->ending = k->late != NULL;
	if (o->ending || (k->nops == 0 && !o->failed))
		return;
	uv_timer_stop(&o->timer);
	if (!o->failed && kafka_once_add_marks(k) == -1)
		o->failed = 1;
	kafka_once_do(k, o->failed ? ONCE_ABORT : ONCE_COMMIT);
}

static void
on_batch_timer(uv_timer_t *timer)
{
	end_batch(timer->data);
}

void
kafka_once_sent(struct kafka *k)
{
	if (!k->once.on)
		return;
	if (!kafka_once_room(k) || k->careful > 0)
		after(k, on_batch_timer, 0);
	else if (!uv_is_active((uv_handle_t *)&k->once.timer))
		after(k, on_batch_timer, BATCH_MS);
}

void
kafka_once_flush(struct kafka *k)
{
	uv_timer_t *timer = &k->once.timer;

	if (k->once.on && k->once.step == ONCE_OPEN && k->nops > 0 &&
	    (!uv_is_active((uv_handle_t *)timer) ||
		uv_timer_get_due_in(timer) > FLUSH_MS))
		after(k, on_batch_timer, FLUSH_MS);
}

void
kafka_once_late(struct kafka *k)
{
	if (k->once.on && k->once.ending)
		end_batch(k);
}

void
kafka_once_reported(
    struct kafka *k, struct kafka_op *op, rd_kafka_resp_err_t err)
{
	struct kafka_once *o = &k->once;

	if (err == RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	if (op != NULL && err != RD_KAFKA_RESP_ERR__PURGE_QUEUE &&
	    err != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
		op->error = err;
	o->failed = 1;
	if (o->step == ONCE_OPEN && k->phase == KAFKA_LIVE)
		after(k, on_batch_timer, 0);
}

int
kafka_once_finish(struct kafka *k)
{
	end_batch(k);
	return (k->once.busy && k->once.step != ONCE_START);
}
