/* One batch of delivery: exactly_once. */
#include <hiredis/hiredis.h>
#include <hiredis/async.h>
#include <stdlib.h>

#include "bridge/envelope/event.h"
#include "sinks/mark_batch.h"
#include "sinks/redis/redis_command.h"
#include "sinks/redis/redis_private.h"
#include "sinks/redis/redis_script.h"

/* What a call takes along: the script keeps Redis from all else meanwhile, for
 * some milliseconds at most. */
#define BATCH_EVENTS 500
#define BATCH_BYTES ((size_t)1024 * 1024)

struct marks {
	size_t n;
	char **texts; /* key, record, key, ... */
};

static int
put_mark(void *arg, char *key, char *record)
{
	struct marks *m = arg;

	m->texts[2 * m->n] = key;
	m->texts[2 * m->n + 1] = record;
	m->n++;
	return (0);
}

static int
make_marks(struct redis *r, struct marks *m)
{
	struct mark_batch_item *items;
	struct redis_op *op;
	size_t n = 0;
	int rc = -1;

	items = calloc(r->once.nbatch, sizeof(*items));
	m->texts = calloc(2 * r->once.nbatch, sizeof(char *));
	if (items != NULL && m->texts != NULL) {
		STAILQ_FOREACH(op, &r->batch, next)
		items[n++] = (struct mark_batch_item){ op->ev, op->ticket };
		rc = mark_batch(&r->sink.host, items, n, put_mark, m);
	}
	free(items);
	return (rc);
}

static void
free_marks(struct marks *m)
{
	size_t i;

	for (i = 0; i < 2 * m->n; i++)
		free(m->texts[i]);
	free(m->texts);
}

static void
gather(struct redis *r)
{
	struct redis_op *op;
	size_t bytes = 0;

	while ((op = STAILQ_FIRST(&r->waiting)) != NULL &&
	    r->once.nbatch < BATCH_EVENTS &&
	    (bytes == 0 || bytes + op->ev->len <= BATCH_BYTES)) {
		STAILQ_REMOVE_HEAD(&r->waiting, next);
		STAILQ_INSERT_TAIL(&r->batch, op, next);
		r->once.nbatch++;
		bytes += op->ev->len;
	}
}

static struct redis_args *
command(struct redis *r, const struct marks *m)
{
	struct redis_args *a = redis_args_new();
	struct redis_op *op;
	size_t i;

	redis_args_add(a, "EVAL");
	redis_args_add(a, redis_script_store);
	redis_args_add(a, "2");
	redis_args_add(a, r->config.stream);
	redis_args_add(a, r->config.checkpoint);
	redis_args_add(a, r->once.record);
	redis_args_add(a, r->once.next);
	redis_args_number(a, r->config.maxlen);
	redis_args_number(a, m->n);
	for (i = 0; i < 2 * m->n; i++)
		redis_args_add(a, m->texts[i]);
	STAILQ_FOREACH(op, &r->batch, next)
	{
		redis_args_event(a, op->ev);
		redis_args_add(a, "");
	}
	return (a);
}

void
redis_once_feed(struct redis *r)
{
	struct redis_once *o = &r->once;
	struct mark_owner owner = o->owner;
	struct marks m = { .n = 0 };
	redisAsyncContext *ac = redis_link_context(r->link);

	if (o->step != ONCE_OPEN || ac == NULL || STAILQ_EMPTY(&r->waiting))
		return;
	gather(r);
	owner.batch++;
	free(o->next);
	o->next = mark_owner_write(&owner);
	o->step = ONCE_STORE;
	if (o->next == NULL || make_marks(r, &m) == -1 ||
	    redis_args_send(command(r, &m), ac, redis_answer_batch, r) == -1) {
		o->step = ONCE_AWAY;
		redis_give_up(r);
	}
	free_marks(&m);
}

void
redis_once_stored(struct redis *r)
{
	struct redis_once *o = &r->once;

	o->owner.batch++;
	free(o->record);
	o->record = o->next;
	o->next = NULL;
}
