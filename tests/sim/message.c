/* Messages on their way from the connection to the sink. */
#include <stdlib.h>
#include <string.h>

#include "bridge/catchup.h"
#include "bridge/imap/placeholder.h"
#include "bridge/imap/session.h"
#include "bridge/limits.h"
#include "bridge/message.h"
#include "tests/sim/sim.h"

void
sim_client_submit(struct sim *s, uint32_t uid)
{
	if (s->nflight == sizeof(s->flight) / sizeof(s->flight[0]))
		sim_fail(s, "more in flight than there are mails");
	s->flight[s->nflight].validity = s->client.validity;
	s->flight[s->nflight].restores = s->restores;
	s->flight[s->nflight].epoch = s->client.epoch;
	s->flight[s->nflight++].uid = uid;
}

/* Is it what the server has, as far as it says so itself? */
static void
check_message(struct sim *s, const struct message *m)
{
	const struct sim_mail *mail = &s->mail[m->uid];
	struct buf body;
	size_t len;

	/* The mailbox may have been made anew since it was sent. */
	if (s->client.validity != s->validity || placeholder_is(m))
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

void
sim_client_message(struct sim *s, struct message *m)
{
	s->client.barren = 0;
	if (placeholder_is(m) &&
	    !catchup_placeholder(s->client.catchup, m->uid))
		goto out;
	if (!catchup_received(s->client.catchup, m->uid, m->size))
		goto out;
	check_message(s, m);
	sim_counts[SIM_CUT] += m->size > m->raw_len;
	sim_counts[SIM_JOINED] += m->joined;
	sim_counts[SIM_INCOMPLETE] += m->incomplete;
	sim_counts[SIM_PLACEHOLDERS] += placeholder_is(m);
	sim_client_submit(s, m->uid);
out:
	message_free(m);
}

void
sim_client_body(struct sim *s, const struct session_event *ev)
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
