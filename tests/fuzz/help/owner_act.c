/* What the owner does when it is told to, and not the server. */
#include "bridge/imap/session.h"
#include "bridge/watch/catchup.h"
#include "tests/fuzz/help/owner.h"

/* The process ends, and the next one begins where it stood. */
static void
restart(struct owner *o)
{
	struct catchup *next;

	owner_rest_drop(o);
	owner_release(o);
	while (o->ninflight > 0)
		budget_give(&o->budget, o->inflight[--o->ninflight].charge);
	next = ledger_restart(&o->ledger, o->catchup);
	catchup_free(o->catchup);
	o->catchup = next;
	catchup_limit(next, o->set.limit);
	catchup_until(next, o->set.until);
	catchup_skip(
	    next, uidset_empty(&o->ledger.skip) ? NULL : &o->ledger.skip);
	(void)owner_lost(o, 0);
	owner_rest_drop(o);
}

/* Those that were passed over are news from now on. */
static void
unskip(struct owner *o)
{
	catchup_skip(o->catchup, NULL);
	uidset_clear(&o->ledger.skip);
}

int
owner_act(struct owner *o, char what)
{
	struct session *s = o->session;
	uint64_t at = session_deadline(s);

	switch (what) {
	case 'x':
	case 'y':
		if (o->set.lives > 0 && !owner_lost(o, what == 'x'))
			return (0);
		break;
	case 'z':
		if (o->set.lives > 0)
			restart(o);
		break;
	case 'o':
		session_logout(s, o->now);
		o->draining = 1;
		break;
	case 'u':
		if (session_ready(s))
			(void)session_unselect(s, o->now);
		break;
	case 'w':
		catchup_sweep(o->catchup);
		session_idle_end(s, o->now);
		break;
	case 'f':
		catchup_hint(o->catchup);
		session_idle_end(s, o->now);
		break;
	case 'h':
		o->hold = !o->hold;
		break;
	case 'n':
		o->now += 3600000;
		break;
	case 't':
		if (at != UINT64_MAX && at > o->now)
			o->now = at;
		session_tick(s, o->now);
		break;
	case 'i':
		o->set.slow = !o->set.slow;
		break;
	case 'd': /* the oldest */
		owner_outcome(o, 0, 1);
		break;
	case 'D': /* the newest */
		owner_outcome(o, o->ninflight - 1, 1);
		break;
	case 'e':
		owner_outcome(o, 0, o->ninflight);
		break;
	case 's':
		unskip(o);
		break;
	case 'm':
		owner_rest_drop(o);
		break;
	case 'q':
		o->fake = 1;
		break;
	default:
		return (1);
	}
	return (owner_pump(o));
}
