#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bridge/config/config.h"
#include "bridge/counts.h"
#include "bridge/imap/session.h"
#include "bridge/ops/log.h"
#include "bridge/store/checkpoint.h"
#include "bridge/watch/chance.h"
#include "bridge/watch/patrol_private.h"

/* As for a watcher: see there. */
#define LOGOUT_MS 2000
#define ONCE_FAILURES 3
#define LIMITED_MS 5000

void
patrol_enter(struct patrol *p, enum patrol_state state)
{
	size_t i;

	p->state = state;
	for (i = 0; i < p->npatterns; i++)
		committer_note(p->host->committer, &p->patterns[i].slot);
}

/* Failures */

static void
note_failure(struct patrol *p, const struct fault *f)
{
	p->failures++;
	p->last = *f;
	p->last_error_at = time(NULL);
}

void
patrol_end(struct patrol *p, const struct fault *why)
{
	if (p->state == PATROL_STOPPED)
		return;
	uv_timer_stop(&p->timer);
	line_close(&p->line);
	patrol_forget(p);
	patrol_enter(p, PATROL_STOPPED);
	p->ops->stopped(p->arg, why);
}

static void
give_up(struct patrol *p, const struct fault *f)
{
	log_write(LOG_ERROR, "patrol", p->account->name,
	    "%s; given up after %u attempts", f->text, p->failures);
	patrol_end(p, f);
}

static void
on_reconnect(uv_timer_t *timer)
{
	struct patrol *p = timer->data;

	patrol_enter(p, PATROL_CONNECTING);
	line_open(&p->line);
}

static void
back_off(struct patrol *p, const struct fault *f)
{
	uint64_t ms;

	ms = ladder_next(&p->ladder, f->kind == FAULT_AUTH, chance());
	if (ms == LADDER_GIVE_UP) {
		give_up(p, f);
		return;
	}
	if (ms < f->retry_ms)
		ms = f->retry_ms;
	log_write(ms == 0 ? LOG_INFO : LOG_WARN, "patrol", p->account->name,
	    "%s; next try in %llu.%llu s", f->text,
	    (unsigned long long)ms / 1000, (unsigned long long)ms % 1000 / 100);
	patrol_enter(p, PATROL_BACKING_OFF);
	uv_timer_start(&p->timer, on_reconnect, ms, 0);
}

void
patrol_fail(struct patrol *p, const struct fault *why)
{
	struct fault f = *why;

	if (p->state == PATROL_STOPPED)
		return;
	patrol_forget(p);
	uv_timer_stop(&p->timer);
	if (p->stopping || p->draining) {
		patrol_end(p, NULL);
		return;
	}
	patrol_enter(p, PATROL_CONNECTING);
	if (line_fail(&p->line, &f))
		return;
	note_failure(p, &f);
	if (p->host->once && p->failures >= ONCE_FAILURES) {
		give_up(p, &f);
		return;
	}
	p->limited = line_is_limited(&p->line, &f);
	if (p->limited) {
		if (f.retry_ms < LIMITED_MS)
			f.retry_ms = LIMITED_MS;
		p->ops->limited(p->arg);
	}
	back_off(p, &f);
}

void
patrol_renew(struct patrol *p)
{
	log_write(LOG_DEBUG, "patrol", p->account->name,
	    "the connection is renewed as planned");
	p->host->counts->reconnects[COUNTS_RENEWAL]++;
	patrol_forget(p);
	line_close(&p->line);
	patrol_enter(p, PATROL_CONNECTING);
	uv_timer_start(&p->timer, on_reconnect, 0, 0);
}

/* What the line tells */

static void
on_connecting(void *arg)
{
	patrol_enter(arg, PATROL_CONNECTING);
}

static void
on_pump(void *arg)
{
	patrol_pump(arg);
}

static void
on_lost(void *arg, const struct fault *f)
{
	patrol_fail(arg, f);
}

static void
on_refused(void *arg, const struct fault *f, uint64_t ms)
{
	struct patrol *p = arg;
	enum log_level level = p->line.tried ? LOG_WARN : LOG_DEBUG;

	p->line.tried = p->limited = 0;
	note_failure(p, f);
	if (ms == LADDER_GIVE_UP ||
	    (p->host->once && p->failures >= ONCE_FAILURES)) {
		give_up(p, f);
		return;
	}
	log_write(level, "patrol", p->account->name,
	    "%s; next try for the account in %llu.%llu s", f->text,
	    (unsigned long long)ms / 1000, (unsigned long long)ms % 1000 / 100);
	patrol_enter(p, PATROL_BACKING_OFF);
}

static const struct line_ops line_ops = { on_connecting, on_pump, on_lost,
	on_refused };

/* Lending */

static void
take_back(struct patrol *p)
{
	p->lent = 0;
	p->line.ops = &line_ops;
	p->line.arg = p;
}

static void
on_returned(uv_timer_t *timer)
{
	patrol_pump(timer->data);
}

void
patrol_return(struct patrol *p)
{
	take_back(p);
	if (p->line.session == NULL || !session_ready(p->line.session)) {
		/* It had to go in the middle of something. */
		if (p->draining)
			patrol_end(p, NULL);
		else
			patrol_renew(p);
		return;
	}
	p->box_open = p->look_back = 1;
	/* Not from inside the guest's own call. */
	uv_timer_start(&p->timer, on_returned, 0, 0);
}

void
patrol_broken(struct patrol *p, const struct fault *f)
{
	take_back(p);
	if (f == NULL)
		patrol_renew(p);
	else
		patrol_fail(p, f);
}

/* Life */

struct patrol *
patrol_new(const struct watcher_host *host, const struct config_account *a,
    struct doorman *doorman, const struct patrol_ops *ops, void *arg)
{
	struct patrol *p;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		return (NULL);
	p->host = host;
	p->account = a;
	p->ops = ops;
	p->arg = arg;
	p->ladder.retry = &a->retry;
	TAILQ_INIT(&p->guests);
	TAILQ_INIT(&p->queue);
	if (patrol_take_patterns(p) == -1) {
		free(p);
		return (NULL);
	}
	p->line = (struct line){ .host = host,
		.account = a,
		.name = a->name,
		.doorman = doorman,
		.ops = &line_ops,
		.arg = p,
		.renew_at = UINT64_MAX };
	uv_timer_init(host->loop, &p->timer);
	p->timer.data = p;
	return (p);
}

void
patrol_start(struct patrol *p, unsigned ms)
{
	if (p->state != PATROL_NEW || p->draining)
		return;
	patrol_enter(p, PATROL_CONNECTING);
	uv_timer_start(&p->timer, on_reconnect, ms, 0);
}

void
patrol_make_haste(struct patrol *p, unsigned ms)
{
	if (p->state == PATROL_BACKING_OFF && p->limited)
		uv_timer_start(&p->timer, on_reconnect, ms, 0);
}

int
patrol_is_connected(const struct patrol *p)
{
	return (p->state == PATROL_READY);
}

void
patrol_drain(struct patrol *p)
{
	p->draining = 1;
	if (p->line.session == NULL)
		patrol_end(p, NULL);
}

static void
on_logout_late(uv_timer_t *timer)
{
	patrol_end(timer->data, NULL);
}

void
patrol_stop(struct patrol *p)
{
	if (p->state == PATROL_STOPPED)
		return;
	p->draining = p->stopping = 1;
	if (p->line.session == NULL || p->lent) {
		patrol_end(p, NULL);
		return;
	}
	session_logout(p->line.session, uv_now(p->host->loop));
	patrol_pump(p);
	if (p->state != PATROL_STOPPED)
		uv_timer_start(&p->timer, on_logout_late, LOGOUT_MS, 0);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	struct patrol *p = handle->data;

	p->closed(p->closed_arg);
	free(p->patterns);
	free(p);
}

void
patrol_close(struct patrol *p, void (*closed)(void *), void *arg)
{
	p->closed = closed;
	p->closed_arg = arg;
	line_close(&p->line);
	uv_close((uv_handle_t *)&p->timer, on_timer_closed);
}
