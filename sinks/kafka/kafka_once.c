#include <stdlib.h>
#include <string.h>

#include "bridge/envelope/event.h"
#include "bridge/ops/log.h"
#include "sinks/kafka/kafka_once_work.h"
#include "sinks/kafka/kafka_private.h"

/* Whoever was the owner and is fenced lets the other one say so in the topic
 * before it looks there; else both would fence one another in turn. */
#define YIELD_MS 3000

static void start_again(uv_timer_t *);

void
kafka_once_init(struct kafka *k)
{
	struct kafka_once *o = &k->once;

	o->on = k->config.transactional_id != NULL && k->sink.host.mark != NULL;
	o->step = ONCE_START;
	mark_owner_init(&o->owner);
}

int
kafka_once_ready(const struct kafka *k)
{
	return (!k->once.on || k->once.step != ONCE_START);
}

static void
after(struct kafka *k, uv_timer_cb cb, uint64_t ms)
{
	uv_update_time(k->sink.host.loop);
	uv_timer_start(&k->once.timer, cb, ms, 0);
}

/* The answer to the ${n} oldest events.  Others may be handed in meanwhile. */
static void
settle(struct kafka *k, size_t n, enum sink_verdict verdict,
    const struct fault *why)
{
	while (n-- > 0)
		kafka_settle(k, TAILQ_FIRST(&k->ops), verdict, why);
}

static void
describe(struct kafka *k, const char *what, struct fault *f,
    enum kafka_trouble *trouble)
{
	const struct kafka_once_error *e = &k->once.error;

	*trouble = kafka_error_judge(e->code, e->text, f);
	fault_prefix(f, "%s", what);
}

/* The producer of this step is of no use any more. */
static void
give_up(struct kafka *k, const char *what)
{
	struct fault f;

	if (k->phase != KAFKA_LIVE || kafka_event_fatal(k, &f)) {
		if (k->phase == KAFKA_LIVE)
			kafka_life_end(k, &f);
		return;
	}
	fault_set(&f, FAULT_RETRY,
	    "sink %s: kafka %s: %s: %s; the producer is made anew",
	    k->sink.host.name, k->config.brokers, what, k->once.error.text);
	kafka_life_end(k, &f);
}

/* The worker */

static void on_done(uv_work_t *work, int status);

void
kafka_once_do(struct kafka *k, enum kafka_once_step step)
{
	struct kafka_once *o = &k->once;

	o->step = step;
	o->busy = 1;
	o->work.data = k;
	o->done = 0;
	o->error.code = RD_KAFKA_RESP_ERR_NO_ERROR;
	o->fault.kind = FAULT_NONE;
	uv_queue_work(k->sink.host.loop, &o->work, kafka_once_work, on_done);
}

static void
tell_marks(struct kafka *k)
{
	const struct sink_host *host = &k->sink.host;
	struct sink_mark mark;
	const char *key;
	json_t *record;

	if (k->once.told)
		return;
	k->once.told = 1;
	json_object_foreach(k->once.records, key, record)
	{
		if (key[0] != '/' && mark_record_read(record, &mark) == 0)
			host->stored_mark(host->arg, &mark);
		else if (key[0] != '/')
			log_write(LOG_WARN, "kafka", host->name,
			    "topic %s: the record of %s is no checkpoint and "
			    "is passed over",
			    k->config.checkpoint_topic, key);
	}
	host->marks_loaded(host->arg);
}

/* Whether the last batch was committed is known now. */
static void
resolve(struct kafka *k)
{
	struct kafka_once *o = &k->once;
	struct fault f;

	if (o->unknown == 0)
		return;
	/* The worker has looked. */
	fault_set(&f, FAULT_RETRY,
	    "sink %s: kafka topic %s: the transaction was not committed",
	    k->sink.host.name, k->config.topic);
	settle(k, k->nops, o->unknown == 2 ? SINK_STORED : SINK_RETRY, &f);
	o->unknown = 0;
}

static void
rest(struct kafka *k)
{
	struct fault f;

	fault_set(&f, FAULT_CONFIG,
	    "sink %s: kafka topic %s: another mailbridge (%s) works under the "
	    "transactional_id %s since; this one rests until it is started "
	    "again.  Stop one of them; or, where they serve other mailboxes, "
	    "give each a transactional_id of its own",
	    k->sink.host.name, k->config.topic, k->once.winner,
	    k->config.transactional_id);
	log_write(LOG_ERROR, "kafka", k->sink.host.name, "%s", f.text);
	kafka_life_rest(k, &f);
}

static void
on_started(struct kafka *k)
{
	struct kafka_once *o = &k->once;
	enum kafka_trouble trouble;
	struct fault f;

	if (o->lost) {
		rest(k);
		return;
	}
	if (o->error.code != RD_KAFKA_RESP_ERR_NO_ERROR &&
	    !o->error.retriable) {
		give_up(k, "the start of transactions");
		return;
	}
	if (o->error.code != RD_KAFKA_RESP_ERR_NO_ERROR)
		describe(k, "the start of transactions", &f, &trouble);
	else if (o->fault.kind != FAULT_NONE) {
		f = o->fault;
		trouble = f.kind == FAULT_RETRY ? KAFKA_PASSING : KAFKA_PERSON;
	} else {
		o->step = ONCE_OPEN;
		o->fenced = 0;
		o->claimed = 1;
		resolve(k);
		tell_marks(k);
		if (k->phase == KAFKA_LIVE && !k->paused)
			health_up(&k->health);
		return;
	}
	kafka_trouble(k, trouble, &f);
	if (k->phase == KAFKA_LIVE)
		after(k, start_again, f.retry_ms);
}

static void
on_committed(struct kafka *k)
{
	struct kafka_once *o = &k->once;
	enum kafka_trouble trouble;
	struct fault f;

	if (o->done) {
		o->owner.batch++;
		o->step = ONCE_OPEN;
		if (k->careful > 0)
			k->careful--;
		backoff_reset(&k->backoff);
		k->away = 0;
		if (k->phase == KAFKA_LIVE)
			health_up(&k->health);
		if (o->error.code != RD_KAFKA_RESP_ERR_NO_ERROR)
			give_up(k, "the begin of a transaction");
		settle(k, k->nops, SINK_STORED, NULL);
	} else if (o->error.abort && k->phase == KAFKA_LIVE) {
		o->unknown = 1; /* should the abort fail, too */
		kafka_once_do(k, ONCE_ABORT);
	} else if (o->error.retriable && k->phase == KAFKA_LIVE) {
		describe(k, "the commit of a transaction", &f, &trouble);
		kafka_trouble(k, trouble, &f);
		if (k->phase == KAFKA_LIVE)
			kafka_once_do(k, ONCE_COMMIT);
	} else {
		o->unknown = 1;
		give_up(k, "the commit of a transaction");
	}
}

/* Hand all back; those that a report named are judged by it. */
static void
hand_back(struct kafka *k)
{
	enum kafka_trouble trouble = KAFKA_PASSING;
	size_t n = k->nops;
	struct kafka_op *op;
	struct fault f;
	int told = 0;

	while (n-- > 0) {
		op = TAILQ_FIRST(&k->ops);
		if (op->error == RD_KAFKA_RESP_ERR_NO_ERROR) {
			fault_set(&f, FAULT_RETRY,
			    "sink %s: kafka topic %s: the transaction was "
			    "aborted",
			    k->sink.host.name, k->config.topic);
			kafka_settle(k, op, SINK_RETRY, &f);
			continue;
		}
		trouble = kafka_error_judge(op->error, NULL, &f);
		if (trouble == KAFKA_MESSAGE) {
			kafka_event_suspect(k, op, op->error, &f);
			continue;
		}
		if (!told && k->phase == KAFKA_LIVE)
			kafka_trouble(k, trouble, &f);
		told = 1;
		kafka_settle(k, op, SINK_RETRY, &f);
	}
}

static void
on_aborted(struct kafka *k)
{
	struct kafka_once *o = &k->once;
	enum kafka_trouble trouble;
	struct fault f;

	if (o->done) {
		o->step = ONCE_OPEN;
		o->failed = o->unknown = 0;
		if (o->error.code != RD_KAFKA_RESP_ERR_NO_ERROR)
			give_up(k, "the begin of a transaction");
		hand_back(k);
	} else if (o->error.retriable && k->phase == KAFKA_LIVE) {
		describe(k, "the abort of a transaction", &f, &trouble);
		kafka_trouble(k, trouble, &f);
		if (k->phase == KAFKA_LIVE)
			kafka_once_do(k, ONCE_ABORT);
	} else
		give_up(k, "the abort of a transaction");
}

static void
on_done(uv_work_t *req, int status)
{
	struct kafka *k = req->data;

	(void)status; /* never cancelled */
	k->once.busy = 0;
	switch (k->once.step) {
	case ONCE_START:
		if (k->phase == KAFKA_LIVE)
			on_started(k);
		break;
	case ONCE_COMMIT:
		on_committed(k);
		break;
	case ONCE_ABORT:
		on_aborted(k);
		break;
	case ONCE_OPEN:
		break;
	}
	json_decref(k->once.records);
	k->once.records = NULL;
	kafka_life_worked(k);
	kafka_offer(k);
}

static void
start_again(uv_timer_t *timer)
{
	struct kafka *k = timer->data;

	if (k->phase == KAFKA_LIVE && !k->once.busy)
		kafka_once_do(k, ONCE_START);
}

void
kafka_once_start(struct kafka *k)
{
	struct kafka_once *o = &k->once;

	if (!o->on)
		return;
	o->inited = o->failed = o->ending = 0;
	o->step = ONCE_START;
	__atomic_store_n(&o->cancel, 0, __ATOMIC_RELAXED);
	if (o->fenced && o->claimed)
		after(k, start_again, YIELD_MS);
	else
		kafka_once_do(k, ONCE_START);
}

static int
is_fencing(rd_kafka_resp_err_t err)
{
	return (err == RD_KAFKA_RESP_ERR__FENCED ||
	    err == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
	    err == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
}

void
kafka_once_ended(struct kafka *k, rd_kafka_resp_err_t fatal)
{
	struct kafka_once *o = &k->once;

	if (!o->on)
		return;
	if (is_fencing(fatal))
		o->fenced = 1;
	uv_timer_stop(&o->timer);
	__atomic_store_n(&o->cancel, 1, __ATOMIC_RELAXED);
	if (!o->busy)
		o->step = ONCE_START;
}
