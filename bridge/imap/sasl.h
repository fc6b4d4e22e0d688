/* sasl.h - the client's side of the SASL mechanisms we log in with. */
#ifndef SASL_H
#define SASL_H

#include <stddef.h>

struct buf;

enum sasl_mechanism {
	SASL_NONE,	    /* nothing the server offers can be used */
	SASL_PLAIN,	    /* RFC 4616 */
	SASL_LOGIN,	    /* draft-murchison-sasl-login: two prompts */
	SASL_LOGIN_COMMAND, /* no SASL: IMAP's LOGIN, RFC 3501 section 6.2.3 */
	SASL_XOAUTH2,	    /* Google's and Microsoft's, before the RFC */
	SASL_OAUTHBEARER    /* RFC 7628 */
};

/* The best way to log in with a password, by the capabilities (capability.h).
 */
enum sasl_mechanism sasl_choose(unsigned capabilities);

/* The best way to log in with an OAuth2 access token: OAUTHBEARER where it is
 * offered, else XOAUTH2; SASL_NONE if neither is. */
enum sasl_mechanism sasl_choose_token(unsigned capabilities);

/* Has the mechanism a first answer that can go with the command (RFC 4959)? */
int sasl_answers_first(enum sasl_mechanism);

/* "AUTHENTICATE PLAIN" and so on, for commands and errors. */
const char *sasl_name(enum sasl_mechanism);

/* Append the base64 answer number ${step} (0, 1, ...) of the mechanism to
 * ${out}; ${secret} is the password or the access token.  The second answer of
 * the token mechanisms is to the server's error: an empty one for XOAUTH2, ^A
 * for OAUTHBEARER (RFC 7628 section 3.2.3); the server waits for it before it
 * says NO.  0, or -1 if there is no such step or memory is out. */
int sasl_answer(enum sasl_mechanism, int step, const char *user,
    const char *secret, struct buf *out);

/* The error that a server sends as a challenge after a token it does not like:
 * base64 of {"status": ..., "scope": ...} (RFC 7628 section 3.2.2), put as
 * "status 401, scope https://mail.google.com/" into ${text}.  1, or 0 with an
 * empty text if ${challenge} is no such thing. */
int sasl_error(const char *challenge, char *text, size_t size);

#endif
