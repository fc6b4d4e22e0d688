#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>

#include "bridge/imap/capability.h"
#include "bridge/imap/session_private.h"
#include "bridge/imap/verdict.h"
#include "bridge/version.h"

static void
wipe(char **secret)
{
	if (*secret == NULL)
		return;
	OPENSSL_cleanse(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

void
session_login_wipe(struct session *s)
{
	wipe(&s->user);
	wipe(&s->secret);
}

static void
send_simple(struct session *s, enum session_command kind, const char *text)
{
	session_begin(s, kind);
	buf_puts(&s->out, text);
	buf_puts(&s->out, "\r\n");
}

void
session_login_greeted(struct session *s)
{
	if (s->capabilities == 0) {
		s->state = STATE_CAPABILITY;
		send_simple(s, COMMAND_CAPABILITY, "CAPABILITY");
	} else {
		s->state = STATE_LOGIN;
	}
}

void
session_login_status(struct session *s, const struct response *r)
{
	if (r->condition == RESPONSE_PREAUTH) {
		/* Who logged us in, and as whom?  A well-known attack. */
		fault_set(&s->fault, FAULT_RETRY,
		    "the server greets with PREAUTH, which is refused: it "
		    "would be read without a login");
		session_fail(s);
		return;
	}
	if (response_code_is(r->code, "CAPABILITY"))
		s->capabilities = capability_read(r->code + 10);
	session_login_vendor(s, r->text);
	session_login_vendor(s, r->code);
}

void
session_login_vendor(struct session *s, const char *text)
{
	const struct vendor *vendor = vendor_of(text);

	if (vendor != NULL)
		s->vendor = vendor;
}

/* Room for all that is to be said of the secret, at once: growing would leave
 * copies of it behind. */
static void
reserve(struct session *s)
{
	size_t len = strlen(s->user) * 3 + strlen(s->secret);

	(void)buf_reserve(&s->out, len * 2 + 256);
}

/* LOGIN takes strings: quoted where they can be, else literals, one "+" at a
 * time (RFC 3501 section 4.3). */
static void
put_login_string(struct session *s, const char *text)
{
	if (session_put_quoted(&s->out, text) == 0) {
		s->step += 2;
		return;
	}
	buf_printf(&s->out, "{%zu}", strlen(text));
	s->step++;
}

/* Steps: 0 the user, 1 the user's literal, 2 the password, 3 its literal. */
static void
login_command(struct session *s)
{
	if (s->step == 1) {
		buf_puts(&s->out, s->user);
		s->step++;
	} else if (s->step == 3) {
		buf_puts(&s->out, s->secret);
		s->step++;
	}
	if (s->step == 0) {
		put_login_string(s, s->user);
		if (s->step == 1)
			goto end;
	}
	if (s->step == 2) {
		buf_putc(&s->out, ' ');
		put_login_string(s, s->secret);
	}
end:
	buf_puts(&s->out, "\r\n");
}

static void
log_in(struct session *s, const char *user, const char *secret)
{
	s->user = strdup(user);
	s->secret = strdup(secret);
	if (s->user == NULL || s->secret == NULL) {
		fault_set(&s->fault, FAULT_RETRY, "login: out of memory");
		session_fail(s);
		return;
	}
	s->state = STATE_AUTHENTICATING;
	s->step = 0;
	reserve(s);
	session_begin(s, COMMAND_AUTHENTICATE);
	buf_puts(&s->out, sasl_name(s->mechanism));
	if (s->mechanism == SASL_LOGIN_COMMAND) {
		buf_putc(&s->out, ' ');
		login_command(s);
		return;
	}
	if (sasl_answers_first(s->mechanism) &&
	    (s->capabilities & CAPABILITY_SASL_IR)) {
		buf_putc(&s->out, ' ');
		sasl_answer(
		    s->mechanism, s->step++, s->user, s->secret, &s->out);
	}
	buf_puts(&s->out, "\r\n");
}

void
session_login(
    struct session *s, const char *user, const char *password, uint64_t now)
{
	if (s->state != STATE_LOGIN)
		return;
	s->now = now;
	s->mechanism = sasl_choose(s->capabilities);
	if (s->mechanism != SASL_NONE) {
		log_in(s, user, password);
		return;
	}
	fault_set(&s->fault, FAULT_AUTH,
	    "the server offers no login for a password here: "
	    "LOGINDISABLED and no AUTH=PLAIN (use tls: implicit or "
	    "tls: starttls, or another auth.method)");
	session_fail(s);
}

void
session_login_token(
    struct session *s, const char *user, const char *token, uint64_t now)
{
	if (s->state != STATE_LOGIN)
		return;
	s->now = now;
	s->mechanism = sasl_choose_token(s->capabilities);
	if (s->mechanism != SASL_NONE) {
		log_in(s, user, token);
		return;
	}
	fault_set(&s->fault, FAULT_AUTH,
	    "the server offers no login with a token: neither "
	    "AUTH=OAUTHBEARER nor AUTH=XOAUTH2 (use auth.method: password, "
	    "and tls: starttls where it is none)");
	session_fail(s);
}

void
session_login_continue(struct session *s, const char *challenge)
{
	reserve(s);
	if (s->mechanism == SASL_LOGIN_COMMAND) {
		if (s->step == 1 || s->step == 3)
			login_command(s);
		return;
	}
	if (s->step > 0)
		(void)sasl_error(challenge, s->refusal, sizeof(s->refusal));
	/* "*" cancels: the server asks for more than the mechanism has. */
	if (sasl_answer(s->mechanism, s->step++, s->user, s->secret, &s->out) ==
	    -1)
		buf_putc(&s->out, '*');
	buf_puts(&s->out, "\r\n");
}

/* The login is done: open the mailbox, if there is one. */
static void
prepared(struct session *s)
{
	s->state = STATE_READY;
	if (s->config.mailbox != NULL &&
	    session_select(s, s->config.mailbox, NULL, s->now, &s->fault) == -1)
		session_fail(s);
}

static void
identify(struct session *s)
{
	if (s->capabilities & CAPABILITY_ID) {
		/* NetEase refuses every SELECT without it, in this form. */
		s->state = STATE_IDENTIFYING;
		send_simple(s, COMMAND_ID,
		    "ID (\"name\" \"mailbridge\" \"version\" "
		    "\"" MAILBRIDGE_VERSION "\")");
	} else {
		prepared(s);
	}
}

static void
after_login(struct session *s)
{
	if (s->capabilities == 0) {
		s->state = STATE_CAPABILITY_AGAIN;
		send_simple(s, COMMAND_CAPABILITY, "CAPABILITY");
		return;
	}
	s->utf8 = (s->capabilities & CAPABILITY_UTF8_NAMES) != 0;
	if ((s->capabilities & CAPABILITY_UTF8) &&
	    (s->capabilities & CAPABILITY_ENABLE)) {
		/* Mail with UTF-8 in its header is else sent altered, or not
		 * at all (RFC 9755). */
		s->state = STATE_ENABLING;
		send_simple(s, COMMAND_ENABLE, "ENABLE UTF8=ACCEPT");
		return;
	}
	identify(s);
}

static void
authenticated(struct session *s, const struct response *r)
{
	session_login_wipe(s);
	if (r->condition != RESPONSE_OK) {
		if (s->mechanism == SASL_XOAUTH2 ||
		    s->mechanism == SASL_OAUTHBEARER)
			verdict_token(
			    r, sasl_name(s->mechanism), s->refusal, &s->fault);
		else
			verdict_login(r, sasl_name(s->mechanism), &s->fault);
		session_fail(s);
		return;
	}
	/* Capabilities from before the login say nothing about after it. */
	s->capabilities = response_code_is(r->code, "CAPABILITY")
	    ? capability_read(r->code + 10)
	    : 0;
	session_login_vendor(s, r->code);
	after_login(s);
}

void
session_login_tagged(
    struct session *s, enum session_command kind, const struct response *r)
{
	switch (kind) {
	case COMMAND_CAPABILITY:
		if (s->capabilities == 0)
			s->capabilities = CAPABILITY_IMAP4;
		if (s->state == STATE_CAPABILITY)
			s->state = STATE_LOGIN;
		else
			after_login(s);
		break;
	case COMMAND_AUTHENTICATE:
		authenticated(s, r);
		break;
	case COMMAND_ID:
		/* Its refusal means nothing. */
		prepared(s);
		break;
	case COMMAND_ENABLE:
		identify(s);
		break;
	default:
		break;
	}
}
