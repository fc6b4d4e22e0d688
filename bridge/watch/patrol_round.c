/* What the patrol says on its connection: LIST, STATUS, NOTIFY; and to whom it
 * lends it. */
#include <stdlib.h>
#include <string.h>

#include "bridge/config/config.h"
#include "bridge/imap/session.h"
#include "bridge/limits.h"
#include "bridge/ops/log.h"
#include "bridge/watch/patrol_private.h"

/* A connection on which nothing is said for half an hour may be closed by the
 * server (RFC 3501 section 5.4), and sooner by what stands between. */
#define KEEPALIVE_MS 300000

/* As for a watcher: see there. */
#define SUCCESS_MS 10000

static uint64_t
now_ms(const struct patrol *p)
{
	return (uv_now(p->host->loop));
}

/* Guests */

void
patrol_join(struct patrol_guest *g)
{
	struct patrol *p = g->patrol;

	if (g->member)
		return;
	g->member = 1;
	TAILQ_INSERT_TAIL(&p->guests, g, all);
	p->nguests++;
}

static void
leave_queue(struct patrol *p, struct patrol_guest *g)
{
	if (g->waiting)
		TAILQ_REMOVE(&p->queue, g, queue);
	g->waiting = 0;
}

/* Look what is to be done, soon. */
static void
on_stir(uv_timer_t *timer)
{
	patrol_pump(timer->data);
}

static void
stir(struct patrol *p)
{
	if (p->state == PATROL_READY && !p->lent && !p->stopping)
		uv_timer_start(&p->timer, on_stir, 0, 0);
}

void
patrol_part(struct patrol_guest *g)
{
	struct patrol *p = g->patrol;

	if (!g->member)
		return;
	g->member = 0;
	leave_queue(p, g);
	if (p->cursor == g)
		p->cursor = TAILQ_NEXT(g, all);
	if (p->visitor == g) {
		p->visitor = NULL;
		p->look_back = 0;
	}
	TAILQ_REMOVE(&p->guests, g, all);
	p->nguests--;
	stir(p);
}

void
patrol_ask(struct patrol_guest *g)
{
	struct patrol *p = g->patrol;

	if (g->waiting || !g->member || p->draining)
		return;
	g->waiting = 1;
	TAILQ_INSERT_TAIL(&p->queue, g, queue);
	stir(p);
}

int
patrol_is_wanted(const struct patrol *p)
{
	return (!TAILQ_EMPTY(&p->queue) ||
	    (p->npatterns > 0 && now_ms(p) >= p->list_at) ||
	    (p->nguests > 1 && now_ms(p) >= p->round_at));
}

int
patrol_is_needed(const struct patrol *p)
{
	return (p->nguests > 0 ||
	    (p->npatterns > 0 && !(p->host->once && p->listed_once)));
}

void
patrol_forget(struct patrol *p)
{
	if (p->state == PATROL_READY &&
	    now_ms(p) - p->connected_at >= SUCCESS_MS) {
		ladder_reset(&p->ladder);
		p->failures = 0;
	}
	p->listing = p->rounding = p->notified = 0;
	p->box_open = p->look_back = 0;
	p->cursor = NULL;
	p->wake_at = UINT64_MAX;
}

uint64_t
patrol_interval(const struct patrol *p)
{
	return (p->notified ? line_idle_ms(&p->line)
			    : p->account->poll_seconds * 1000ULL);
}

/* Look at once, and by ourselves from now on. */
void
patrol_unnotified(struct patrol *p)
{
	p->notified = 0;
	p->no_notify = 1;
	p->round_at = now_ms(p);
}

void
patrol_told(struct patrol *p, const struct session_event *ev)
{
	p->ops->told(p->arg, ev);
}

/* Events */

static void
on_ready(struct patrol *p)
{
	line_let_in(&p->line);
	p->connected_at = now_ms(p);
	p->list_at = p->round_at = p->connected_at;
	p->noop_at = p->connected_at + KEEPALIVE_MS;
	p->no_notify = !session_has_notify(p->line.session) || p->host->once;
	patrol_enter(p, PATROL_READY);
}

/* LOGOUT is through: at the end, or since there was nothing to do. */
static void
on_closed(struct patrol *p)
{
	if (p->stopping) {
		patrol_end(p, NULL);
		return;
	}
	uv_timer_stop(&p->timer);
	line_close(&p->line);
	patrol_forget(p);
	patrol_enter(p, PATROL_NEW);
	if (patrol_is_needed(p))
		patrol_start(p, 0);
}

static int
on_event(struct patrol *p, const struct session_event *ev, struct fault *f)
{
	switch (ev->kind) {
	case SESSION_LOGIN:
		return (line_login(&p->line, f));
	case SESSION_READY:
		on_ready(p);
		break;
	case SESSION_LISTED:
		patrol_listed(p, ev);
		break;
	case SESSION_LIST_DONE:
		return (patrol_list_done(p, ev, f));
	case SESSION_STATUS:
		p->ops->told(p->arg, ev);
		break;
	case SESSION_NOTIFY_DONE:
		p->notified = ev->ok;
		p->no_notify = !ev->ok;
		patrol_enter(p, p->state);
		break;
	case SESSION_NOTIFY_LOST:
		patrol_unnotified(p);
		break;
	case SESSION_UNSELECTED:
		p->box_open = 0;
		break;
	case SESSION_ALERT:
		log_write(LOG_WARN, "patrol", p->account->name,
		    "the server says: %s", ev->text);
		break;
	case SESSION_CLOSED:
		on_closed(p);
		break;
	case SESSION_FAILED:
		*f = *ev->fault;
		if (f->kind == FAULT_AUTH)
			line_whence(&p->line, f);
		return (-1);
	default:
		break; /* left over from a visit, or nobody asked */
	}
	return (0);
}

/* Commands */

/* Go on with the round; 1 if all is asked. */
static int
go_round(struct patrol *p, struct fault *f)
{
	struct patrol_guest *g;

	while ((g = p->cursor) != NULL && session_can_status(p->line.session)) {
		p->cursor = TAILQ_NEXT(g, all);
		/* STATUS of an open mailbox tells nothing new: look inside. */
		if (p->box_open && g == p->visitor)
			patrol_ask(g);
		else if (session_status(p->line.session, g->mailbox, g->wire,
			     now_ms(p), f) == -1)
			return (-1);
	}
	if (p->cursor != NULL || !session_ready(p->line.session))
		return (0);
	p->rounding = 0;
	p->round_at = now_ms(p) + patrol_interval(p);
	return (1);
}

static void
lend(struct patrol *p)
{
	struct patrol_guest *g = TAILQ_FIRST(&p->queue);

	leave_queue(p, g);
	p->lent = 1;
	p->visitor = g;
	p->box_open = p->look_back = 0;
	uv_timer_stop(&p->timer);
	g->visit(g->arg, &p->line);
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return (a < b ? a : b);
}

static void
rest(struct patrol *p)
{
	uint64_t at = p->noop_at;

	if (p->npatterns > 0 && !p->host->once)
		at = earlier(at, p->list_at);
	if (p->nguests > 0)
		at = earlier(at, p->round_at);
	at = earlier(at, p->line.renew_at);
	p->wake_at = earlier(
	    at, p->connected_at + p->account->max_connection_seconds * 1000ULL);
}

/* Give the session what is to be done next.  0, or -1 with ${f}. */
static int
command(struct patrol *p, struct fault *f)
{
	struct session *s = p->line.session;
	uint64_t now = now_ms(p);

	if (p->rounding && go_round(p, f) != 1)
		return (f->kind != FAULT_NONE ? -1 : 0);
	if (!session_ready(s))
		return (0);
	if (!patrol_is_needed(p)) {
		session_logout(s, now);
	} else if (now >= p->line.renew_at ||
	    now >= p->connected_at +
		    p->account->max_connection_seconds * 1000ULL) {
		patrol_renew(p);
	} else if (p->box_open && session_unselect(s, now)) {
		return (0);
	} else if (!p->notified && !p->no_notify) {
		session_notify(s, now);
	} else if (p->npatterns > 0 && now >= p->list_at &&
	    !(p->host->once && p->listed_once)) {
		return (patrol_list_begin(p, f));
	} else if (p->nguests > 0 && now >= p->round_at) {
		p->rounding = 1;
		p->cursor = TAILQ_FIRST(&p->guests);
		if (go_round(p, f) == -1)
			return (-1);
	} else if (p->look_back && p->notified && p->visitor != NULL) {
		p->look_back = 0;
		return (session_status(
		    s, p->visitor->mailbox, p->visitor->wire, now, f));
	} else if (!TAILQ_EMPTY(&p->queue)) {
		lend(p);
	} else if (now >= p->noop_at) {
		p->noop_at = now + KEEPALIVE_MS;
		session_noop(s, now);
	} else {
		rest(p);
	}
	return (0);
}

static void
on_timer(uv_timer_t *timer)
{
	struct patrol *p = timer->data;

	if (p->line.session == NULL || p->lent)
		return;
	session_tick(p->line.session, now_ms(p));
	patrol_pump(p);
}

static void
set_timer(struct patrol *p)
{
	uint64_t now = now_ms(p), at;

	if (p->stopping)
		return; /* it watches over the LOGOUT */
	at = earlier(session_deadline(p->line.session), p->wake_at);
	if (at == UINT64_MAX)
		uv_timer_stop(&p->timer);
	else
		uv_timer_start(&p->timer, on_timer, at > now ? at - now : 0, 0);
}

static int
pump_once(struct patrol *p, struct fault *f)
{
	struct session_event ev;

	while (p->line.session != NULL && !p->lent &&
	    session_next(p->line.session, &ev)) {
		if (on_event(p, &ev, f) == -1)
			return (-1);
	}
	p->wake_at = UINT64_MAX;
	/* A step may need no command; the last one says when to wake. */
	while (p->line.session != NULL && !p->lent &&
	    p->wake_at == UINT64_MAX && !p->draining &&
	    p->state == PATROL_READY &&
	    (session_ready(p->line.session) ||
		(p->cursor != NULL && session_can_status(p->line.session)))) {
		if (command(p, f) == -1)
			return (-1);
	}
	if (p->line.session == NULL || p->lent)
		return (0);
	return (line_send(&p->line, f));
}

void
patrol_pump(struct patrol *p)
{
	struct fault f = { .kind = FAULT_NONE };

	if (p->pumping || p->lent || p->line.session == NULL)
		return;
	p->pumping = 1;
	if (pump_once(p, &f) == -1)
		patrol_fail(p, &f);
	p->pumping = 0;
	if (p->line.session != NULL && !p->lent && p->state != PATROL_STOPPED)
		set_timer(p);
}
