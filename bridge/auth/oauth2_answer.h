/* oauth2_answer.h - reading what a token endpoint says (RFC 6749 section 5).
 * No I/O, no clock. */
#ifndef OAUTH2_ANSWER_H
#define OAUTH2_ANSWER_H

#include <stddef.h>

struct fault;
struct http_answer;

struct oauth2_answer {
	char *access_token;
	char *refresh_token; /* a new one, or NULL */
	unsigned long expires_seconds;
};

/* Where the endpoint does not say how long a token lives: most give an hour,
 * and one that ended earlier is refused and then replaced. */
#define OAUTH2_DEFAULT_SECONDS 3600

/* Read the answer.  0: ${a}, to be ended with oauth2_answer_clear().  -1 with
 * ${f}, what to do included: FAULT_AUTH where the client or what it shows is
 * refused, FAULT_CONFIG where this is no token endpoint, FAULT_RETRY (with
 * retry_ms) where it is throttled, broken, or answers rubbish. */
int oauth2_answer_read(
    const struct http_answer *, struct oauth2_answer *a, struct fault *f);

/* Wipe and free. */
void oauth2_answer_clear(struct oauth2_answer *);

/* Can ${token} be sent as it is: b64token's characters and a bit more, but no
 * space and no control character (RFC 6750 section 2.1)? */
int oauth2_answer_valid(const char *token);

#endif
