/* sasl.h - the client's side of the SASL mechanisms we log in with. */
#ifndef SASL_H
#define SASL_H

struct buf;

enum sasl_mechanism {
	SASL_NONE,	   /* nothing the server offers can be used */
	SASL_PLAIN,	   /* RFC 4616 */
	SASL_LOGIN,	   /* draft-murchison-sasl-login: two prompts */
	SASL_LOGIN_COMMAND /* no SASL: IMAP's LOGIN, RFC 3501 section 6.2.3 */
};

/* The best way to log in with a password, by the capabilities (capability.h).
 */
enum sasl_mechanism sasl_choose(unsigned capabilities);

/* "AUTHENTICATE PLAIN" and so on, for commands and errors. */
const char *sasl_name(enum sasl_mechanism);

/* Append the base64 answer number ${step} (0, 1, ...) of the mechanism to
 * ${out}.  0, or -1 if there is no such step or memory is out. */
int sasl_answer(enum sasl_mechanism, int step, const char *user,
    const char *password, struct buf *out);

#endif
