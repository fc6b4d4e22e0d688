/* The sink, and the way to it: what bridge/publish/route.h promises. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/envelope/hash.h"
#include "bridge/limits.h"
#include "bridge/message.h"
#include "bridge/publish/route.h"
#include "tests/sim/sim.h"

struct route_lane {
	void (*outcome)(
	    void *arg, const struct message *m, enum pipeline_outcome);
	void *arg;
	size_t open; /* messages on their way */
	int closed;
};

struct budget *
route_budget(struct route *r)
{
	return (&r->budget);
}

size_t
route_charge(const struct route *r, size_t size)
{
	(void)r;
	return (size + 100);
}

static void
changed(struct route *r)
{
	r->held = 0;
	if (!sim_now->muted)
		roster_wake(sim_now->roster);
}

void
route_give(struct route *r, size_t charge)
{
	budget_give(&r->budget, charge);
	if (r->nflight == 0 || (r->held && r->budget.used < r->budget.max / 2))
		changed(r);
}

int
route_hold(struct route *r)
{
	if (!r->down && !budget_full(&r->budget))
		return (0);
	r->held = 1;
	return (1);
}

struct route_lane *
route_lane_new(struct route *r, const char *name,
    void (*outcome)(void *arg, const struct message *m, enum pipeline_outcome),
    void *arg)
{
	struct route_lane *lane = calloc(1, sizeof(*lane));

	(void)r;
	(void)name;
	lane->outcome = outcome;
	lane->arg = arg;
	return (lane);
}

int
route_lane_marks(struct route_lane *lane,
    void (*fill)(
	void *arg, const uint32_t *uids, size_t n, struct sink_mark *mark),
    void *arg)
{
	(void)lane;
	(void)fill;
	(void)arg;
	return (0);
}

int
route_lane_has(struct route_lane *lane, const struct pipeline *p,
    const struct sink_mark *mark)
{
	(void)lane;
	(void)p;
	(void)mark;
	return (0);
}

static void
release(struct route_lane *lane)
{
	if (lane->closed && lane->open == 0)
		free(lane);
}

void
route_lane_close(struct route_lane *lane)
{
	if (lane == NULL)
		return;
	lane->closed = 1;
	release(lane);
}

/* Which one it is: by what it says, or, of a stub, by its number. */
static struct sim_mail *
find(struct sim *s, const struct message *m)
{
	unsigned box = sim_box_find(s, m->mailbox, strlen(m->mailbox)), n;
	static const char start[] = "Subject: mail ";

	if (m->raw_len > sizeof(start) &&
	    memcmp(m->raw, start, sizeof(start) - 1) == 0) {
		n = (unsigned)strtoul(m->raw + sizeof(start) - 1, NULL, 10);
		return (&s->mail[n]);
	}
	if (box == SIM_BOXES || s->box[box].validity != m->uidvalidity)
		return (NULL);
	return (sim_mail_at(s, box, m->uid));
}

/* Is it what the server has, as far as it says so itself? */
static void
check_message(struct sim *s, const struct message *m)
{
	const struct sim_mail *mail = find(s, m);
	struct buf body;
	size_t len;

	if (mail == NULL || m->unavailable || m->placeholder)
		return;
	buf_init(&body, 1 << 20);
	sim_mail_put(s, mail, &body);
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

/* What its event leaves behind. */
static void
take_print(struct message *m)
{
	struct span raw = { m->raw, m->raw_len };
	static struct hash *hash;
	char id[HASH_ID];

	if (m->unavailable || m->raw == NULL)
		return;
	fingerprint_look(&m->print, m);
	if (hash == NULL)
		hash = hash_new();
	if (m->raw_len == m->size && hash_name(hash, raw, id) == 0)
		m->print.has_hash = fingerprint_hash(id, m->print.hash) == 0;
}

int
route_submit(struct route_lane *lane, struct message *m, size_t charge)
{
	struct sim *s = sim_now;

	if (s->muted) {
		message_free(m);
		return (0);
	}
	if (s->route.nflight == SIM_MAILS)
		sim_fail(s, "more in flight than there are mails");
	sim_store_knows(s, m);
	if (m->reset == NULL) {
		check_message(s, m);
		take_print(m);
		sim_counts[SIM_CUT] += m->size > m->raw_len;
		sim_counts[SIM_JOINED] += (uint64_t)m->joined;
		sim_counts[SIM_INCOMPLETE] += (uint64_t)m->incomplete;
		sim_counts[SIM_PLACEHOLDERS] += (uint64_t)m->placeholder;
		sim_counts[SIM_STUBS] += (uint64_t)m->unavailable;
	}
	lane->open++;
	s->route.flight[s->route.nflight++] =
	    (struct sim_flight){ .message = m, .lane = lane, .charge = charge };
	return (0);
}

/* Is it in the store that this one was published whole? */
static int
is_remembered(const struct sim *s, const struct sim_mail *mail)
{
	const struct sim_stored *st = &s->box[mail->box].stored;
	char id[32];
	size_t i;

	(void)snprintf(id, sizeof(id), "%zu@sim", (size_t)(mail - s->mail));
	for (i = 0; i < st->nprints; i++) {
		if (st->prints[i].id == fingerprint_id(id, strlen(id)) &&
		    st->prints[i].has_hash)
			return (1);
	}
	return (0);
}

/* May it come once more? */
static void
check_again(struct sim *s, const struct sim_mail *mail, const struct message *m)
{
	int same = mail->id_validity == m->uidvalidity &&
	    mail->id_uid == m->uid && mail->id_epoch == m->epoch;

	if (same && mail->life == s->life)
		sim_fail(s, "%s: UID %u comes twice", m->mailbox, m->uid);
	if (same || mail->reused)
		return;
	if (s->account.on_reset == CONFIG_RESET_MATCH &&
	    mail->trouble == SIM_SOUND && mail->placeholder == 0 &&
	    !mail->huge && mail->lie == 0 && is_remembered(s, mail))
		sim_fail(s,
		    "%s: UID %u was UID %u, that is known, and comes "
		    "again",
		    m->mailbox, m->uid, mail->id_uid);
}

/* It is at the sink. */
static void
store(struct sim *s, const struct message *m)
{
	struct sim_mail *mail;

	if (m->reset != NULL) {
		sim_note(
		    s, "%s: the event about its reset is stored", m->mailbox);
		return;
	}
	sim_note(s, "%s: UID %u of %llu is stored", m->mailbox, m->uid,
	    (unsigned long long)m->uidvalidity);
	sim_counts[SIM_PUBLISHED]++;
	if ((mail = find(s, m)) == NULL)
		return;
	if (mail->published > 0) {
		sim_counts[SIM_AGAIN]++;
		check_again(s, mail, m);
	}
	mail->published++;
	mail->id_validity = m->uidvalidity;
	mail->id_uid = m->uid;
	mail->id_epoch = m->epoch;
	mail->life = s->life;
}

int
sim_sink_answer(struct sim *s, size_t i)
{
	struct sim_flight f;

	if (s->route.nflight == 0 || s->route.down)
		return (0);
	f = s->route.flight[i];
	s->route.flight[i] = s->route.flight[--s->route.nflight];
	store(s, f.message);
	f.lane->open--;
	if (!f.lane->closed)
		f.lane->outcome(f.lane->arg, f.message, PIPELINE_STORED);
	else
		release(f.lane);
	message_free(f.message);
	route_give(&s->route, f.charge);
	return (1);
}

void
sim_sink_switch(struct sim *s)
{
	s->route.down = !s->route.down && !s->calm;
	sim_note(s, "the sink is %s", s->route.down ? "down" : "up");
	if (!s->route.down)
		changed(&s->route);
}

void
sim_sink_crash(struct sim *s)
{
	struct sim_flight f;

	while (s->route.nflight > 0) {
		f = s->route.flight[--s->route.nflight];
		if (!s->route.down && sim_roll(s, 2))
			store(s, f.message);
		f.lane->open--;
		release(f.lane);
		message_free(f.message);
	}
}
