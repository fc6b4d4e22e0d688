/* A server that says anything at all, to a session whose owner does all that an
 * owner does.  Lines of the input are answers; "$" in them is the last tag, so
 * that the dialogue gets somewhere. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/buf.h"
#include "bridge/catchup.h"
#include "bridge/checkpoint.h"
#include "bridge/fault.h"
#include "bridge/imap/session.h"
#include "bridge/message.h"

/* What the owner is, by the first octet of the input. */
enum role {
	WATCHER,      /* any other: it has a connection of its own */
	LOOKER = ' ', /* it asks for no bodies */
	PATROL = '%', /* it looks after several mailboxes, and visits one */
	TOKEN = '+'   /* the answer to it: a watcher that logs in with one */
};

struct owner {
	struct session *session;
	struct catchup *catchup;
	uint64_t now;
	int selected;
	int role;
	unsigned turn; /* of the patrol's round */
};

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

	if (again != UINT64_MAX) {
		o->now = again;
		session_tick(s, o->now);
		session_noop(s, o->now);
	} else if (o->role == PATROL) {
		o->selected = 0;
		if (!session_unselect(s, o->now))
			patrol(o);
	} else if (o->turn++ % 4 == 3) {
		session_examine(s, o->now);
		catchup_sweep(o->catchup);
	} else {
		session_idle(s, o->now);
	}
}

static void
command(struct owner *o)
{
	struct session *s = o->session;
	struct catchup_next next;

	if (o->role == PATROL && !o->selected && session_ready(s))
		patrol(o);
	if (!o->selected || (!session_ready(s) && !session_can_fetch(s)))
		return;
	catchup_next(o->catchup, session_ready(s), session_can_fetch(s), 0,
	    o->now, &next);
	if (next.job == CATCHUP_SEARCH)
		session_search(s, next.text, o->now);
	else if (next.job == CATCHUP_FETCH)
		session_fetch(s, next.text,
		    o->role == LOOKER ? FETCH_LOOK : next.form, 100, o->now);
	else if (next.job == CATCHUP_STUB)
		catchup_done(o->catchup, next.uid);
	else if (next.job == CATCHUP_NOTHING && session_ready(s))
		rest(o);
}

static int
event(struct owner *o, const struct session_event *ev)
{
	struct session *s = o->session;
	struct catchup_end end = { .ok = ev->ok, .limit = ev->limit };

	switch (ev->kind) {
	case SESSION_LOGIN:
		if (o->role == TOKEN)
			session_login_token(s, "user", "token", o->now);
		else
			session_login(s, "user", "password", o->now);
		break;
	case SESSION_SELECTED:
		o->selected = 1;
		break;
	case SESSION_REFUSED:
		o->selected = 0;
		break;
	case SESSION_SIZE:
		catchup_size(o->catchup, ev->uid, ev->size);
		break;
	case SESSION_FOUND:
		catchup_found(o->catchup, ev->lo, ev->hi);
		break;
	case SESSION_SEARCHED:
		end.answered = ev->answered;
		end.lowest = ev->limit_uid;
		catchup_searched(o->catchup, &end, o->now);
		break;
	case SESSION_BODY:
		session_body(s, malloc(100), 100);
		break;
	case SESSION_MESSAGE:
	case SESSION_GLANCE:
		if (catchup_received(
			o->catchup, ev->message->uid, ev->message->size))
			catchup_done(o->catchup, ev->message->uid);
		message_free(ev->message);
		break;
	case SESSION_FETCHED:
		catchup_fetched(o->catchup, &end, o->now);
		break;
	case SESSION_EXISTS:
	case SESSION_IDLE_DONE:
		catchup_hint(o->catchup);
		session_idle_end(s, o->now);
		break;
	case SESSION_FAILED:
	case SESSION_CLOSED:
		return (0);
	default:
		break;
	}
	return (1);
}

static int
pump(struct owner *o)
{
	struct session_event ev;

	while (session_next(o->session, &ev)) {
		if (!event(o, &ev))
			return (0);
	}
	command(o);
	return (1);
}

/* The tag of the last command sent, from what was sent. */
static unsigned
last_tag(struct buf *out, unsigned before)
{
	const char *s;

	for (s = out->data; s != NULL && *s != '\0';) {
		if (*s == 'm' && s[1] >= '0' && s[1] <= '9')
			before = (unsigned)strtoul(s + 1, NULL, 10);
		if ((s = strchr(s, '\n')) != NULL)
			s++;
	}
	buf_clear(out);
	return (before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session_config config = { .mailbox = "INBOX",
		.command_ms = 1000 };
	struct checkpoint from = { .uidvalidity = 1 };
	struct owner o = { .now = 1000 };
	const char *greeting =
	    "* OK [CAPABILITY IMAP4rev1 IDLE ID AUTH=XOAUTH2] hi\r\n";
	struct buf line;
	unsigned tag = 0;
	size_t i;
	int alive;

	o.role = size > 0 ? data[0] : WATCHER;
	if (o.role == PATROL)
		config.mailbox = NULL;
	o.session = session_new(&config, o.now);
	o.catchup = catchup_new(&from);
	catchup_limit(o.catchup, 100);
	buf_init(&line, 1 << 20);
	session_feed(o.session, greeting, strlen(greeting), o.now);
	session_greeted(o.session, o.now);
	alive = pump(&o);
	for (i = 0; i < size && alive; i++) {
		tag = last_tag(session_output(o.session), tag);
		if (data[i] == '$')
			buf_printf(&line, "m%u", tag);
		else
			buf_putc(&line, (char)data[i]);
		if (data[i] != '\n' && i + 1 < size)
			continue;
		o.now += 10;
		session_feed(o.session, line.data, line.len, o.now);
		alive = pump(&o);
		buf_clear(&line);
	}
	buf_free(&line);
	session_free(o.session);
	catchup_free(o.catchup);
	return (0);
}
