/* What the bridge uses of libuv, in virtual time. */
#include "tests/sim/sim.h"

static struct sim *
sim_of(const uv_loop_t *loop)
{
	return (loop->data);
}

uint64_t
uv_now(const uv_loop_t *loop)
{
	return (sim_of(loop)->now);
}

uint64_t
uv_hrtime(void)
{
	return (sim_now->now * 1000000);
}

int
uv_timer_init(uv_loop_t *loop, uv_timer_t *timer)
{
	timer->loop = loop;
	return (0);
}

static struct sim_timer *
find(struct sim *s, const uv_timer_t *timer)
{
	size_t i;

	for (i = 0; i < s->ntimers; i++) {
		if (s->timer[i].timer == timer)
			return (&s->timer[i]);
	}
	return (NULL);
}

int
uv_timer_stop(uv_timer_t *timer)
{
	struct sim *s = sim_of(timer->loop);
	struct sim_timer *t = find(s, timer);

	if (t != NULL)
		*t = s->timer[--s->ntimers];
	return (0);
}

int
uv_timer_start(
    uv_timer_t *timer, uv_timer_cb fire, uint64_t ms, uint64_t repeat)
{
	struct sim *s = sim_of(timer->loop);

	(void)uv_timer_stop(timer);
	if (s->ntimers == SIM_TIMERS || repeat != 0)
		sim_fail(s, "too many timers, or one that repeats");
	s->timer[s->ntimers++] = (struct sim_timer){ .timer = timer,
		.fire = fire,
		.at = s->now + ms < s->now ? UINT64_MAX : s->now + ms,
		.number = ++s->started };
	return (0);
}

uint64_t
uv_timer_get_due_in(const uv_timer_t *timer)
{
	struct sim *s = sim_of(timer->loop);
	const struct sim_timer *t = find(s, timer);

	return (t != NULL && t->at > s->now ? t->at - s->now : 0);
}

void
uv_close(uv_handle_t *handle, uv_close_cb closed)
{
	struct sim *s = sim_of(handle->loop);

	(void)uv_timer_stop((uv_timer_t *)handle);
	s->closing[s->nclosing] = handle;
	s->closed[s->nclosing++] = closed;
}

int
uv_queue_work(uv_loop_t *loop, uv_work_t *work, uv_work_cb do_work,
    uv_after_work_cb after)
{
	struct sim *s = sim_of(loop);

	if (s->work != NULL)
		sim_fail(s, "two transactions at a time");
	s->work = work;
	s->do_work = do_work;
	s->after_work = after;
	s->worked = 0;
	return (0);
}

int
sim_loop_work(struct sim *s)
{
	uv_work_t *work = s->work;

	if (work == NULL)
		return (0);
	if (!s->worked) {
		s->worked = 1;
		s->do_work(work);
		return (1);
	}
	s->work = NULL;
	s->after_work(work, 0);
	return (1);
}

/* The one that is due first; of several, the one that was started first. */
static const struct sim_timer *
first(const struct sim *s)
{
	const struct sim_timer *t, *found = NULL;

	for (t = s->timer; t < s->timer + s->ntimers; t++) {
		if (found == NULL || t->at < found->at ||
		    (t->at == found->at && t->number < found->number))
			found = t;
	}
	return (found);
}

uint64_t
sim_loop_next(const struct sim *s)
{
	const struct sim_timer *t = first(s);

	return (t != NULL ? t->at : UINT64_MAX);
}

void
sim_loop_run(struct sim *s)
{
	uint64_t begun = s->started;
	const struct sim_timer *t;
	uv_timer_cb fire;
	uv_timer_t *timer;

	while ((t = first(s)) != NULL && t->at <= s->now) {
		if (s->started > begun + 10000)
			sim_fail(s, "a timer starts itself without end");
		timer = t->timer;
		fire = t->fire;
		(void)uv_timer_stop(timer);
		fire(timer);
	}
}

void
sim_loop_close(struct sim *s)
{
	while (s->nclosing > 0) {
		s->nclosing--;
		s->closed[s->nclosing](s->closing[s->nclosing]);
	}
}
