/* Message data, and the messages that it makes. */
#include <stdlib.h>
#include <string.h>

#include "bridge/imap/session_private.h"
#include "bridge/message.h"

/* The header that comes apart is kept by the session; it is small. */
static void
take_header_data(struct session *s, uint64_t size)
{
	char *buffer = NULL;

	if (size > LIMIT_FETCH_HEADER + (uint64_t)LIMIT_DISCARD) {
		fault_set(&s->fault, FAULT_RETRY,
		    "UID FETCH: a header of %llu octets",
		    (unsigned long long)size);
		session_fail(s);
		return;
	}
	/* Four octets more: see end_header(). */
	if (size <= LIMIT_FETCH_HEADER)
		buffer = malloc((size_t)size + 4);
	free(s->body);
	s->body = buffer;
	s->body_keep = buffer != NULL ? (size_t)size : 0;
	response_body(s->parser, buffer, s->body_keep);
}

static int
is_wanted(const struct session *s, const struct response_fetch *fetch)
{
	if (s->fetch.form == FETCH_REST)
		return (fetch->section == RESPONSE_WHOLE ||
		    (fetch->section == RESPONSE_REST && fetch->text == NULL &&
			fetch->origin == s->fetch.have &&
			(fetch->uid == 0 || fetch->uid == s->fetch.uid)));
	return (fetch->section != RESPONSE_PIECE &&
	    fetch->section == session_fetch_section(s));
}

int
session_message_body(
    struct session *s, const struct response *r, struct session_event *ev)
{
	size_t keep = r->number < LIMIT_LOOK ? (size_t)r->number : LIMIT_LOOK;
	char *field;

	if (s->ncommands == 0 || s->commands[0].kind != COMMAND_FETCH ||
	    !is_wanted(s, &r->fetch)) {
		s->body_size = s->body_from = 0;
		response_body(s->parser, NULL, 0); /* nobody asked */
		return (0);
	}
	if (r->fetch.section == RESPONSE_HEADER) {
		take_header_data(s, r->number);
		return (0);
	}
	if (r->fetch.section == RESPONSE_FIELDS) {
		/* Without memory there is no Message-ID to be seen. */
		field = malloc(keep + 1);
		session_body(s, field, field != NULL ? keep : 0);
		return (0);
	}
	s->body_wait = 1;
	s->body_from = 0;
	if (r->fetch.section == RESPONSE_REST)
		s->body_from = s->fetch.have;
	ev->kind = SESSION_BODY;
	ev->origin = s->body_from;
	ev->size = s->fetch.head_len + s->body_from + r->number;
	s->body_size = ev->size;
	ev->uid = session_fetch_is_single(s) ? s->fetch.uid : r->fetch.uid;
	return (1);
}

/* The body in one piece, wherever it came from; 0, or -1 if memory is out. */
static int
take_body(
    struct session *s, const struct response_fetch *fetch, struct message *m)
{
	size_t head = s->fetch.head_len;
	uint64_t part = s->fetch.part;

	m->size = head + fetch->body_size;
	if (fetch->section == RESPONSE_REST)
		m->size += s->body_from;
	if (fetch->text != NULL) {
		if ((m->raw = malloc(head + fetch->text_len + 1)) == NULL)
			return (-1);
		if (head > 0)
			memcpy(m->raw, s->fetch.head, head);
		memcpy(m->raw + head, fetch->text, fetch->text_len);
		m->raw_len = head + fetch->text_len;
	} else {
		m->raw = s->body;
		s->body = NULL;
		m->raw_len =
		    m->size < s->body_keep ? (size_t)m->size : s->body_keep;
	}
	/* The count of what came is the truth; only of what was cut off by our
	 * own wish, the server's word is all there is. */
	if (s->fetch.form == FETCH_PART && fetch->body_size == part)
		m->size = fetch->size >= part ? fetch->size : part + 1;
	else if (s->fetch.form == FETCH_START)
		m->incomplete = fetch->body_size == part;
	return (0);
}

/* A header ends in an empty line, which some servers leave out. */
static void
end_header(struct session *s)
{
	const char *head = s->fetch.head;
	size_t n = s->fetch.head_len;

	if ((n == 2 && memcmp(head, "\r\n", 2) == 0) ||
	    (n >= 2 && memcmp(head + n - 2, "\n\n", 2) == 0) ||
	    (n >= 3 && memcmp(head + n - 3, "\n\r\n", 3) == 0))
		return;
	if (n > 0 && head[n - 1] != '\n') {
		memcpy(s->fetch.head + n, "\r\n", 2);
		n += 2;
	}
	memcpy(s->fetch.head + n, "\r\n", 2);
	s->fetch.head_len = n + 2;
}

/* The header that came apart: the next command asks for the text. */
static void
take_header(struct session *s, const struct response_fetch *fetch)
{
	if (fetch->text != NULL) {
		if ((s->fetch.head = malloc(fetch->text_len + 4)) == NULL)
			return; /* as if it had not come */
		memcpy(s->fetch.head, fetch->text, fetch->text_len);
		s->fetch.head_len = fetch->text_len;
	} else if (s->body != NULL) {
		s->fetch.head = s->body;
		s->fetch.head_len = s->body_keep;
		s->body = NULL;
	} else {
		return;
	}
	end_header(s);
}

/* Is there message data in it that was asked for?  None is empty, but the text
 * of a mail that has only a header. */
static int
has_data(const struct session *s, const struct response_fetch *fetch)
{
	return (fetch->has_body && is_wanted(s, fetch) &&
	    (fetch->body_size > 0 || fetch->section == RESPONSE_TEXT) &&
	    (fetch->text != NULL || s->body != NULL));
}

/* The rest that came, is it the rest of what was there?  Servers are known that
 * make a message anew each time. */
static int
is_other(const struct session *s, const struct response_fetch *fetch)
{
	return (fetch->section == RESPONSE_REST &&
	    ((fetch->uid != 0 && fetch->uid != s->fetch.uid) ||
		fetch->body_size != s->fetch.part ||
		(s->fetch.told != 0 && fetch->size != 0 &&
		    fetch->size != s->fetch.told)));
}

/* Messages, and their sizes, are progress; the same ones for ever are not. */
static void
note_progress(struct session *s)
{
	s->talk = 0;
	if (s->brought++ < LIMIT_FETCH_UIDS && s->ncommands > 0) {
		s->piece = 0;
		s->deadline = s->now + s->config.command_ms;
	}
}

/* The answer to a look: a message without its body. */
static int
take_glance(struct session *s, const struct response_fetch *fetch,
    struct session_event *ev)
{
	struct message *m;

	if (!fetch->has_internaldate && fetch->size == 0)
		return (0); /* flags that changed */
	if ((m = message_new()) == NULL ||
	    (has_data(s, fetch) && take_body(s, fetch, m) == -1)) {
		message_free(m);
		return (-1);
	}
	m->uid = fetch->uid;
	m->uidvalidity = s->uidvalidity;
	m->has_internaldate = fetch->has_internaldate;
	m->internaldate = fetch->internaldate;
	m->size = fetch->size;
	note_progress(s);
	ev->kind = SESSION_GLANCE;
	ev->message = m;
	return (1);
}

/* A FETCH response without data: sizes, or what a message lacks yet. */
static int
take_facts(struct session *s, const struct response_fetch *fetch,
    struct session_event *ev)
{
	if (s->ncommands == 0 || s->commands[0].kind != COMMAND_FETCH)
		return (0); /* flags that changed */
	if ((s->fetch.form == FETCH_SIZES || s->fetch.form == FETCH_CHECK) &&
	    fetch->uid != 0 && fetch->size != 0) {
		note_progress(s);
		ev->kind = SESSION_SIZE;
		ev->uid = fetch->uid;
		ev->size = fetch->size;
		ev->dated = fetch->has_internaldate;
		ev->date = fetch->internaldate;
		return (1);
	}
	if (s->fetch.message != NULL && fetch->uid == s->fetch.uid &&
	    session_facts(s, fetch, s->fetch.message) == -1)
		return (-1);
	return (0);
}

static int
take_message(struct session *s, const struct response_fetch *fetch,
    struct session_event *ev)
{
	struct message *m;

	if ((m = message_new()) == NULL || take_body(s, fetch, m) == -1 ||
	    session_facts(s, fetch, m) == -1) {
		message_free(m);
		return (-1);
	}
	m->uid = fetch->uid;
	m->uidvalidity = s->uidvalidity;
	note_progress(s);
	if (session_fetch_is_single(s)) {
		session_fetch_took(s, m);
		return (0);
	}
	ev->kind = SESSION_MESSAGE;
	ev->message = m;
	return (1);
}

int
session_message_fetch(
    struct session *s, const struct response *r, struct session_event *ev)
{
	const struct response_fetch *fetch = &r->fetch;
	int other, result = 0;

	/* Of another message than the one that is asked for. */
	other = s->ncommands > 0 && s->commands[0].kind == COMMAND_FETCH &&
	    session_fetch_is_single(s) && fetch->uid != 0 &&
	    fetch->uid != s->fetch.uid;
	if (s->ncommands > 0 && s->commands[0].kind == COMMAND_FETCH &&
	    s->fetch.form == FETCH_LOOK) {
		result = take_glance(s, fetch, ev);
	} else if (!other && has_data(s, fetch)) {
		if (is_other(s, fetch))
			result = 0; /* as if it had not come */
		else if (fetch->section != RESPONSE_HEADER)
			result = take_message(s, fetch, ev);
		else if (s->fetch.head == NULL)
			take_header(s, fetch);
	} else if (!other) {
		result = take_facts(s, fetch, ev);
	}
	free(s->body);
	s->body = NULL;
	if (result != -1)
		return (result);
	fault_set(&s->fault, FAULT_RETRY, "UID FETCH: out of memory");
	session_fail(s);
	return (0);
}
