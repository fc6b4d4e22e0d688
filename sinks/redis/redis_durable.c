#include <hiredis/hiredis.h>
#include <hiredis/async.h>

#include "sinks/redis/redis_private.h"

static int
is_wanted(const struct redis *r)
{
	const struct redis_durability *d = &r->config.durability;

	return (d->replicas > 0 || d->fsync);
}

static void
ask(struct redis *r, redisCallbackFn *fn, unsigned timeout_ms)
{
	const struct redis_durability *d = &r->config.durability;
	redisAsyncContext *ac = redis_link_context(r->link);
	int rc;

	if (ac == NULL)
		return;
	if (d->fsync)
		rc = redisAsyncCommand(
		    ac, fn, r, "WAITAOF 1 %u %u", d->replicas, timeout_ms);
	else
		rc = redisAsyncCommand(
		    ac, fn, r, "WAIT %u %u", d->replicas, timeout_ms);
	if (rc != REDIS_OK)
		redis_give_up(r);
}

static const char *
command(const struct redis *r)
{
	return (r->config.durability.fsync ? "WAITAOF" : "WAIT");
}

/* How many replicas, and whether the master's disk: 1 if the reply says so. */
static int
read_counts(const struct redis *r, const redisReply *reply, int *disk,
    long long *replicas)
{
	*disk = 1;
	if (!r->config.durability.fsync) {
		*replicas = reply->integer;
		return (reply->type == REDIS_REPLY_INTEGER);
	}
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
		return (0);
	*disk = reply->element[0]->integer > 0;
	*replicas = reply->element[1]->integer;
	return (1);
}

static void on_confirmed(redisAsyncContext *, void *, void *);

static void
too_few(struct redis *r, int disk, long long replicas)
{
	const struct redis_durability *d = &r->config.durability;
	struct fault f;

	fault_set(&f, FAULT_RETRY,
	    "sink %s: %s: written, but within %u s only %lld of %u replicas%s "
	    "confirmed it%s; it counts as stored when they do",
	    r->sink.host.name, redis_link_address(r->link),
	    d->timeout_ms / 1000, replicas, d->replicas,
	    d->fsync ? "' disks" : "",
	    disk ? "" : ", and the server's own disk did not");
	health_down(&r->health, &f);
	if (r->closed == NULL)
		ask(r, on_confirmed, d->timeout_ms);
}

static void
on_confirmed(redisAsyncContext *ac, void *data, void *arg)
{
	const redisReply *reply = data;
	struct redis *r = arg;
	long long replicas;
	struct fault f;
	int disk;

	r->progress = uv_now(r->sink.host.loop);
	if (reply == NULL && r->once.on && r->closed != NULL) {
		fault_set(&f, FAULT_RETRY,
		    "sink %s: closed before replicas "
		    "confirmed it",
		    r->sink.host.name);
		redis_once_settle(r, SINK_RETRY, &f);
	} else if (reply != NULL && ac == redis_link_context(r->link)) {
		if (reply->type == REDIS_REPLY_ERROR ||
		    !read_counts(r, reply, &disk, &replicas))
			redis_leave(r, reply->str, command(r), &f);
		else if (!disk ||
		    replicas < (long long)r->config.durability.replicas)
			too_few(r, disk, replicas);
		else
			r->durable.done(r);
	}
	redis_answered(r);
}

static void
on_probed(redisAsyncContext *ac, void *data, void *arg)
{
	const redisReply *reply = data;
	struct redis *r = arg;
	struct fault f;

	if (reply == NULL || ac != redis_link_context(r->link))
		return;
	if (reply->type == REDIS_REPLY_ERROR)
		redis_leave(r, reply->str, command(r), &f);
	else
		r->durable.done(r);
}

void
redis_durable_probe(struct redis *r, void (*done)(struct redis *))
{
	r->durable.done = done;
	if (is_wanted(r))
		ask(r, on_probed, 1);
	else
		done(r);
}

void
redis_durable_wait(struct redis *r, void (*done)(struct redis *))
{
	r->durable.done = done;
	if (is_wanted(r))
		ask(r, on_confirmed, r->config.durability.timeout_ms);
	else
		done(r);
}

static struct redis_op *
take(struct redis_durable *d)
{
	struct redis_op *op = STAILQ_FIRST(&d->written);

	STAILQ_REMOVE_HEAD(&d->written, next);
	d->nwritten--;
	return (op);
}

static void
settle_covered(struct redis *r)
{
	struct redis_durable *d = &r->durable;

	redis_stored(r);
	/* Whoever hears of it may close the sink. */
	while (d->covered > 0 && d->nwritten > 0) {
		d->covered--;
		redis_settle(take(d), SINK_STORED, NULL);
	}
	d->covered = d->nwritten;
	if (d->covered > 0)
		redis_durable_wait(r, settle_covered);
}

void
redis_durable_written(struct redis *r, struct redis_op *op)
{
	struct redis_durable *d = &r->durable;
	struct fault f;

	if (!is_wanted(r)) {
		redis_stored(r);
		redis_settle(op, SINK_STORED, NULL);
		return;
	}
	if (redis_link_context(r->link) == NULL) {
		fault_set(&f, FAULT_RETRY,
		    "sink %s: connection lost before replicas confirmed it",
		    r->sink.host.name);
		redis_settle(op, SINK_RETRY, &f);
		return;
	}
	STAILQ_INSERT_TAIL(&d->written, op, next);
	d->nwritten++;
	if (d->covered == 0) {
		d->covered = d->nwritten;
		redis_durable_wait(r, settle_covered);
	}
}

void
redis_durable_drop(struct redis *r, const struct fault *why)
{
	r->durable.covered = 0;
	while (r->durable.nwritten > 0)
		redis_settle(take(&r->durable), SINK_RETRY, why);
}
