#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bridge/imap/capability.h"
#include "bridge/imap/mutf7.h"
#include "bridge/imap/session_private.h"
#include "bridge/imap/verdict.h"
#include "bridge/limits.h"
#include "bridge/message.h"

#define OUT_MAX (LIMIT_SECRET * 4)
#define HELD_MAX (2 * LIMIT_READ_TURN)

static const char *const command_names[] = { "CAPABILITY", "login", "ID",
	"EXAMINE", "UID SEARCH", "UID FETCH", "IDLE", "NOOP", "LOGOUT" };

struct session *
session_new(const struct session_config *config, uint64_t now)
{
	struct session *s;
	struct buf quoted;
	char *name = NULL;

	buf_init(&quoted, LIMIT_IMAP_SMALL_LITERAL);
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (NULL);
	s->config = *config;
	s->now = now;
	s->deadline = UINT64_MAX;
	buf_init(&s->out, OUT_MAX);
	buf_init(&s->held, HELD_MAX);
	if ((name = mutf7_encode(config->mailbox)) == NULL ||
	    session_put_quoted(&quoted, name) == -1 ||
	    (s->parser = response_parser_new()) == NULL)
		goto fail;
	free(name);
	s->mailbox = buf_take(&quoted);
	return (s);

fail:
	free(name);
	buf_free(&quoted);
	session_free(s);
	return (NULL);
}

void
session_free(struct session *s)
{
	if (s == NULL)
		return;
	session_login_wipe(s);
	response_parser_free(s->parser);
	free(s->body);
	free(s->mailbox);
	if (s->out.data != NULL)
		explicit_bzero(s->out.data, s->out.cap);
	buf_free(&s->out);
	buf_free(&s->held);
	free(s);
}

int
session_put_quoted(struct buf *b, const char *text)
{
	const char *s;

	for (s = text; *s != '\0'; s++) {
		if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e)
			return (-1);
	}
	buf_putc(b, '"');
	for (s = text; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			buf_putc(b, '\\');
		buf_putc(b, *s);
	}
	return (buf_putc(b, '"'));
}

void
session_begin(struct session *s, enum session_command kind)
{
	s->commands[s->ncommands].tag = ++s->last_tag;
	s->commands[s->ncommands].kind = kind;
	s->ncommands++;
	s->deadline = s->now + s->config.command_ms;
	buf_printf(&s->out, "m%u ", s->last_tag);
}

void
session_fail(struct session *s)
{
	s->state = STATE_FAILED;
	s->deadline = UINT64_MAX;
	s->input_len = 0;
	buf_free(&s->held);
	session_login_wipe(s);
}

struct buf *
session_output(struct session *s)
{
	return (&s->out);
}

uint64_t
session_deadline(const struct session *s)
{
	return (s->paused ? UINT64_MAX : s->deadline);
}

void
session_tick(struct session *s, uint64_t now)
{
	s->now = now;
	if (session_deadline(s) > now)
		return;
	fault_set(&s->fault, FAULT_RETRY,
	    "%s: no answer from the server within %llu s",
	    s->ncommands > 0 ? command_names[s->commands[0].kind] : "greeting",
	    (unsigned long long)s->config.command_ms / 1000);
	session_fail(s);
}

void
session_pause(struct session *s, int paused, uint64_t now)
{
	s->now = now;
	if (s->paused && !paused && s->deadline != UINT64_MAX)
		s->deadline = now + s->config.command_ms;
	s->paused = paused;
}

void
session_feed(struct session *s, const char *data, size_t len, uint64_t now)
{
	s->now = now;
	if (s->state == STATE_FAILED || s->state == STATE_CLOSED)
		return;
	/* The next octet of a FETCH is progress; elsewhere only the end is. */
	if (s->ncommands > 0 && s->commands[0].kind == COMMAND_FETCH)
		s->deadline = now + s->config.command_ms;
	if (s->held.len > 0) {
		if (buf_put(&s->held, data, len) == -1) {
			fault_set(&s->fault, FAULT_BUG,
			    "session fed while it is paused");
			session_fail(s);
			return;
		}
		s->input = s->held.data;
		s->input_len = s->held.len;
		s->input_held = 1;
		return;
	}
	s->input_held = 0;
	s->input = data;
	s->input_len = len;
}

void
session_greeted(struct session *s, uint64_t now)
{
	struct session_event ev;

	/* What came so far is the greeting and the capability list. */
	while (s->state == STATE_GREETING && session_next(s, &ev))
		;
	s->failure_told = 0; /* for the owner to pull */
	s->now = now;
	if (s->state == STATE_GREETING)
		session_login_greeted(s);
}

void
session_body(struct session *s, char *buffer, size_t keep)
{
	free(s->body);
	s->body = buffer;
	s->body_keep = keep;
	s->body_wait = 0;
	response_body(s->parser, buffer, keep);
}

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
		return (1);
	}
	return (0);
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
		if (!ev->ok) {
			verdict_command(r, "UID SEARCH", &s->fault);
			session_fail(s);
			return (0);
		}
		ev->kind = SESSION_SEARCHED;
		return (1);
	case COMMAND_FETCH:
		ev->kind = SESSION_FETCHED;
		return (1);
	case COMMAND_IDLE:
		s->idling = 0;
		ev->kind = SESSION_IDLE_DONE;
		return (1);
	case COMMAND_NOOP:
		ev->kind = SESSION_NOOP_DONE;
		return (1);
	case COMMAND_LOGOUT:
		s->state = STATE_CLOSED;
		ev->kind = SESSION_CLOSED;
		return (1);
	default:
		session_login_tagged(s, kind, r);
		if (s->state != STATE_SELECTED)
			return (0);
		ev->kind = SESSION_SELECTED;
		ev->uidvalidity = s->uidvalidity;
		ev->uidnext = (uint32_t)s->uidnext;
		ev->exists = s->exists;
		return (1);
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
	} else if (s->state <= STATE_AUTHENTICATING) {
		session_login_status(s, r);
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
		s->idling = 1;
		s->deadline = UINT64_MAX;
		ev->kind = SESSION_IDLING;
		return (1);
	default:
		return (0);
	}
}

static int
on_body(struct session *s, const struct response *r, struct session_event *ev)
{
	if (s->ncommands == 0 || s->commands[0].kind != COMMAND_FETCH) {
		response_body(s->parser, NULL, 0); /* nobody asked */
		return (0);
	}
	s->body_wait = 1;
	ev->kind = SESSION_BODY;
	ev->size = r->number;
	return (1);
}

/* The body in one piece, wherever it came from; 0, or -1 if memory is out. */
static int
take_body(
    struct session *s, const struct response_fetch *fetch, struct message *m)
{
	if (fetch->text != NULL) {
		if ((m->raw = malloc(fetch->text_len + 1)) == NULL)
			return (-1);
		memcpy(m->raw, fetch->text, fetch->text_len);
		m->raw_len = fetch->text_len;
	} else {
		m->raw = s->body;
		s->body = NULL;
		m->raw_len = fetch->body_size < s->body_keep
		    ? (size_t)fetch->body_size
		    : s->body_keep;
	}
	m->size = fetch->body_size;
	return (0);
}

/* A copy of the flags without \Recent, which tells of this session and not of
 * the message: one event must say the same whenever it is made. */
static char *
copy_flags(const char *flags)
{
	char *copy, *to;
	size_t n;

	if ((copy = to = strndup(flags, LIMIT_FLAGS)) == NULL)
		return (NULL);
	for (; (n = strcspn(flags, " ")) > 0; flags += n + (flags[n] == ' ')) {
		if (n == 7 && strncasecmp(flags, "\\Recent", 7) == 0)
			continue;
		if ((size_t)(to - copy) + n + 2 > LIMIT_FLAGS)
			break;
		if (to != copy)
			*to++ = ' ';
		memcpy(to, flags, n);
		to += n;
	}
	*to = '\0';
	return (copy);
}

static int
on_fetch(struct session *s, const struct response *r, struct session_event *ev)
{
	const struct response_fetch *fetch = &r->fetch;
	struct message *m;

	/* Flags that changed, or a reply that does not say for which mail. */
	if (fetch->uid == 0 || !fetch->has_body ||
	    (fetch->text == NULL && s->body == NULL)) {
		free(s->body);
		s->body = NULL;
		return (0);
	}
	if ((m = message_new()) == NULL || take_body(s, fetch, m) == -1)
		goto fail;
	m->uid = fetch->uid;
	m->uidvalidity = s->uidvalidity;
	m->has_internaldate = fetch->has_internaldate;
	m->internaldate = fetch->internaldate;
	if (fetch->has_flags && (m->flags = copy_flags(fetch->flags)) == NULL)
		goto fail;
	ev->kind = SESSION_MESSAGE;
	ev->message = m;
	return (1);

fail:
	message_free(m);
	fault_set(&s->fault, FAULT_RETRY, "UID FETCH: out of memory");
	session_fail(s);
	return (0);
}

/* One response: 1 if it makes an event. */
static int
on_response(
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
		return (0);
	case RESPONSE_EXISTS:
		s->exists = r->number;
		if (s->state != STATE_SELECTED)
			return (0);
		ev->kind = SESSION_EXISTS;
		return (1);
	case RESPONSE_BODY:
		return (on_body(s, r, ev));
	case RESPONSE_FETCH:
		return (on_fetch(s, r, ev));
	default:
		return (0);
	}
}

/* The ranges of a SEARCH are handed out one by one. */
static int
next_range(struct session *s, struct session_event *ev)
{
	if (s->ranges == NULL)
		return (0);
	if (response_range(&s->ranges, &ev->lo, &ev->hi)) {
		ev->kind = SESSION_FOUND;
		return (1);
	}
	s->ranges = NULL;
	return (0);
}

/* Keep what is not parsed yet: the caller's octets are only lent. */
static int
hold_input(struct session *s)
{
	if (s->input_held) {
		buf_consume(&s->held, s->held.len - s->input_len);
	} else {
		buf_clear(&s->held);
		if (s->input_len > 0 &&
		    buf_put(&s->held, s->input, s->input_len) == -1)
			return (-1);
	}
	if (s->held.len == 0)
		buf_free(&s->held);
	s->input = s->held.data;
	s->input_held = 1;
	return (0);
}

int
session_next(struct session *s, struct session_event *ev)
{
	struct response r;
	int result;

	*ev = (struct session_event){ 0 };
	if (s->state == STATE_LOGIN && !s->login_told) {
		s->login_told = 1;
		ev->kind = SESSION_LOGIN;
		return (1);
	}
	while (s->state != STATE_FAILED && s->state != STATE_CLOSED) {
		if (next_range(s, ev))
			return (1);
		if (s->body_wait || s->input_len == 0)
			break;
		result = response_parse(
		    s->parser, &s->input, &s->input_len, &r, &s->fault);
		if (result == -1)
			session_fail(s);
		if (result != 1)
			continue;
		if (r.kind == RESPONSE_SEARCH) {
			s->ranges = s->ncommands > 0 &&
				s->commands[0].kind == COMMAND_SEARCH
			    ? r.text
			    : NULL;
		} else if (on_response(s, &r, ev)) {
			return (1);
		}
		if (s->state == STATE_LOGIN && !s->login_told)
			return (session_next(s, ev));
	}
	if (s->state == STATE_FAILED && !s->failure_told) {
		s->failure_told = 1;
		ev->kind = SESSION_FAILED;
		ev->fault = &s->fault;
		return (1);
	}
	if (s->state != STATE_FAILED && hold_input(s) == -1) {
		fault_set(&s->fault, FAULT_RETRY, "out of memory");
		session_fail(s);
		return (session_next(s, ev));
	}
	return (0);
}
