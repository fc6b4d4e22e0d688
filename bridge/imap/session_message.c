#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bridge/imap/session_private.h"
#include "bridge/message.h"

/* Does the FETCH under way ask for no bodies? */
static int
is_look(const struct session *s)
{
	return (s->ncommands > 0 && s->commands[0].kind == COMMAND_FETCH &&
	    s->commands[0].look);
}

int
session_message_body(
    struct session *s, const struct response *r, struct session_event *ev)
{
	size_t keep = r->number < LIMIT_LOOK ? (size_t)r->number : LIMIT_LOOK;

	if (s->ncommands == 0 || s->commands[0].kind != COMMAND_FETCH) {
		response_body(s->parser, NULL, 0); /* nobody asked */
		return (0);
	}
	if (is_look(s)) {
		/* Without memory there is no Message-ID to be seen. */
		char *field = malloc(keep + 1);

		session_body(s, field, field != NULL ? keep : 0);
		return (0);
	}
	s->body_wait = 1;
	ev->kind = SESSION_BODY;
	ev->size = r->number;
	ev->uid = r->fetch.uid;
	return (1);
}

/* The body in one piece, wherever it came from; 0, or -1 if memory is out. */
static int
take_body(
    struct session *s, const struct response_fetch *fetch, struct message *m)
{
	uint64_t part = s->ncommands > 0 ? s->commands[0].part : 0;

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
	/* The count of what came is the truth; only of what was cut off by our
	 * own wish, the server's word is all there is. */
	m->size = fetch->body_size;
	if (part != 0 && m->size == part && fetch->size > part)
		m->size = fetch->size;
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

/* Does the answer tell what was asked for?  Flags that changed come unasked,
 * and a body that is empty is kept back: no mail is. */
static int
tells(const struct session *s, const struct response_fetch *fetch)
{
	if (is_look(s))
		return (fetch->has_internaldate || fetch->size != 0);
	return (fetch->has_body && fetch->body_size != 0 &&
	    (fetch->text != NULL || s->body != NULL));
}

int
session_message_fetch(
    struct session *s, const struct response *r, struct session_event *ev)
{
	const struct response_fetch *fetch = &r->fetch;
	struct message *m;

	if (!tells(s, fetch)) {
		free(s->body);
		s->body = NULL;
		return (0);
	}
	if ((m = message_new()) == NULL)
		goto fail;
	if ((fetch->text != NULL || s->body != NULL) &&
	    take_body(s, fetch, m) == -1)
		goto fail;
	if (is_look(s))
		m->size = fetch->size;
	m->uid = fetch->uid;
	m->uidvalidity = s->uidvalidity;
	m->has_internaldate = fetch->has_internaldate;
	m->internaldate = fetch->internaldate;
	if (fetch->has_flags && (m->flags = copy_flags(fetch->flags)) == NULL)
		goto fail;
	/* A whole message is progress; the same ones for ever are not. */
	s->talk = 0;
	if (s->brought++ < LIMIT_FETCH_UIDS && s->ncommands > 0) {
		s->piece = 0;
		s->deadline = s->now + s->config.command_ms;
	}
	ev->kind = is_look(s) ? SESSION_GLANCE : SESSION_MESSAGE;
	ev->message = m;
	return (1);

fail:
	message_free(m);
	fault_set(&s->fault, FAULT_RETRY, "UID FETCH: out of memory");
	session_fail(s);
	return (0);
}
