#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/fault.h"
#include "bridge/imap/session.h"
#include "bridge/limits.h"
#include "bridge/message.h"
#include "bridge/store/checkpoint.h"
#include "bridge/watch/catchup.h"
#include "bridge/watch/fingerprint.h"
#include "tests/fuzz/help/owner.h"

/* When the last one that was published came. */
#define KNOWN_DATE 1767603600

static void
connect_to(struct owner *o)
{
	struct session_config config = {
		.mailbox = o->set.role == OWNER_PATROL ? NULL : "INBOX",
		.command_ms = 1000,
	};
	const char *greeting =
	    "* OK [CAPABILITY IMAP4rev1 IDLE ID AUTH=XOAUTH2] hi\r\n";

	o->session = session_new(&config, o->now);
	session_feed(o->session, greeting, strlen(greeting), o->now);
	session_greeted(o->session, o->now);
}

void
owner_start(struct owner *o, const struct owner_settings *set)
{
	struct checkpoint from = { .uidvalidity = 1,
		.uid = set->mark,
		.since_below = set->since_below,
		.since = "05-Jan-2026" };

	*o = (struct owner){ .set = *set, .now = 1000, .known = set->known };
	budget_init(&o->budget, set->budget);
	o->catchup = catchup_new(&from);
	catchup_limit(o->catchup, set->limit);
	catchup_until(o->catchup, set->until);
	catchup_recall(o->catchup, set->below);
	ledger_init(&o->ledger, set->mark, set->below, set->skip, set->until);
	catchup_skip(
	    o->catchup, uidset_empty(&o->ledger.skip) ? NULL : &o->ledger.skip);
	connect_to(o);
}

void
owner_free(struct owner *o)
{
	owner_rest_drop(o);
	session_free(o->session);
	catchup_free(o->catchup);
	ledger_clear(&o->ledger);
}

int
owner_lost(struct owner *o, int blame)
{
	if (owner_rest_keep(o))
		blame = 0;
	if (o->known_state == KNOWN_LOOKED_AT)
		o->known_state = KNOWN_DOUBTED;
	owner_release(o);
	catchup_disconnected(o->catchup, blame, o->now);
	o->selected = o->draining = 0;
	if (o->set.lives == 0)
		return (0);
	o->set.lives--;
	session_free(o->session);
	o->now += 1000;
	connect_to(o);
	return (1);
}

/* A step of the patrol's round; then a mailbox is open. */
static void
patrol(struct owner *o)
{
	struct session *s = o->session;
	struct fault f;

	switch (o->turn++ % 6) {
	case 0:
		session_notify(s, o->now);
		break;
	case 1:
		(void)session_list(s, "", o->now, &f);
		break;
	case 2:
		(void)session_list(s, "Entw\xc3\xbcrfe/*", o->now, &f);
		break;
	case 3: /* several at once */
		while (session_can_status(s))
			(void)session_status(
			    s, "Orders \"x\"", NULL, o->now, &f);
		break;
	case 4:
		session_noop(s, o->now);
		break;
	default:
		(void)session_select(s, "Orders", "Orders", o->now, &f);
		break;
	}
}

/* All is found and asked: wait for new mail, or for a message that did not
 * come; leave the mailbox, or open it anew. */
static void
rest(struct owner *o)
{
	struct session *s = o->session;
	uint64_t again = catchup_wake(o->catchup);

	if (again <= o->now && !o->hold)
		ledger_broken("who has nothing to do is not woken at once", 0);
	if (catchup_lag(o->catchup) == 0)
		owner_rest_drop(o);
	if (again != UINT64_MAX) {
		o->now = again > o->now ? again : o->now + 1;
		session_tick(s, o->now);
		session_noop(s, o->now);
	} else if (o->set.role == OWNER_PATROL) {
		if (session_unselect(s, o->now))
			return;
		o->selected = 0;
		patrol(o);
	} else if (o->turn++ % 4 == 3) {
		session_examine(s, o->now);
	} else {
		session_idle(s, o->now);
	}
}

static void
fetch(struct owner *o, const struct catchup_next *next)
{
	char text[LIMIT_IMAP_COMMAND + 16];

	ledger_asked(&o->ledger, next->text);
	o->form = next->form;
	if (o->set.role == OWNER_LOOKER)
		o->form = FETCH_LOOK;
	if (o->form == FETCH_REST) {
		if (owner_rest_fetch(o))
			return;
		o->form = FETCH_WHOLE;
	}
	if (o->form == FETCH_SIZES && o->known != 0) {
		(void)snprintf(
		    text, sizeof(text), "%u,%s", o->known, next->text);
		session_fetch(o->session, text, FETCH_CHECK, 0, o->now);
		return;
	}
	session_fetch(o->session, next->text, o->form, o->set.limit, o->now);
}

/* The last one that was published has another date: what is it? */
static int
look(struct owner *o)
{
	char text[16];

	if (o->known_state != KNOWN_DOUBTED || !session_can_fetch(o->session))
		return (0);
	o->known_state = KNOWN_LOOKED_AT;
	o->form = FETCH_LOOK;
	(void)snprintf(text, sizeof(text), "%u", o->known);
	session_fetch(o->session, text, FETCH_LOOK, 0, o->now);
	return (1);
}

static void
glance(struct owner *o, const struct message *m)
{
	struct fingerprint print;

	if (o->known_state != KNOWN_LOOKED_AT || m->uid != o->known)
		return;
	fingerprint_look(&print, m);
	o->other = o->known_id != 0 && print.id != o->known_id;
	o->known_id = print.id;
	o->known_state = KNOWN_SURE;
}

static void
command(struct owner *o)
{
	struct session *s = o->session;
	struct catchup_next next;

	if (o->draining)
		return;
	if (o->set.role == OWNER_PATROL && !o->selected && session_ready(s))
		patrol(o);
	while (o->selected && (session_ready(s) || session_can_fetch(s))) {
		if (look(o))
			continue;
		catchup_next(o->catchup, session_ready(s), session_can_fetch(s),
		    o->hold, o->now, &next);
		switch (next.job) {
		case CATCHUP_SEARCH:
			ledger_search(&o->ledger);
			session_search(s, next.text, o->now);
			break;
		case CATCHUP_FETCH:
			fetch(o, &next);
			break;
		case CATCHUP_STUB:
			owner_hand_on(o, next.uid);
			break;
		case CATCHUP_NOTHING:
			if (session_ready(s))
				rest(o);
			return;
		case CATCHUP_WAIT:
			return;
		}
	}
}

/* The oldest FETCH is complete: 1, or 0 if there is no connection any more. */
static int
fetched(struct owner *o, const struct session_event *ev)
{
	struct catchup_end end = { .ok = ev->ok, .limit = ev->limit };

	if (o->form == FETCH_REST) {
		owner_release(o);
		owner_rest_drop(o);
	}
	if (o->form != FETCH_LOOK || o->set.role == OWNER_LOOKER) {
		catchup_fetched(o->catchup, &end, o->now);
	} else if (o->known_state == KNOWN_LOOKED_AT) {
		o->known = 0; /* it is gone */
		o->known_state = KNOWN_SURE;
	}
	if (!ev->ok && o->form == FETCH_SIZES)
		o->known = 0;
	if (!o->other)
		return (1);
	o->other = 0;
	return (owner_lost(o, 0));
}

static void
searched(struct owner *o, const struct session_event *ev)
{
	struct catchup_end end = { .ok = ev->ok,
		.answered = ev->answered,
		.limit = ev->limit,
		.lowest = ev->limit_uid };

	catchup_searched(o->catchup, &end, o->now);
	ledger_searched(&o->ledger, &end, o->catchup);
}

static int
event(struct owner *o, const struct session_event *ev)
{
	struct session *s = o->session;
	struct fault f;

	switch (ev->kind) {
	case SESSION_LOGIN:
		if (o->set.role == OWNER_TOKEN)
			session_login_token(s, "user", "token", o->now);
		else
			session_login(s, "user", "password", o->now);
		break;
	case SESSION_SELECTED:
		o->selected = 1;
		catchup_sweep(o->catchup);
		break;
	case SESSION_REFUSED:
		o->selected = 0;
		break;
	case SESSION_UNSELECTED:
		o->selected = 0;
		catchup_disconnected(o->catchup, 0, o->now);
		if (o->set.role != OWNER_PATROL && !o->draining)
			(void)session_select(s, "INBOX", NULL, o->now, &f);
		break;
	case SESSION_SIZE:
		if (ev->uid != o->known)
			catchup_size(o->catchup, ev->uid, ev->size);
		else if (ev->dated && ev->date != KNOWN_DATE)
			o->known_state = KNOWN_DOUBTED;
		break;
	case SESSION_FOUND:
		ledger_found(&o->ledger, ev->lo, ev->hi);
		catchup_found(o->catchup, ev->lo, ev->hi);
		break;
	case SESSION_SEARCHED:
		searched(o, ev);
		break;
	case SESSION_BODY:
		return (owner_body(o, ev) || owner_lost(o, 0));
	case SESSION_GLANCE:
		if (o->set.role != OWNER_LOOKER) {
			glance(o, ev->message);
			message_free(ev->message);
			break;
		}
		owner_message(o, ev->message);
		break;
	case SESSION_MESSAGE:
		owner_message(o, ev->message);
		break;
	case SESSION_FETCHED:
		return (fetched(o, ev));
	case SESSION_EXISTS:
	case SESSION_IDLE_DONE:
	case SESSION_NOOP_DONE:
		catchup_hint(o->catchup);
		session_idle_end(s, o->now);
		break;
	case SESSION_FAILED:
		return (owner_lost(o, 1));
	case SESSION_CLOSED:
		return (owner_lost(o, 0));
	default:
		break;
	}
	return (1);
}

int
owner_pump(struct owner *o)
{
	struct session_event ev;

	while (session_next(o->session, &ev)) {
		if (!event(o, &ev))
			return (0);
		ledger_check(&o->ledger, o->catchup);
	}
	command(o);
	owner_check_budget(o);
	return (1);
}
