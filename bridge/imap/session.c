#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/imap/mutf7.h"
#include "bridge/imap/session_private.h"
#include "bridge/limits.h"

#define OUT_MAX (LIMIT_SECRET * 4)
#define HELD_MAX (2 * LIMIT_READ_TURN)

static const char *const command_names[] = { "CAPABILITY", "login", "ENABLE",
	"ID", "LIST", "STATUS", "NOTIFY", "UNSELECT", "EXAMINE", "UID SEARCH",
	"UID FETCH", "IDLE", "NOOP", "LOGOUT" };

struct session *
session_new(const struct session_config *config, uint64_t now)
{
	struct session *s;
	char *name;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (NULL);
	s->config = *config;
	s->now = now;
	s->deadline = UINT64_MAX;
	s->vendor = &vendor_unknown;
	buf_init(&s->out, OUT_MAX);
	buf_init(&s->held, HELD_MAX);
	if ((s->parser = response_parser_new()) == NULL)
		goto fail;
	if (config->mailbox != NULL) {
		if ((name = mutf7_encode(config->mailbox)) == NULL)
			goto fail;
		free(name);
	}
	return (s);

fail:
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
	session_fetch_clear(s);
	free(s->body);
	free(s->mailbox);
	free(s->name);
	free(s->told);
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
	if (s->state == STATE_FAILED || session_deadline(s) > now)
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
	size_t head = s->fetch.head_len < keep ? s->fetch.head_len : keep;

	free(s->body);
	if (buffer == NULL)
		keep = head = 0;
	s->body = buffer;
	s->body_keep = keep;
	s->body_wait = 0;
	if (head > 0)
		memcpy(buffer, s->fetch.head, head);
	if (s->body_from > 0 && keep > 0)
		head = s->body_from < keep ? (size_t)s->body_from : keep;
	response_body(
	    s->parser, buffer != NULL ? buffer + head : NULL, keep - head);
}

char *
session_body_take(struct session *s, uint64_t *have)
{
	char *body = s->body;

	if (body == NULL || s->fetch.head != NULL ||
	    (s->fetch.form != FETCH_WHOLE && s->fetch.form != FETCH_REST) ||
	    response_body_left(s->parser) == 0 ||
	    response_body_left(s->parser) > s->body_size - s->body_from)
		return (NULL);
	s->body = NULL;
	*have = s->body_size - response_body_left(s->parser);
	response_body(s->parser, NULL, 0);
	return (body);
}

uint64_t
session_body_left(const struct session *s)
{
	return (response_body_left(s->parser));
}

/* The ranges of a SEARCH are handed out one by one. */
static int
next_range(struct session *s, struct session_event *ev)
{
	if (s->ranges == NULL)
		return (0);
	if (response_range(&s->ranges, &ev->lo, &ev->hi)) {
		ev->kind = SESSION_FOUND;
		if (s->exists == 0)
			s->exists = 1; /* nobody told, and yet */
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

void
session_keep(struct session *s)
{
	if (s->state == STATE_FAILED || hold_input(s) == 0)
		return;
	fault_set(&s->fault, FAULT_RETRY, "out of memory");
	session_fail(s);
}

/* The next response.  Octets that bring us nowhere are counted, and those of
 * messages keep a FETCH alive if they are not too few. */
static int
parse(struct session *s, struct response *r)
{
	uint64_t body = response_body_left(s->parser);
	size_t before = s->input_len;
	int result;

	result =
	    response_parse(s->parser, &s->input, &s->input_len, r, &s->fault);
	if (result == -1)
		return (-1);
	if (result == 0 || r->kind != RESPONSE_BODY)
		body -= response_body_left(s->parser);
	s->piece += body;
	s->talk += before - s->input_len - body;
	if (s->talk > LIMIT_IMAP_TALK)
		return (fault_set(&s->fault, FAULT_RETRY,
		    "%s: the server talks without end and says nothing",
		    s->ncommands > 0 ? command_names[s->commands[0].kind]
				     : "no command"));
	if (s->piece >= LIMIT_FETCH_PIECE && s->ncommands > 0 &&
	    s->commands[0].kind == COMMAND_FETCH) {
		s->piece = 0;
		s->deadline = s->now + s->config.command_ms;
	}
	return (result);
}

int
session_next(struct session *s, struct session_event *ev)
{
	struct response r;
	int result;

	*ev = (struct session_event){ 0 };
	if (s->fetch.ended) {
		s->fetch.ended = 0;
		*ev = s->fetch.end;
		return (1);
	}
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
		result = parse(s, &r);
		if (result == -1)
			session_fail(s);
		if (result != 1)
			continue;
		if (r.kind == RESPONSE_SEARCH) {
			s->ranges = NULL;
			if (s->ncommands > 0 &&
			    s->commands[0].kind == COMMAND_SEARCH) {
				s->ranges = r.text;
				s->answered = 1;
			}
		} else if (session_response(s, &r, ev)) {
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
	session_keep(s);
	return (s->state == STATE_FAILED && !s->failure_told
		? session_next(s, ev)
		: 0);
}
