/* The watcher's part: as bridge/watcher_session.c plays it, without a loop. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/catchup.h"
#include "bridge/fault.h"
#include "bridge/imap/placeholder.h"
#include "bridge/imap/session.h"
#include "bridge/limits.h"
#include "bridge/message.h"
#include "tests/sim/sim.h"

#define COMMAND_MS 60000
#define IDLE_MS 540000
#define SWEEP_MS 3600000

static void pump(struct sim *s);

static void
submit(struct sim *s, uint32_t uid)
{
	if (s->nflight == sizeof(s->flight) / sizeof(s->flight[0]))
		sim_fail(s, "more in flight than there are mails");
	s->flight[s->nflight].validity = s->client.validity;
	s->flight[s->nflight++].uid = uid;
}

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

	c->opened_at = s->now;
	if (!c->selected) {
		c->selected = 1;
		c->connected_at = s->now;
		c->barren = 0;
		c->no_idle = 0;
	}
	if (c->catchup == NULL && s->has_disk &&
	    s->disk.uidvalidity == ev->uidvalidity)
		begin(s, &s->disk);
	else if (c->catchup == NULL || c->validity != ev->uidvalidity)
		begin(s, &fresh);
	catchup_sweep(c->catchup);
}

/* Is it what the server has, as far as it says so itself? */
static void
check_message(struct sim *s, const struct message *m)
{
	const struct sim_mail *mail = &s->mail[m->uid];
	struct buf body;
	size_t len;

	/* The mailbox may have been made anew since it was sent. */
	if (s->client.validity != s->validity ||
	    placeholder_is(m->raw, m->raw_len))
		return;
	buf_init(&body, 1 << 20);
	sim_mail_put(s, m->uid, &body);
	len = body.len < SIM_MAX_MESSAGE ? body.len : SIM_MAX_MESSAGE;
	if (m->incomplete && m->raw_len < len)
		len = m->raw_len;
	if (m->raw_len != len || memcmp(m->raw, body.data, len) != 0 ||
	    (m->size != body.len && !m->incomplete && mail->lie == 0))
		sim_fail(s, "UID %u is not what the server has", m->uid);
	/* Whoever gets less is told so. */
	if (len < body.len && !message_is_cut(m))
		sim_fail(s, "UID %u is cut in silence", m->uid);
	buf_free(&body);
}

static void
on_message(struct sim *s, struct message *m)
{
	s->client.barren = 0;
	if (placeholder_is(m->raw, m->raw_len) &&
	    !catchup_placeholder(s->client.catchup, m->uid))
		goto out;
	if (!catchup_received(s->client.catchup, m->uid, m->size))
		goto out;
	check_message(s, m);
	sim_counts[SIM_CUT] += m->size > m->raw_len;
	sim_counts[SIM_JOINED] += m->joined;
	sim_counts[SIM_INCOMPLETE] += m->incomplete;
	sim_counts[SIM_PLACEHOLDERS] += placeholder_is(m->raw, m->raw_len);
	submit(s, m->uid);
out:
	message_free(m);
}

static void
on_body(struct sim *s, const struct session_event *ev)
{
	uint64_t discard = LIMIT_DISCARD;

	if (s->client.form == FETCH_PART || s->client.form == FETCH_START)
		discard = LIMIT_DISCARD_PART;
	if (ev->size > SIM_MAX_MESSAGE + discard) {
		catchup_oversized(s->client.catchup, ev->uid);
		sim_client_lost(s, "too large", 0);
		return;
	}
	s->client.body_size =
	    ev->size < SIM_MAX_MESSAGE ? ev->size : SIM_MAX_MESSAGE;
	s->client.body_wait = 1;
	if (sim_mishap(s, 5))
		session_pause(s->client.session, 1, s->now);
	else
		sim_client_grant(s);
}

void
sim_client_grant(struct sim *s)
{
	struct sim_client *c = &s->client;

	if (c->session == NULL || !c->body_wait)
		return;
	c->body_wait = 0;
	session_pause(c->session, 0, s->now);
	session_body(c->session, malloc(c->body_size + 1), c->body_size);
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
		catchup_found(c->catchup, ev->lo, ev->hi);
		break;
	case SESSION_SEARCHED:
		catchup_searched(c->catchup, &end, s->now);
		break;
	case SESSION_SIZE:
		catchup_size(c->catchup, ev->uid, ev->size);
		break;
	case SESSION_BODY:
		on_body(s, ev);
		break;
	case SESSION_MESSAGE:
		on_message(s, ev->message);
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
			submit(s, next.uid);
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

	if (c->catchup == NULL || f->validity != c->validity)
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
