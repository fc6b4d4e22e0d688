#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bridge/fault.h"
#include "bridge/ops/log.h"
#include "bridge/store/blob_keeper.h"
#include "bridge/store/blobs.h"

/* Four times in the shortest retention. */
#define ROUND_MS (6U * 3600 * 1000)

struct blob_keeper {
	uv_loop_t *loop;
	uv_timer_t timer;
	uv_work_t work;
	int working;
	int state_fd;
	unsigned days;
	void (*collect)(void *, struct blob_ids *);
	void *arg;
	struct blob_ids ids; /* the worker's, while it works */
	void (*closed)(void *);
	void *closed_arg;
};

void
blob_ids_add(struct blob_ids *ids, const char *id)
{
	size_t cap = ids->cap != 0 ? ids->cap * 2 : 64;
	void *p;

	if (ids->n == ids->cap) {
		p = reallocarray(ids->items, cap, sizeof(*ids->items));
		if (p == NULL) {
			ids->failed = 1;
			return;
		}
		ids->items = p;
		ids->cap = cap;
	}
	memcpy(ids->items[ids->n++], id, HASH_ID);
}

static void
on_work(uv_work_t *work)
{
	struct blob_keeper *k = work->data;
	struct blobs_swept swept;
	struct fault f;
	size_t i;

	if (k->ids.failed)
		return;
	/* Before what is old goes.  One that cannot be renewed is gone already,
	 * which nobody but a person can have done. */
	for (i = 0; i < k->ids.n; i++)
		if (blobs_keep(k->state_fd, k->ids.items[i], &f) == -1) {
			log_write(LOG_ERROR, "blobs", NULL,
			    "a message in flight refers to it: %s", f.text);
			return;
		}
	if (blobs_sweep(k->state_fd, time(NULL) - (time_t)k->days * 86400, 0,
		&swept, &f) == -1)
		log_write(LOG_WARN, "blobs", NULL, "%s", f.text);
	if (swept.removed != 0)
		log_write(LOG_INFO, "blobs", NULL,
		    "%" PRIu64 " blobs of %" PRIu64 " bytes were not referred "
		    "to for %u days: removed",
		    swept.removed, swept.removed_bytes, k->days);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	struct blob_keeper *k = handle->data;

	k->closed(k->closed_arg);
	(void)close(k->state_fd);
	free(k->ids.items);
	free(k);
}

static void
on_worked(uv_work_t *work, int status)
{
	struct blob_keeper *k = work->data;

	(void)status;
	k->working = 0;
	if (k->closed != NULL)
		uv_close((uv_handle_t *)&k->timer, on_timer_closed);
}

static void
on_round(uv_timer_t *timer)
{
	struct blob_keeper *k = timer->data;

	if (k->working)
		return;
	k->ids.n = 0;
	k->ids.failed = 0;
	k->collect(k->arg, &k->ids);
	k->working = uv_queue_work(k->loop, &k->work, on_work, on_worked) == 0;
}

struct blob_keeper *
blob_keeper_new(uv_loop_t *loop, const char *state, unsigned days,
    void (*collect)(void *, struct blob_ids *), void *arg, struct fault *f)
{
	struct blob_keeper *k;

	if ((k = calloc(1, sizeof(*k))) == NULL) {
		fault_set(f, FAULT_RETRY, "out of memory");
		return (NULL);
	}
	k->state_fd = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (k->state_fd == -1) {
		fault_set(f, FAULT_CONFIG, "state directory %s: %s", state,
		    strerror(errno));
		free(k);
		return (NULL);
	}
	k->loop = loop;
	k->days = days;
	k->collect = collect;
	k->arg = arg;
	k->work.data = k;
	uv_timer_init(loop, &k->timer);
	k->timer.data = k;
	uv_timer_start(&k->timer, on_round, 0, ROUND_MS);
	return (k);
}

void
blob_keeper_close(struct blob_keeper *k, void (*closed)(void *arg), void *arg)
{
	k->closed = closed;
	k->closed_arg = arg;
	uv_timer_stop(&k->timer);
	if (!k->working)
		uv_close((uv_handle_t *)&k->timer, on_timer_closed);
}
