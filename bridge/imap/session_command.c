#include "bridge/imap/capability.h"
#include "bridge/imap/session_private.h"

/* Messages in a mailbox from which on the answer as a set is worth it. */
#define ESEARCH_EXISTS 1000

int
session_has_idle(const struct session *s)
{
	return ((s->capabilities & CAPABILITY_IDLE) != 0);
}

unsigned
session_idle_seconds(const struct session *s)
{
	return (s->vendor->idle_seconds);
}

int
session_keeps_octets(const struct session *s)
{
	return (!s->vendor->remakes);
}

int
session_has_notify(const struct session *s)
{
	return ((s->capabilities & CAPABILITY_NOTIFY) != 0);
}

int
session_ready(const struct session *s)
{
	return ((s->state == STATE_SELECTED || s->state == STATE_READY) &&
	    s->ncommands == 0);
}

int
session_can_wake(const struct session *s)
{
	return (s->idling || session_ready(s));
}

int
session_can_fetch(const struct session *s)
{
	unsigned i;

	if (s->state != STATE_SELECTED || s->ncommands >= LIMIT_FETCH_PIPELINE)
		return (0);
	for (i = 0; i < s->ncommands; i++) {
		if (s->commands[i].kind != COMMAND_FETCH)
			return (0);
	}
	return (1);
}

void
session_examine(struct session *s, uint64_t now)
{
	s->now = now;
	s->state = STATE_EXAMINING;
	s->uidvalidity = s->uidnext = s->exists = 0;
	s->not_sticky = 0;
	session_begin(s, COMMAND_EXAMINE);
	buf_printf(&s->out, "%s %s\r\n",
	    s->vendor->select ? "SELECT" : "EXAMINE", s->mailbox);
}

void
session_search(struct session *s, const char *criteria, uint64_t now)
{
	s->now = now;
	s->answered = 0;
	session_begin(s, COMMAND_SEARCH);
	buf_printf(&s->out, "UID SEARCH %s%s\r\n",
	    (s->capabilities & CAPABILITY_ESEARCH) &&
		    s->exists >= ESEARCH_EXISTS
		? "RETURN (ALL) "
		: "",
	    criteria);
}

void
session_idle(struct session *s, uint64_t now)
{
	s->now = now;
	s->done_sent = 0;
	session_begin(s, COMMAND_IDLE);
	buf_puts(&s->out, "IDLE\r\n");
}

void
session_idle_end(struct session *s, uint64_t now)
{
	s->now = now;
	if (!s->idling)
		return;
	s->idling = 0;
	s->done_sent = 1;
	s->deadline = now + s->config.command_ms;
	buf_puts(&s->out, "DONE\r\n");
}

void
session_noop(struct session *s, uint64_t now)
{
	s->now = now;
	session_begin(s, COMMAND_NOOP);
	buf_puts(&s->out, "NOOP\r\n");
}

void
session_logout(struct session *s, uint64_t now)
{
	s->now = now;
	if (s->state == STATE_FAILED || s->state == STATE_CLOSED ||
	    s->ncommands >= SESSION_COMMANDS)
		return;
	session_idle_end(s, now);
	session_begin(s, COMMAND_LOGOUT);
	buf_puts(&s->out, "LOGOUT\r\n");
}
