#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/kafka/kafka_once_work.h"
#include "sinks/kafka/kafka_private.h"
#include "sinks/kafka/kafka_reader.h"
#include "sinks/mark_batch.h"

/* A call comes back after this, so that a close is not kept waiting; what it
 * waits for goes on, and the call is made again. */
#define CALL_MS 2000

#define OWNER_KEY "/owner/%s"

/* Take the error over.  1 if there is none. */
static int
worked(struct kafka_once *o, rd_kafka_error_t *error)
{
	struct kafka_once_error *e = &o->error;

	memset(e, 0, sizeof(*e));
	if (error == NULL)
		return (1);
	e->code = rd_kafka_error_code(error);
	e->retriable = rd_kafka_error_is_retriable(error);
	e->abort = rd_kafka_error_txn_requires_abort(error);
	e->fatal = rd_kafka_error_is_fatal(error);
	(void)snprintf(
	    e->text, sizeof(e->text), "%s", rd_kafka_error_string(error));
	rd_kafka_error_destroy(error);
	return (0);
}

static int
put(struct kafka *k, const char *key, char *value)
{
	rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR__FAIL;

	if (value != NULL)
		err = rd_kafka_producev(k->producer->rk, RD_KAFKA_VTYPE_TOPIC,
		    k->config.checkpoint_topic, RD_KAFKA_VTYPE_MSGFLAGS,
		    RD_KAFKA_MSG_F_COPY, RD_KAFKA_VTYPE_KEY, key, strlen(key),
		    RD_KAFKA_VTYPE_VALUE, value, strlen(value),
		    RD_KAFKA_VTYPE_OPAQUE, NULL, RD_KAFKA_VTYPE_END);
	free(value);
	return (err == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : -1);
}

static int
put_owner(struct kafka *k, uint64_t batch)
{
	struct mark_owner owner = k->once.owner;
	char key[512];

	owner.batch = batch;
	(void)snprintf(key, sizeof(key), OWNER_KEY, k->config.transactional_id);
	return (put(k, key, mark_owner_write(&owner)));
}

/* The owner that the records name; 0 if none. */
static int
find_owner(struct kafka *k, struct mark_owner *owner)
{
	char key[512];

	(void)snprintf(key, sizeof(key), OWNER_KEY, k->config.transactional_id);
	return (
	    mark_owner_read(json_object_get(k->once.records, key), owner) == 0);
}

static int
load(struct kafka *k)
{
	struct kafka_once *o = &k->once;

	json_decref(o->records);
	o->records = kafka_reader_load(
	    &k->config, k->producer->rk, &o->cancel, &o->fault);
	return (o->records != NULL);
}

static int
is_ours(const struct kafka_once *o, const struct mark_owner *owner)
{
	return (strcmp(owner->session, o->owner.session) == 0);
}

/* Fenced: does another process own the id, as its record says?  If its record
 * is not there yet, neither of us has won. */
static int
is_lost(struct kafka *k)
{
	struct kafka_once *o = &k->once;
	struct mark_owner owner;

	if (!load(k) || !find_owner(k, &owner) || is_ours(o, &owner) ||
	    owner.generation < o->owner.generation)
		return (0);
	memcpy(o->winner, owner.by, sizeof(o->winner));
	return (1);
}

static rd_kafka_error_t *
commit(struct kafka *k)
{
	rd_kafka_t *rk = k->producer->rk;
	rd_kafka_error_t *error;

	while ((error = rd_kafka_commit_transaction(rk, CALL_MS)) != NULL &&
	    rd_kafka_error_is_retriable(error) &&
	    !__atomic_load_n(&k->once.cancel, __ATOMIC_RELAXED))
		rd_kafka_error_destroy(error);
	return (error);
}

/* Say in the topic that the id is ours, so that who had it before sees it. */
static void
claim(struct kafka *k)
{
	rd_kafka_t *rk = k->producer->rk;
	struct kafka_once *o = &k->once;

	if (!worked(o, rd_kafka_begin_transaction(rk)))
		return;
	if (put_owner(k, o->owner.batch) == -1)
		fault_set(&o->fault, FAULT_RETRY, "out of memory");
	else if (worked(o, commit(k)))
		(void)worked(o, rd_kafka_begin_transaction(rk));
	/* The next producer begins from the beginning. */
	o->error.retriable = 0;
}

static void
start(struct kafka *k)
{
	struct kafka_once *o = &k->once;
	struct mark_owner owner;

	if (o->fenced && !o->inited) {
		o->lost = is_lost(k);
		if (o->lost || o->fault.kind != FAULT_NONE)
			return;
	}
	if (!o->inited &&
	    !worked(o, rd_kafka_init_transactions(k->producer->rk, CALL_MS)))
		return;
	o->inited = 1;
	if (!load(k))
		return;
	if (!find_owner(k, &owner))
		memset(&owner, 0, sizeof(owner));
	if (!is_ours(o, &owner) && owner.generation >= o->owner.generation)
		o->owner.generation = owner.generation + 1;
	if (is_ours(o, &owner) && o->unknown &&
	    owner.batch == o->owner.batch + 1) {
		o->unknown = 2;
		o->owner.batch++;
	}
	claim(k);
}

void
kafka_once_work(uv_work_t *work)
{
	struct kafka *k = work->data;
	struct kafka_once *o = &k->once;
	rd_kafka_t *rk = k->producer->rk;

	switch (o->step) {
	case ONCE_START:
		start(k);
		break;
	case ONCE_COMMIT:
		o->done = worked(o, rd_kafka_commit_transaction(rk, CALL_MS));
		if (o->done)
			(void)worked(o, rd_kafka_begin_transaction(rk));
		break;
	case ONCE_ABORT:
		o->done = worked(o, rd_kafka_abort_transaction(rk, CALL_MS));
		if (o->done)
			(void)worked(o, rd_kafka_begin_transaction(rk));
		break;
	case ONCE_OPEN:
		break;
	}
}

static int
put_mark(void *arg, char *key, char *record)
{
	int rc = put(arg, key, record);

	free(key);
	return (rc);
}

int
kafka_once_add_marks(struct kafka *k)
{
	struct mark_batch_item *items;
	struct kafka_op *op;
	size_t n = 0;
	int rc;

	if ((items = calloc(k->nops, sizeof(*items))) == NULL)
		return (-1);
	TAILQ_FOREACH(op, &k->ops, next)
	items[n++] = (struct mark_batch_item){ op->ev, op->ticket };
	rc = mark_batch(&k->sink.host, items, n, put_mark, k);
	free(items);
	if (rc == 0)
		rc = put_owner(k, k->once.owner.batch + 1);
	return (rc);
}
