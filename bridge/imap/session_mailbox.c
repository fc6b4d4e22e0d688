/* Commands about mailboxes: EXAMINE, LIST, STATUS, NOTIFY, UNSELECT. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bridge/imap/capability.h"
#include "bridge/imap/mutf7.h"
#include "bridge/imap/session_private.h"
#include "bridge/imap/verdict.h"
#include "bridge/limits.h"

/* Put a name as a quoted string.  The server's own may hold octets that only
 * UTF-8 has; they go back as they came.  0, or -1 if it cannot be one. */
static int
put_wire(struct buf *b, const char *wire)
{
	const char *s;

	for (s = wire; *s != '\0'; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return (-1);
	}
	buf_putc(b, '"');
	for (s = wire; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			buf_putc(b, '\\');
		buf_putc(b, *s);
	}
	return (buf_putc(b, '"'));
}

/* The quoted name as this server wants it; malloc'ed, or NULL with ${f}. */
static char *
quote(struct session *s, const char *name, const char *wire, struct fault *f)
{
	char *encoded = NULL;
	struct buf b;

	buf_init(&b, 4 * LIMIT_MAILBOX_NAME);
	if (wire == NULL && s->utf8)
		wire = name;
	if (wire == NULL)
		wire = encoded = mutf7_encode(name);
	if (wire == NULL || put_wire(&b, wire) == -1) {
		buf_free(&b);
		fault_set(
		    f, FAULT_RETRY, "the mailbox name %s cannot be sent", name);
	}
	free(encoded);
	return (buf_take(&b));
}

/* Is it UTF-8 that a person can read?  mutf7_encode() takes nothing else. */
static int
is_name(const char *text)
{
	char *encoded;
	const char *s;

	for (s = text; *s != '\0'; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return (0);
	}
	encoded = mutf7_encode(text);
	free(encoded);
	return (encoded != NULL && s != text &&
	    (size_t)(s - text) <= LIMIT_MAILBOX_NAME);
}

/* What is no modified UTF-7 is taken as it stands: servers are known to send
 * UTF-8, or a bare "&". */
char *
session_name(const struct session *s, const char *wire)
{
	char *name = NULL;

	if (!s->utf8)
		name = mutf7_decode(wire);
	if (name == NULL)
		name = strdup(wire);
	if (name != NULL && !is_name(name)) {
		free(name);
		return (NULL);
	}
	if (name != NULL && strcasecmp(name, "INBOX") == 0)
		memcpy(name, "INBOX", 5);
	return (name);
}

int
session_select(struct session *s, const char *mailbox, const char *wire,
    uint64_t now, struct fault *f)
{
	char *quoted, *name;

	if ((quoted = quote(s, mailbox, wire, f)) == NULL)
		return (-1);
	if ((name = strdup(mailbox)) == NULL) {
		free(quoted);
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	}
	free(s->mailbox);
	free(s->name);
	s->mailbox = quoted;
	s->name = name;
	session_examine(s, now);
	return (0);
}

int
session_mailbox_examined(
    struct session *s, const struct response *r, struct session_event *ev)
{
	struct buf b;

	if (r->condition == RESPONSE_OK) {
		s->state = STATE_SELECTED;
		ev->kind = SESSION_SELECTED;
		ev->uidvalidity = s->not_sticky ? 0 : s->uidvalidity;
		ev->uidnext = (uint32_t)s->uidnext;
		ev->exists = s->exists;
		return (1);
	}
	buf_init(&b, 160);
	buf_puts(&b, s->vendor->select ? "SELECT " : "EXAMINE ");
	buf_puts(&b, s->name);
	verdict_command(r, b.data, &s->fault);
	buf_free(&b);
	if (s->config.mailbox != NULL) {
		session_fail(s);
		return (0);
	}
	s->state = STATE_READY; /* none is open, RFC 3501 section 6.3.1 */
	ev->kind = SESSION_REFUSED;
	ev->fault = &s->fault;
	return (1);
}

int
session_unselect(struct session *s, uint64_t now)
{
	if (s->state != STATE_SELECTED ||
	    !(s->capabilities & CAPABILITY_UNSELECT))
		return (0);
	s->now = now;
	session_begin(s, COMMAND_UNSELECT);
	buf_puts(&s->out, "UNSELECT\r\n");
	return (1);
}

int
session_list(
    struct session *s, const char *pattern, uint64_t now, struct fault *f)
{
	char *quoted;

	if ((quoted = quote(s, pattern, NULL, f)) == NULL)
		return (-1);
	s->now = now;
	session_begin(s, COMMAND_LIST);
	buf_printf(&s->out, "LIST \"\" %s\r\n", quoted);
	free(quoted);
	return (0);
}

int
session_mailbox_listed(
    struct session *s, const struct response *r, struct session_event *ev)
{
	free(s->told);
	s->told = NULL;
	if (s->state < STATE_READY)
		return (0);
	/* The answer to LIST "" "" has no name, and tells just this. */
	if (r->mailbox.delimiter != '\0')
		s->delimiter = r->mailbox.delimiter;
	if ((s->told = session_name(s, r->mailbox.name)) == NULL)
		return (0);
	ev->kind = SESSION_LISTED;
	ev->name = s->told;
	ev->wire = r->mailbox.name;
	ev->closed = r->mailbox.closed;
	return (1);
}

int
session_can_status(const struct session *s)
{
	unsigned i;

	if ((s->state != STATE_SELECTED && s->state != STATE_READY) ||
	    s->ncommands >= LIMIT_STATUS_PIPELINE)
		return (0);
	for (i = 0; i < s->ncommands; i++) {
		if (s->commands[i].kind != COMMAND_STATUS)
			return (0);
	}
	return (1);
}

int
session_status(struct session *s, const char *mailbox, const char *wire,
    uint64_t now, struct fault *f)
{
	char *quoted;

	if ((quoted = quote(s, mailbox, wire, f)) == NULL)
		return (-1);
	s->now = now;
	session_begin(s, COMMAND_STATUS);
	buf_printf(
	    &s->out, "STATUS %s (MESSAGES UIDNEXT UIDVALIDITY)\r\n", quoted);
	free(quoted);
	return (0);
}

int
session_mailbox_counts(
    struct session *s, const struct response *r, struct session_event *ev)
{
	free(s->told);
	s->told = NULL;
	if (s->state < STATE_READY ||
	    (s->told = session_name(s, r->mailbox.name)) == NULL)
		return (0);
	ev->kind = SESSION_STATUS;
	ev->name = s->told;
	ev->uidvalidity = r->mailbox.uidvalidity;
	ev->uidnext = (uint32_t)r->mailbox.uidnext;
	ev->exists = r->mailbox.messages;
	return (1);
}

void
session_notify(struct session *s, uint64_t now)
{
	s->now = now;
	session_begin(s, COMMAND_NOTIFY);
	buf_puts(&s->out,
	    "NOTIFY SET (personal (MailboxName MessageNew MessageExpunge))"
	    "\r\n");
}
