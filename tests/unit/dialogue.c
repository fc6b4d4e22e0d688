#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/fault.h"
#include "bridge/message.h"
#include "dialogue.h"

static void
on_event(struct dialogue *d, const struct session_event *ev)
{
	struct session *s = d->session;

	switch (ev->kind) {
	case SESSION_LOGIN:
		if (d->token != NULL)
			session_login_token(s, d->user, d->token, d->now);
		else
			session_login(s, d->user, d->password, d->now);
		break;
	case SESSION_SELECTED:
		buf_printf(&d->story, "selected %llu %u %llu idle=%d\n",
		    (unsigned long long)ev->uidvalidity, ev->uidnext,
		    (unsigned long long)ev->exists, session_has_idle(s));
		session_search(s, "UID 5:*", d->now);
		break;
	case SESSION_FOUND:
		buf_printf(&d->story, "found %u:%u\n", ev->lo, ev->hi);
		break;
	case SESSION_SEARCHED:
		buf_puts(&d->story, "searched\n");
		session_fetch(s, "5:6", FETCH_WHOLE, 0, d->now);
		break;
	case SESSION_BODY:
		session_body(s, malloc(64), 64);
		break;
	case SESSION_MESSAGE:
		buf_printf(&d->story, "message %u (%s) %lld %zu/%llu\n",
		    ev->message->uid,
		    ev->message->flags != NULL ? ev->message->flags : "",
		    (long long)ev->message->internaldate, ev->message->raw_len,
		    (unsigned long long)ev->message->size);
		message_free(ev->message);
		break;
	case SESSION_FETCHED:
		buf_printf(&d->story, "fetched ok=%d\n", ev->ok);
		if (d->idle)
			session_idle(s, d->now);
		break;
	case SESSION_EXISTS:
		buf_puts(&d->story, "exists\n");
		session_idle_end(s, d->now);
		break;
	case SESSION_IDLING:
		buf_puts(&d->story, "idling\n");
		break;
	case SESSION_IDLE_DONE:
		buf_printf(&d->story, "idle done ok=%d\n", ev->ok);
		session_logout(s, d->now);
		break;
	case SESSION_NOOP_DONE:
		buf_puts(&d->story, "noop\n");
		break;
	case SESSION_ALERT:
		buf_printf(&d->story, "alert %s\n", ev->text);
		break;
	case SESSION_CLOSED:
		buf_puts(&d->story, "closed\n");
		break;
	case SESSION_FAILED:
		buf_printf(&d->story, "failed %d %s\n", ev->fault->kind,
		    ev->fault->text);
		break;
	default: /* of mailboxes: see test_mailboxes.c */
		break;
	}
}

void
dialogue_pump(struct dialogue *d)
{
	struct session_event ev;
	struct buf *out;

	while (session_next(d->session, &ev))
		on_event(d, &ev);
	out = session_output(d->session);
	buf_put(&d->sent, out->data, out->len);
	buf_clear(out);
}

/* The server's octets in pieces of ${step}.  Each piece is in memory of its
 * own, so that reading past what was lent shows. */
void
dialogue_serve(struct dialogue *d, const char *text, size_t step)
{
	size_t len = strlen(text), n;
	char *piece;

	while (len > 0) {
		n = len < step ? len : step;
		piece = malloc(n);
		memcpy(piece, text, n);
		session_feed(d->session, piece, n, d->now);
		dialogue_pump(d);
		free(piece);
		text += n;
		len -= n;
	}
}

void
dialogue_begin_as(struct dialogue *d, const char *mailbox, const char *greeting,
    const char *token)
{
	struct session_config config = { .mailbox = mailbox,
		.command_ms = 1000 };

	*d = (struct dialogue){
		.now = 5000, .user = "me", .password = "pw", .token = token
	};
	buf_init(&d->sent, 1 << 16);
	buf_init(&d->story, 1 << 16);
	buf_puts(&d->sent, "");
	buf_puts(&d->story, "");
	d->session = session_new(&config, d->now);
	session_feed(d->session, greeting, strlen(greeting), d->now);
	session_greeted(d->session, d->now);
	dialogue_pump(d);
}

void
dialogue_begin(struct dialogue *d, const char *mailbox, const char *greeting)
{
	dialogue_begin_as(d, mailbox, greeting, NULL);
}

void
dialogue_end(struct dialogue *d, const char *sent, const char *story)
{
	assert_string_equal(d->sent.data, sent);
	assert_string_equal(d->story.data, story);
	session_free(d->session);
	buf_free(&d->sent);
	buf_free(&d->story);
}
