#include <hiredis/hiredis.h>
#include <hiredis/async.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/ops/log.h"
#include "sinks/redis/redis_command.h"
#include "sinks/redis/redis_private.h"
#include "sinks/redis/redis_script.h"

#define OWNER "/owner"

void
redis_once_init(struct redis *r)
{
	r->once.on = r->config.checkpoint != NULL && r->sink.host.mark != NULL;
	STAILQ_INIT(&r->batch);
	mark_owner_init(&r->once.owner);
}

int
redis_once_room(const struct redis *r)
{
	return (!r->once.on ||
	    (r->once.step != ONCE_AWAY && r->once.step != ONCE_SETTLE));
}

void
redis_once_free(struct redis *r)
{
	free(r->once.record);
	free(r->once.next);
	free(r->once.displaced);
}

/* The outcome of the batch. */
void
redis_once_settle(
    struct redis *r, enum sink_verdict verdict, const struct fault *why)
{
	struct redis_once *o = &r->once;
	struct redis_op *op;

	/* Marks are right again when all of it is answered. */
	o->step = ONCE_SETTLE;
	o->nbatch = 0;
	while ((op = STAILQ_FIRST(&r->batch)) != NULL) {
		STAILQ_REMOVE_HEAD(&r->batch, next);
		redis_settle(op, verdict, why);
	}
	o->step = o->lost || redis_link_context(r->link) == NULL ? ONCE_AWAY
								 : ONCE_OPEN;
}

/* The marks.  An older version kept "77:129" there, or "77:129:3,5". */

static int
is_old(const char *value)
{
	return (
	    *value != '\0' && strspn(value, "0123456789:,") == strlen(value));
}

static void
tell_mark(struct redis *r, const char *key, const char *value)
{
	const struct sink_host *host = &r->sink.host;
	json_t *record = json_loads(value, 0, NULL);
	struct sink_mark mark;

	if (record != NULL && mark_record_read(record, &mark) == 0)
		host->stored_mark(host->arg, &mark);
	else if (is_old(value))
		log_write(LOG_INFO, "redis", host->name,
		    "%s: the checkpoint of %s is of an older version; the "
		    "state directory tells where to go on",
		    r->config.checkpoint, key);
	else
		log_write(LOG_WARN, "redis", host->name,
		    "%s: what is stored for %s is no checkpoint and is passed "
		    "over",
		    r->config.checkpoint, key);
	json_decref(record);
}

static void
open_for_batches(struct redis *r)
{
	/* To become the owner was a write already. */
	r->once.step = ONCE_OPEN;
	r->probing = 0;
	health_up(&r->health);
	redis_once_feed(r);
	redis_offer(r);
}

static void
on_marks(redisAsyncContext *ac, void *data, void *arg)
{
	const redisReply *reply = data, *key, *value;
	struct redis *r = arg;
	struct fault f;
	size_t i;

	if (reply == NULL || ac != redis_link_context(r->link))
		return;
	if (reply->type != REDIS_REPLY_ARRAY) {
		redis_leave(r, reply->str, "HGETALL", &f);
		return;
	}
	for (i = 0; i + 1 < reply->elements; i += 2) {
		key = reply->element[i];
		value = reply->element[i + 1];
		if (key->type == REDIS_REPLY_STRING &&
		    value->type == REDIS_REPLY_STRING &&
		    strcmp(key->str, OWNER) != 0)
			tell_mark(r, key->str, value->str);
	}
	r->once.told = 1;
	r->sink.host.marks_loaded(r->sink.host.arg);
	if (ac == redis_link_context(r->link) && r->closed == NULL)
		open_for_batches(r);
}

/* The ownership */

static int
read_owner(const char *text, struct mark_owner *owner)
{
	json_t *record = json_loads(text, 0, NULL);
	int rc = record != NULL ? mark_owner_read(record, owner) : -1;

	json_decref(record);
	return (rc);
}

static void
rest(struct redis *r, const struct mark_owner *winner)
{
	struct fault f;

	r->once.lost = 1;
	r->once.step = ONCE_AWAY;
	fault_set(&f, FAULT_CONFIG,
	    "sink %s: %s: another mailbridge (%s) stores with the checkpoints "
	    "in %s since; this one rests until it is started again.  Stop one "
	    "of them; or, where they serve other mailboxes, give each a "
	    "checkpoint_key of its own",
	    r->sink.host.name, redis_link_address(r->link),
	    winner->by[0] != '\0' ? winner->by : "unknown",
	    r->config.checkpoint);
	log_write(LOG_ERROR, "redis", r->sink.host.name, "%s", f.text);
	health_down(&r->health, &f);
	redis_once_settle(r, SINK_RETRY, &f);
}

/* We are the owner: what became of the batch without an answer, and of those
 * before? */
static void
go_on(struct redis *r)
{
	struct redis_once *o = &r->once;
	const struct mark_owner *found = &o->found;
	uint64_t ours = o->owner.batch;
	struct fault f;

	o->owner = *found;
	if (found->batch < ours)
		log_write(LOG_ERROR, "redis", r->sink.host.name,
		    "%s has lost what it had acknowledged: of %llu batches it "
		    "knows %llu.  See durability; mailbridge replay publishes "
		    "mail again",
		    redis_link_address(r->link), (unsigned long long)ours,
		    (unsigned long long)found->batch);
	if (o->nbatch > 0) {
		fault_set(&f, FAULT_RETRY,
		    "sink %s: %s: the batch was not stored", r->sink.host.name,
		    redis_link_address(r->link));
		redis_once_settle(
		    r, found->batch == ours + 1 ? SINK_STORED : SINK_RETRY, &f);
	}
	if (r->closed != NULL)
		return;
	if (o->told)
		open_for_batches(r);
	else
		(void)redisAsyncCommand(redis_link_context(r->link), on_marks,
		    r, "HGETALL %s", r->config.checkpoint);
}

static void
on_claimed(redisAsyncContext *ac, void *data, void *arg)
{
	const redisReply *reply = data;
	struct redis *r = arg;
	struct redis_once *o = &r->once;
	struct mark_owner found = { .by = "" };
	const char *before;
	struct fault f;

	if (reply == NULL || ac != redis_link_context(r->link))
		return;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
	    reply->element[0]->type != REDIS_REPLY_STRING ||
	    reply->element[1]->type != REDIS_REPLY_STRING) {
		redis_leave(r, reply->str, "EVAL", &f);
		return;
	}
	if (read_owner(reply->element[0]->str, &found) == -1 ||
	    strcmp(found.session, o->owner.session) != 0) {
		rest(r, &found);
		return;
	}
	free(o->record);
	o->record = strdup(reply->element[0]->str);
	before = reply->element[1]->str;
	if (strstr(before, o->owner.session) == NULL) {
		free(o->displaced);
		o->displaced = strdup(before);
	} else if (o->displaced == NULL) /* that reply was lost */
		o->displaced = strdup("");
	if (o->record == NULL || o->displaced == NULL) {
		redis_give_up(r);
		return;
	}
	o->found = found;
	redis_durable_wait(r, go_on);
	redis_answered(r);
}

void
redis_once_up(struct redis *r)
{
	struct mark_owner owner = r->once.owner;
	struct redis_args *a = redis_args_new();
	char *record;

	owner.batch = 0;
	if ((record = mark_owner_write(&owner)) == NULL) {
		redis_args_free(a);
		redis_give_up(r);
		return;
	}
	redis_args_add(a, "EVAL");
	redis_args_add(a, redis_script_claim);
	redis_args_add(a, "1");
	redis_args_add(a, r->config.checkpoint);
	redis_args_add(a, owner.session);
	redis_args_add(a, record);
	if (r->once.displaced != NULL)
		redis_args_add(a, r->once.displaced);
	if (redis_args_send(a, redis_link_context(r->link), on_claimed, r) ==
	    -1)
		redis_give_up(r);
	free(record);
}
