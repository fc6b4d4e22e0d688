/* The watcher's part: as bridge/watcher_session.c plays it, without a loop. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/catchup.h"
#include "bridge/fault.h"
#include "bridge/imap/session.h"
#include "bridge/limits.h"
#include "tests/sim/sim.h"

#define COMMAND_MS 60000
#define IDLE_MS 540000
#define SWEEP_MS 3600000

static void pump(struct sim *s);

static void
connect_now(struct sim *s)
{
	struct session_config config = { .mailbox = "INBOX",
		.command_ms = COMMAND_MS };
	struct sim_client *c = &s->client;

	sim_note(s, "connect");
	sim_server_open(s);
	c->session = session_new(&config, s->now);
	c->selected = c->greeted = c->body_wait = c->resting = 0;
	c->wake_at = UINT64_MAX;
}

void
sim_client_lost(struct sim *s, const char *why, int blame)
{
	struct sim_client *c = &s->client;
	uint64_t ms = 0;

	if (c->session == NULL)
		return;
	if (c->selected && s->now - c->connected_at >= 10000)
		ladder_reset(&c->ladder);
	if (blame)
		ms = ladder_next(&c->ladder, 0, sim_roll(s, 1000) * 4000000U);
	sim_counts[SIM_LOSSES]++;
	sim_note(s, "connection lost: %s; next try in %llu ms", why,
	    (unsigned long long)ms);
	session_free(c->session);
	c->session = NULL;
	c->probe_from = 0;
	if (c->catchup != NULL)
		catchup_disconnected(c->catchup, blame, s->now);
	sim_server_close(s);
	c->reconnect_at = s->now + ms;
}

static void
begin(struct sim *s, const struct checkpoint *from)
{
	catchup_free(s->client.catchup);
	s->client.catchup = catchup_new(from);
	catchup_limit(s->client.catchup, SIM_MAX_MESSAGE);
	s->client.validity = from->uidvalidity;
}

static void
on_selected(struct sim *s, const struct session_event *ev)
{
	struct checkpoint fresh = { .uidvalidity = ev->uidvalidity };
	struct sim_client *c = &s->client;
	char criteria[32];

	c->opened_at = s->now;
	if (!c->selected) {
		c->selected = 1;
		c->connected_at = s->now;
		c->barren = 0;
		c->no_idle = 0;
	}
	if (c->catchup == NULL && s->has_disk &&
	    s->disk.uidvalidity == ev->uidvalidity) {
		begin(s, &s->disk);
		catchup_recall(
		    c->catchup, s->below.len > 0 ? s->below.data : "");
	} else if (c->catchup == NULL || c->validity != ev->uidvalidity)
		begin(s, &fresh);
	/* UIDs were given out up to the mark, and now the next is below it. */
	if (ev->uidnext <= catchup_mark(c->catchup) && !c->lying_uidnext) {
		c->probe_from = ev->uidnext;
		c->probed = 0;
		(void)snprintf(
		    criteria, sizeof(criteria), "UID %u:*", c->probe_from);
		session_search(c->session, criteria, s->now);
		return;
	}
	catchup_sweep(c->catchup);
}

/* The probe is answered: what has a UID from there on was given it before. */
static void
on_probed(struct sim *s)
{
	struct checkpoint fresh = { .uidvalidity = s->client.validity };
	struct sim_client *c = &s->client;
	uint32_t uid;

	if (c->probed >= c->probe_from) {
		c->lying_uidnext = 1;
	} else {
		sim_note(s, "UIDNEXT went back to %u", c->probe_from);
		sim_counts[SIM_RESTORES]++;
		/* The new mark is durable before anything is fetched. */
		begin(s, &fresh);
		s->disk = fresh;
		buf_clear(&s->below);
		c->epoch++;
		for (uid = 1; uid <= SIM_UIDS; uid++) {
			if (s->mail[uid].reused)
				s->mail[uid].exempt = 0;
		}
	}
	c->probe_from = 0;
	catchup_sweep(c->catchup);
}

static void
hint(struct sim *s)
{
	if (s->client.catchup != NULL)
		catchup_hint(s->client.catchup);
	session_idle_end(s->client.session, s->now);
}

static void
on_event(struct sim *s, const struct session_event *ev)
{
	struct catchup_end end = { .ok = ev->ok,
		.answered = ev->answered,
		.limit = ev->limit,
		.lowest = ev->limit_uid };
	struct sim_client *c = &s->client;

	switch (ev->kind) {
	case SESSION_LOGIN:
		session_login(c->session, "user", "password", s->now);
		break;
	case SESSION_SELECTED:
		on_selected(s, ev);
		break;
	case SESSION_FOUND:
		if (c->probe_from == 0)
			catchup_found(c->catchup, ev->lo, ev->hi);
		else if (ev->hi > c->probed)
			c->probed = ev->hi;
		break;
	case SESSION_SEARCHED:
		if (c->probe_from != 0) {
			on_probed(s);
			break;
		}
		catchup_searched(c->catchup, &end, s->now);
		break;
	case SESSION_SIZE:
		catchup_size(c->catchup, ev->uid, ev->size);
		break;
	case SESSION_BODY:
		sim_client_body(s, ev);
		break;
	case SESSION_MESSAGE:
		sim_client_message(s, ev->message);
		break;
	case SESSION_FETCHED:
		catchup_fetched(c->catchup, &end, s->now);
		if (!ev->ok && ++c->barren >= 3)
			sim_client_lost(s, "FETCH refused", 1);
		break;
	case SESSION_IDLING:
		if (!catchup_complete(c->catchup))
			session_idle_end(c->session, s->now);
		break;
	case SESSION_IDLE_DONE:
		c->no_idle = c->no_idle || !ev->ok;
		hint(s);
		break;
	case SESSION_EXISTS:
	case SESSION_NOOP_DONE:
		hint(s);
		break;
	default: /* ALERT; or of the patrol, which is not played */
		break;
	case SESSION_CLOSED:
	case SESSION_FAILED:
		sim_client_lost(
		    s, ev->fault != NULL ? ev->fault->text : "closed", 1);
		break;
	}
}

static void
rest(struct sim *s)
{
	struct sim_client *c = &s->client;

	if (!session_ready(c->session))
		return;
	if (s->now - c->opened_at >= SWEEP_MS) {
		session_examine(c->session, s->now);
		return;
	}
	c->resting = 1;
	c->wake_at = s->now + (c->no_idle ? 60000 : IDLE_MS);
	if (!c->no_idle)
		session_idle(c->session, s->now);
}

static void
command(struct sim *s)
{
	struct sim_client *c = &s->client;
	struct catchup_next next;
	int hold = sim_mishap(s, 20);

	while (c->selected && c->catchup != NULL &&
	    (session_ready(c->session) || session_can_fetch(c->session))) {
		catchup_next(c->catchup, session_ready(c->session),
		    session_can_fetch(c->session), hold, s->now, &next);
		if (next.job != CATCHUP_NOTHING)
			c->resting = 0;
		switch (next.job) {
		case CATCHUP_NOTHING:
			rest(s);
			return;
		case CATCHUP_WAIT:
			if (session_ready(c->session))
				c->wake_at = s->now + 60000;
			return;
		case CATCHUP_SEARCH:
			session_search(c->session, next.text, s->now);
			break;
		case CATCHUP_FETCH:
			c->form = next.form;
			session_fetch(c->session, next.text, next.form,
			    next.form == FETCH_START ? SIM_START
						     : SIM_MAX_MESSAGE,
			    s->now);
			break;
		case CATCHUP_STUB:
			sim_note(s, "stub for UID %u", next.uid);
			sim_counts[SIM_STUBS]++;
			sim_client_submit(s, next.uid);
			break;
		}
	}
}

static void
pump(struct sim *s)
{
	struct sim_client *c = &s->client;
	struct session_event ev;
	struct buf *out;

	while (c->session != NULL && session_next(c->session, &ev))
		on_event(s, &ev);
	if (c->session == NULL)
		return;
	command(s);
	out = session_output(c->session);
	if (out->len > 0)
		buf_put(&s->server.in, out->data, out->len);
	buf_free(out);
}

void
sim_client_feed(struct sim *s, size_t n)
{
	struct sim_client *c = &s->client;
	struct buf *out = &s->server.out;
	char *piece;

	if (c->session == NULL || c->body_wait)
		return;
	if (!c->greeted) {
		/* The transport hands the greeting over whole. */
		n = out->len;
		if (n == 0)
			return;
	}
	n = n < out->len ? n : out->len;
	piece = malloc(n + 1);
	if (n > 0)
		memcpy(piece, out->data, n);
	buf_consume(out, n);
	if (n > 0)
		session_feed(c->session, piece, n, s->now);
	if (!c->greeted) {
		c->greeted = 1;
		session_greeted(c->session, s->now);
	}
	pump(s);
	free(piece);
}

/* When something is due by itself. */
uint64_t
sim_client_next(struct sim *s)
{
	struct sim_client *c = &s->client;
	uint64_t at, again;

	if (c->session == NULL)
		return (c->reconnect_at);
	at = session_deadline(c->session);
	if (c->wake_at < at)
		at = c->wake_at;
	if (c->resting && c->catchup != NULL && session_can_wake(c->session)) {
		again = catchup_wake(c->catchup);
		if (again < at)
			at = c->wake_at = again > s->now ? again : s->now + 1;
	}
	return (at);
}

void
sim_client_time(struct sim *s)
{
	struct sim_client *c = &s->client;

	if (c->session == NULL) {
		if (c->reconnect_at <= s->now)
			connect_now(s);
		return;
	}
	session_tick(c->session, s->now);
	if (c->selected && c->wake_at <= s->now) {
		c->wake_at = UINT64_MAX;
		if (session_ready(c->session))
			session_noop(c->session, s->now);
		else
			session_idle_end(c->session, s->now);
	}
	pump(s);
}

void
sim_client_done(struct sim *s, const struct sim_flight *f)
{
	struct sim_client *c = &s->client;

	if (c->catchup == NULL || f->validity != c->validity ||
	    f->epoch != c->epoch)
		return;
	catchup_done(c->catchup, f->uid);
	if (c->session != NULL && !c->body_wait)
		pump(s);
}

void
sim_client_start(struct sim *s)
{
	s->client = (struct sim_client){ .reconnect_at = s->now };
	s->client.ladder.retry = &s->retry;
}

void
sim_client_stop(struct sim *s)
{
	session_free(s->client.session);
	catchup_free(s->client.catchup);
	s->client.session = NULL;
	s->client.catchup = NULL;
	sim_server_close(s);
	s->nflight = 0;
}
