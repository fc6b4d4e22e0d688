/* Messages on their way, as in watcher_message.c and watcher_rest.c. */
#include <stdlib.h>
#include <string.h>

#include "bridge/imap/session.h"
#include "bridge/message.h"
#include "bridge/watch/catchup.h"
#include "tests/fuzz/help/owner.h"

/* Octets of a message that are read and thrown away. */
#define DISCARD 1000
#define DISCARD_PART 10000

void
owner_check_budget(const struct owner *o)
{
	size_t i, used = o->charge;

	for (i = 0; i < o->ninflight; i++)
		used += o->inflight[i].charge;
	if (o->budget.used != used)
		ledger_broken("the budget is what is in flight", o->body_uid);
	if (o->budget.spared != (o->rest.spare.kept ? o->rest.spare.size : 0) ||
	    (o->budget.spared > 0 &&
		o->budget.used + o->budget.spared > o->budget.max))
		ledger_broken("a rest uses what nobody wants", o->rest.uid);
}

void
owner_release(struct owner *o)
{
	size_t charge = o->charge;

	budget_cancel(&o->budget, &o->waiter);
	o->charge = 0;
	if (charge > 0)
		budget_give(&o->budget, charge);
}

static void
accept(struct owner *o)
{
	o->charge = o->keep;
	session_body(o->session, malloc(o->keep), o->keep);
}

static void
on_granted(void *arg)
{
	struct owner *o = arg;

	session_pause(o->session, 0, o->now);
	accept(o);
}

void
owner_rest_drop(struct owner *o)
{
	struct owner_rest *r = &o->rest;

	budget_unspare(&o->budget, &r->spare);
	if (r->uid != 0)
		catchup_no_rest(o->catchup, r->uid);
	free(r->start);
	free(r->copy);
	*r = (struct owner_rest){ .uid = 0 };
}

static void
on_wanted(void *arg)
{
	owner_rest_drop(arg);
}

int
owner_rest_keep(struct owner *o)
{
	struct owner_rest *r = &o->rest;
	uint64_t have = 0;
	char *start;
	int again;

	if ((start = session_body_take(o->session, &have)) == NULL)
		return (0);
	owner_release(o);
	if (have >= o->body_size)
		ledger_broken("what is lost was not complete", o->body_uid);
	if (o->body_uid == 0 || o->draining || have == 0 ||
	    o->body_size > o->set.limit || !session_keeps_octets(o->session)) {
		free(start);
		return (0);
	}
	again = r->uid == o->body_uid && r->start == NULL;
	if (r->used != NULL && start == r->used &&
	    (have < r->have || memcmp(start, r->copy, (size_t)r->have) != 0))
		ledger_broken("what came stays as it was", r->uid);
	owner_rest_drop(o);
	*r = (struct owner_rest){ .start = start,
		.copy = malloc((size_t)have),
		.have = have,
		.total = o->body_size,
		.uid = o->body_uid,
		.spare = { .drop = on_wanted, .arg = o } };
	memcpy(r->copy, start, (size_t)have);
	if (!budget_spare(&o->budget, (size_t)have, &r->spare)) {
		owner_rest_drop(o);
		return (0);
	}
	owner_check_budget(o);
	r->told = catchup_rest(o->catchup, r->uid, again);
	return (again);
}

int
owner_rest_fetch(struct owner *o)
{
	const struct owner_rest *r = &o->rest;

	if (r->start == NULL || r->uid != catchup_only(o->catchup)) {
		owner_rest_drop(o);
		return (0);
	}
	session_fetch_rest(
	    o->session, r->uid, r->have, r->total, r->told, o->now);
	return (1);
}

static void
rest_body(struct owner *o, const struct session_event *ev)
{
	struct owner_rest *r = &o->rest;
	char *start = NULL;

	if (r->start != NULL && ev->size == r->total) {
		if (ev->origin != r->have)
			ledger_broken(
			    "the rest begins where it was cut", r->uid);
		budget_unspare(&o->budget, &r->spare);
		if (budget_take(&o->budget, o->keep, &o->waiter)) {
			o->charge = o->keep;
			start = r->start;
			r->start = NULL;
		} else {
			budget_cancel(&o->budget, &o->waiter);
		}
	}
	if (start == NULL)
		owner_rest_drop(o);
	r->used = start;
	session_body(o->session, start, o->keep);
}

int
owner_body(struct owner *o, const struct session_event *ev)
{
	uint64_t discard = DISCARD, keep = ev->size;

	if (o->form == FETCH_PART || o->form == FETCH_START)
		discard = DISCARD_PART;
	if (ev->size > o->set.limit + discard) {
		catchup_oversized(o->catchup, ev->uid);
		return (0);
	}
	o->keep = (size_t)(keep < o->set.limit ? keep : o->set.limit);
	o->body_size = ev->size;
	o->body_uid = ev->uid != 0 ? ev->uid : catchup_only(o->catchup);
	o->waiter.granted = on_granted;
	o->waiter.arg = o;
	o->rest.used = NULL;
	owner_release(o);
	if (ev->origin != 0) {
		rest_body(o, ev);
	} else if (budget_take(&o->budget, o->keep, &o->waiter)) {
		accept(o);
	} else {
		session_pause(o->session, 1, o->now);
		if (session_deadline(o->session) != UINT64_MAX)
			ledger_broken("nothing is due in a pause", ev->uid);
	}
	return (1);
}

/* Its outcome comes at once, or when it is told to. */
void
owner_hand_on(struct owner *o, uint32_t uid)
{
	ledger_take(&o->ledger, uid);
	o->inflight[o->ninflight].uid = uid;
	o->inflight[o->ninflight++].charge = o->charge;
	o->charge = 0;
	if (!o->set.slow || o->ninflight == OWNER_INFLIGHT)
		owner_outcome(o, 0, o->ninflight);
}

void
owner_message(struct owner *o, struct message *m)
{
	const struct owner_rest *r = &o->rest;

	if (m->raw_len > m->size && o->form != FETCH_LOOK)
		ledger_broken("a message has the octets that came", m->uid);
	if (m->uid == 0)
		m->uid = catchup_only(o->catchup);
	if (r->used != NULL && m->raw == r->used &&
	    (m->uid != r->uid || m->size != r->total ||
		m->raw_len != r->total ||
		memcmp(m->raw, r->copy, (size_t)r->have) != 0))
		ledger_broken("the rest makes the message whole", m->uid);
	m->placeholder = o->fake;
	o->fake = 0;
	if ((!m->placeholder || catchup_placeholder(o->catchup, m->uid)) &&
	    !o->draining && catchup_received(o->catchup, m->uid, m->size))
		owner_hand_on(o, m->uid);
	else
		owner_release(o);
	message_free(m);
}

void
owner_outcome(struct owner *o, size_t i, size_t n)
{
	uint32_t uids[OWNER_INFLIGHT];
	size_t k, give = 0;

	if (i >= o->ninflight || n > o->ninflight - i)
		return;
	for (k = 0; k < n; k++) {
		uids[k] = o->inflight[i + k].uid;
		give += o->inflight[i + k].charge;
	}
	o->ninflight -= n;
	memmove(&o->inflight[i], &o->inflight[i + n],
	    (o->ninflight - i) * sizeof(o->inflight[0]));
	ledger_finish(&o->ledger, o->catchup, uids, n);
	budget_give(&o->budget, give);
}
