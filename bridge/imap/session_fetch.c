/* What a FETCH says, step by step: a message that a server does not send whole
 * is asked for in pieces, each by a command of its own. */
#include <stdlib.h>
#include <string.h>

#include "bridge/imap/capability.h"
#include "bridge/imap/session_private.h"
#include "bridge/message.h"

/* There is one at a time: its steps are kept with the session. */
_Static_assert(LIMIT_FETCH_PIPELINE == 1, "the steps of one FETCH are kept");

enum step {
	STEP_SIZES,
	STEP_CHECK,
	STEP_LOOK,
	STEP_ALL,
	STEP_ALL_PART,
	STEP_REST,
	STEP_BODY,
	STEP_HEADER,
	STEP_TEXT,
	STEP_TEXT_PART,
	STEP_FACTS,
	STEP_END
};

static const enum step steps[][4] = {
	[FETCH_SIZES] = { STEP_SIZES, STEP_END },
	[FETCH_CHECK] = { STEP_CHECK, STEP_END },
	[FETCH_LOOK] = { STEP_LOOK, STEP_END },
	[FETCH_WHOLE] = { STEP_ALL, STEP_END },
	[FETCH_REST] = { STEP_REST, STEP_END },
	[FETCH_PART] = { STEP_ALL_PART, STEP_END },
	/* The facts come last: they must not stand in the way of the body. */
	[FETCH_PLAIN] = { STEP_BODY, STEP_FACTS, STEP_END },
	[FETCH_APART] = { STEP_HEADER, STEP_TEXT, STEP_FACTS, STEP_END },
	[FETCH_START] = { STEP_HEADER, STEP_TEXT_PART, STEP_END },
	[FETCH_HEADER] = { STEP_HEADER, STEP_END },
};

static enum step
step_now(const struct session *s)
{
	return (steps[s->fetch.form][s->fetch.step]);
}

/* Flags, dates and ids, as far as the server has them. */
static void
put_facts(struct session *s)
{
	buf_puts(&s->out, "UID FLAGS INTERNALDATE");
	if (s->capabilities & CAPABILITY_OBJECTID)
		buf_puts(&s->out, " EMAILID THREADID");
	if (s->capabilities & CAPABILITY_SAVEDATE)
		buf_puts(&s->out, " SAVEDATE");
	if (s->capabilities & CAPABILITY_GMAIL)
		buf_puts(&s->out, " X-GM-MSGID X-GM-THRID X-GM-LABELS");
}

static void
put_items(struct session *s)
{
	unsigned long long part = s->fetch.part;

	switch (step_now(s)) {
	case STEP_SIZES:
		buf_puts(&s->out, "(UID RFC822.SIZE)");
		break;
	case STEP_CHECK:
		buf_puts(&s->out, "(UID RFC822.SIZE INTERNALDATE)");
		break;
	case STEP_LOOK:
		buf_puts(&s->out,
		    "(UID INTERNALDATE RFC822.SIZE "
		    "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])");
		break;
	case STEP_ALL:
		buf_putc(&s->out, '(');
		put_facts(s);
		buf_puts(&s->out, " BODY.PEEK[])");
		break;
	case STEP_ALL_PART:
		buf_putc(&s->out, '(');
		put_facts(s);
		buf_printf(&s->out, " RFC822.SIZE BODY.PEEK[]<0.%llu>)", part);
		break;
	case STEP_REST:
		buf_putc(&s->out, '(');
		put_facts(s);
		buf_printf(&s->out, " RFC822.SIZE BODY.PEEK[]<%llu.%llu>)",
		    (unsigned long long)s->fetch.have, part);
		break;
	case STEP_BODY:
		buf_puts(&s->out, "BODY.PEEK[]");
		break;
	case STEP_HEADER:
		buf_puts(&s->out, "BODY.PEEK[HEADER]");
		break;
	case STEP_TEXT:
		buf_puts(&s->out, "BODY.PEEK[TEXT]");
		break;
	case STEP_TEXT_PART:
		buf_printf(&s->out, "BODY.PEEK[TEXT]<0.%llu>", part);
		break;
	case STEP_FACTS:
		buf_putc(&s->out, '(');
		put_facts(s);
		buf_putc(&s->out, ')');
		break;
	case STEP_END:
		break;
	}
	buf_puts(&s->out, "\r\n");
}

void
session_fetch(struct session *s, const char *set, enum fetch_form form,
    uint64_t part, uint64_t now)
{
	s->now = now;
	session_fetch_clear(s);
	s->fetch.form = form;
	s->fetch.part = part;
	s->fetch.uid = (uint32_t)strtoul(set, NULL, 10);
	session_begin(s, COMMAND_FETCH);
	buf_printf(&s->out, "UID FETCH %s ", set);
	put_items(s);
}

void
session_fetch_rest(struct session *s, uint32_t uid, uint64_t have,
    uint64_t total, uint64_t told, uint64_t now)
{
	s->now = now;
	session_fetch_clear(s);
	s->fetch = (struct session_fetch){ .form = FETCH_REST,
		.uid = uid,
		.part = total - have,
		.have = have,
		.told = told };
	session_begin(s, COMMAND_FETCH);
	buf_printf(&s->out, "UID FETCH %u ", uid);
	put_items(s);
}

int
session_fetch_is_single(const struct session *s)
{
	return (steps[s->fetch.form][1] != STEP_END ||
	    s->fetch.form == FETCH_HEADER);
}

enum response_section
session_fetch_section(const struct session *s)
{
	switch (step_now(s)) {
	case STEP_SIZES: /* taken, if the server means so well */
	case STEP_CHECK:
	case STEP_ALL:
	case STEP_ALL_PART:
	case STEP_BODY:
		return (RESPONSE_WHOLE);
	case STEP_HEADER:
		return (RESPONSE_HEADER);
	case STEP_TEXT:
	case STEP_TEXT_PART:
		return (RESPONSE_TEXT);
	case STEP_REST:
		return (RESPONSE_REST);
	case STEP_LOOK:
		return (RESPONSE_FIELDS);
	case STEP_FACTS:
	case STEP_END:
		break;
	}
	return (RESPONSE_PIECE);
}

void
session_fetch_took(struct session *s, struct message *m)
{
	message_free(s->fetch.message);
	s->fetch.message = m;
	m->uid = s->fetch.uid;
	m->joined = s->fetch.head != NULL;
}

/* All there is of the header-only form: the header is the message. */
static void
take_header(struct session *s)
{
	struct message *m;

	if ((m = message_new()) == NULL)
		return; /* as if it had not come */
	m->raw = s->fetch.head;
	m->raw_len = s->fetch.head_len;
	m->size = m->raw_len;
	m->uidvalidity = s->uidvalidity;
	m->incomplete = 1;
	s->fetch.head = NULL;
	session_fetch_took(s, m);
}

/* Did the command bring what it asked for? */
static int
step_succeeded(const struct session *s)
{
	switch (step_now(s)) {
	case STEP_BODY:
	case STEP_TEXT:
	case STEP_TEXT_PART:
		return (s->fetch.message != NULL);
	case STEP_HEADER:
		return (s->fetch.head != NULL);
	default:
		return (1);
	}
}

int
session_fetch_ended(struct session *s, struct session_event *ev)
{
	if (!session_fetch_is_single(s))
		return (1);
	if (!step_succeeded(s)) {
		session_fetch_clear(s);
		return (1);
	}
	s->fetch.step++;
	if (step_now(s) != STEP_END) {
		session_begin(s, COMMAND_FETCH);
		buf_printf(&s->out, "UID FETCH %u ", s->fetch.uid);
		put_items(s);
		return (0);
	}
	if (s->fetch.form == FETCH_HEADER)
		take_header(s);
	if (s->fetch.message == NULL)
		return (1);
	/* A refusal of the facts alone is none of the message. */
	ev->ok = 1;
	s->fetch.end = *ev;
	s->fetch.ended = 1;
	ev->kind = SESSION_MESSAGE;
	ev->message = s->fetch.message;
	s->fetch.message = NULL;
	return (1);
}

void
session_fetch_clear(struct session *s)
{
	message_free(s->fetch.message);
	free(s->fetch.head);
	s->fetch = (struct session_fetch){ .form = FETCH_WHOLE };
}
