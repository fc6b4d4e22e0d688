#include <hiredis/hiredis.h>
#include <hiredis/async.h>
#include <stdlib.h>

#include "sinks/redis/redis_uv.h"

struct redis_uv {
	uv_poll_t poll;
	redisAsyncContext *ac; /* NULL once hiredis let go of us */
	int events;
	int inside; /* in on_poll: hiredis changes its mind often there */
	void (*drained)(void *);
	void (*lost)(void *);
	void *arg;
};

static void on_poll(uv_poll_t *, int status, int events);

static void
apply(struct redis_uv *u)
{
	if (u->inside)
		return;
	if (u->events != 0)
		uv_poll_start(&u->poll, u->events, on_poll);
	else
		uv_poll_stop(&u->poll);
}

static void
set(struct redis_uv *u, int events)
{
	if (u->events == events)
		return;
	u->events = events;
	apply(u);
}

static void
add_read(void *arg)
{
	struct redis_uv *u = arg;

	set(u, u->events | UV_READABLE);
}

static void
del_read(void *arg)
{
	struct redis_uv *u = arg;

	set(u, u->events & ~UV_READABLE);
}

static void
add_write(void *arg)
{
	struct redis_uv *u = arg;

	set(u, u->events | UV_WRITABLE);
}

static void
del_write(void *arg)
{
	struct redis_uv *u = arg;

	set(u, u->events & ~UV_WRITABLE);
}

static void
on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* hiredis closes the descriptor right after this. */
static void
cleanup(void *arg)
{
	struct redis_uv *u = arg;

	u->ac = NULL;
	u->inside = 1;
	uv_close((uv_handle_t *)&u->poll, on_closed);
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct redis_uv *u = poll->data;
	int before = u->events;

	/* An error shows in the read or the write that follows; libuv has
	 * stopped polling by then. */
	if (status < 0) {
		events = UV_READABLE | UV_WRITABLE;
		before = 0;
	}
	u->inside = 1;
	if (events & UV_READABLE)
		redisAsyncHandleRead(u->ac);
	if (u->ac != NULL && (events & UV_WRITABLE)) {
		redisAsyncHandleWrite(u->ac);
		if (u->ac != NULL && status == 0 && !(u->events & UV_WRITABLE))
			u->drained(u->arg);
	}
	if (u->ac == NULL)
		return;
	u->inside = 0;
	if (status < 0)
		u->lost(u->arg);
	else if (u->events != before)
		apply(u);
}

int
redis_uv_attach(redisAsyncContext *ac, uv_loop_t *loop, void (*drained)(void *),
    void (*lost)(void *), void *arg)
{
	struct redis_uv *u;

	if ((u = calloc(1, sizeof(*u))) == NULL)
		return (-1);
	if (uv_poll_init(loop, &u->poll, ac->c.fd) != 0) {
		free(u);
		return (-1);
	}
	u->poll.data = u;
	u->ac = ac;
	u->drained = drained;
	u->lost = lost;
	u->arg = arg;
	ac->ev.data = u;
	ac->ev.addRead = add_read;
	ac->ev.delRead = del_read;
	ac->ev.addWrite = add_write;
	ac->ev.delWrite = del_write;
	ac->ev.cleanup = cleanup;
	return (0);
}
