/* What a response means for the command under way. */
#include <stdio.h>
#include <string.h>

#include "bridge/imap/capability.h"
#include "bridge/imap/session_private.h"
#include "bridge/imap/verdict.h"

/* Take the command with this tag out of the list.  1, or 0 if it is none of
 * ours (the transport's own login commands, or rubbish). */
static int
take_command(struct session *s, const char *tag, enum session_command *kind)
{
	char ours[16];
	unsigned i;

	for (i = 0; i < s->ncommands; i++) {
		(void)snprintf(ours, sizeof(ours), "m%u", s->commands[i].tag);
		if (strcmp(tag, ours) != 0)
			continue;
		*kind = s->commands[i].kind;
		s->ncommands--;
		memmove(&s->commands[i], &s->commands[i + 1],
		    (s->ncommands - i) * sizeof(s->commands[0]));
		s->deadline = s->ncommands > 0 ? s->now + s->config.command_ms
					       : UINT64_MAX;
		s->talk = s->piece = 0;
		s->brought = 0;
		return (1);
	}
	return (0);
}

static int
searched(struct session *s, const struct response *r, struct session_event *ev)
{
	/* In an empty mailbox "*" means nothing, which some call an error. */
	if (response_code_limit(r->code, &ev->limit, &ev->limit_uid))
		ev->ok = ev->ok || ev->limit_uid != 0;
	else if (s->exists == 0)
		ev->ok = s->answered = 1;
	if (!ev->ok) {
		verdict_command(r, "UID SEARCH", &s->fault);
		session_fail(s);
		return (0);
	}
	ev->kind = SESSION_SEARCHED;
	ev->answered = s->answered;
	return (1);
}

static int
on_tagged(struct session *s, const struct response *r, struct session_event *ev)
{
	enum session_command kind;

	if (!take_command(s, r->tag, &kind))
		return (0);
	ev->ok = r->condition == RESPONSE_OK;
	ev->text = r->text;
	switch (kind) {
	case COMMAND_SEARCH:
		return (searched(s, r, ev));
	case COMMAND_FETCH:
		(void)response_code_limit(r->code, &ev->limit, &ev->limit_uid);
		ev->kind = SESSION_FETCHED;
		return (session_fetch_ended(s, ev));
	case COMMAND_IDLE:
		s->idling = 0;
		ev->ok = ev->ok && s->done_sent;
		ev->kind = SESSION_IDLE_DONE;
		return (1);
	case COMMAND_NOOP:
		ev->kind = SESSION_NOOP_DONE;
		return (1);
	case COMMAND_LOGOUT:
		s->state = STATE_CLOSED;
		ev->kind = SESSION_CLOSED;
		return (1);
	case COMMAND_EXAMINE:
		return (session_mailbox_examined(s, r, ev));
	case COMMAND_UNSELECT:
		s->state = STATE_READY;
		ev->kind = SESSION_UNSELECTED;
		return (1);
	case COMMAND_LIST:
		ev->kind = SESSION_LIST_DONE;
		ev->delimiter = s->delimiter;
		return (1);
	case COMMAND_STATUS:
		ev->kind = SESSION_STATUS_DONE;
		return (1);
	case COMMAND_NOTIFY:
		ev->kind = SESSION_NOTIFY_DONE;
		return (1);
	default:
		session_login_tagged(s, kind, r);
		ev->kind = SESSION_READY;
		return (s->state == STATE_READY);
	}
}

static int
logging_out(const struct session *s)
{
	return (s->ncommands > 0 &&
	    s->commands[s->ncommands - 1].kind == COMMAND_LOGOUT);
}

static int
on_status(struct session *s, const struct response *r, struct session_event *ev)
{
	uint64_t n;

	if (r->condition == RESPONSE_BYE) {
		if (logging_out(s))
			return (0);
		if (s->state <= STATE_AUTHENTICATING)
			verdict_login(r, "greeting or login", &s->fault);
		else
			verdict_command(r, "connection", &s->fault);
		session_fail(s);
		return (0);
	}
	if (response_code_number(r->code, "UIDVALIDITY", &n)) {
		if (s->state == STATE_SELECTED && n != s->uidvalidity) {
			fault_set(&s->fault, FAULT_RETRY,
			    "UIDVALIDITY changed while the mailbox was open");
			session_fail(s);
			return (0);
		}
		s->uidvalidity = n;
	} else if (response_code_number(r->code, "UIDNEXT", &n)) {
		s->uidnext = n <= UINT32_MAX ? n : 0;
	} else if (response_code_is(r->code, "UIDNOTSTICKY")) {
		s->not_sticky = 1;
	} else if (s->state <= STATE_AUTHENTICATING) {
		session_login_status(s, r);
	}
	if (response_code_is(r->code, "NOTIFICATIONOVERFLOW")) {
		/* RFC 5465 section 5.8: as if NOTIFY NONE had been sent. */
		ev->kind = SESSION_NOTIFY_LOST;
		return (1);
	}
	if (!response_code_is(r->code, "ALERT"))
		return (0);
	ev->kind = SESSION_ALERT;
	ev->text = r->text;
	return (1);
}

static int
on_continue(
    struct session *s, const struct response *r, struct session_event *ev)
{
	if (s->ncommands == 0)
		return (0);
	switch (s->commands[0].kind) {
	case COMMAND_AUTHENTICATE:
		session_login_continue(s, r->text);
		return (0);
	case COMMAND_IDLE:
		if (s->idling || s->done_sent)
			return (0); /* said twice: DONE is not */
		s->idling = 1;
		s->deadline = UINT64_MAX;
		ev->kind = SESSION_IDLING;
		return (1);
	default:
		return (0);
	}
}

int
session_response(
    struct session *s, const struct response *r, struct session_event *ev)
{
	switch (r->kind) {
	case RESPONSE_CONTINUE:
		return (on_continue(s, r, ev));
	case RESPONSE_TAGGED:
		return (on_tagged(s, r, ev));
	case RESPONSE_STATUS:
		return (on_status(s, r, ev));
	case RESPONSE_CAPABILITY:
		s->capabilities = capability_read(r->text);
		session_login_vendor(s, r->text);
		return (0);
	case RESPONSE_ID:
		session_login_vendor(s, r->text);
		return (0);
	case RESPONSE_EXISTS:
		s->exists = r->number;
		if (s->state != STATE_SELECTED)
			return (0);
		ev->kind = SESSION_EXISTS;
		return (1);
	case RESPONSE_LIST:
		return (session_mailbox_listed(s, r, ev));
	case RESPONSE_COUNTS:
		return (session_mailbox_counts(s, r, ev));
	case RESPONSE_ENABLED:
		s->utf8 = s->utf8 || strcasestr(r->text, "UTF8=ACCEPT") != NULL;
		return (0);
	case RESPONSE_BODY:
		return (session_message_body(s, r, ev));
	case RESPONSE_FETCH:
		return (session_message_fetch(s, r, ev));
	default:
		return (0);
	}
}
