/* verdict.h - what a server's refusal means: who must mend it, and how long to
 * wait (RFC 5530 response codes, and the texts of servers that send none). */
#ifndef VERDICT_H
#define VERDICT_H

struct fault;
struct response;

/* Fill in ${f} for a refused login tried with ${method} ("AUTHENTICATE PLAIN"):
 * FAULT_AUTH if the credentials are refused, FAULT_RETRY if the server only
 * cannot now.  The server's own words stay in the text. */
void verdict_login(
    const struct response *, const char *method, struct fault *f);

/* The same for a login with an access token; ${said} is the error that came
 * before the refusal (sasl_error()), or "". */
void verdict_token(const struct response *, const char *method,
    const char *said, struct fault *f);

/* The same for any other command ("EXAMINE INBOX"): FAULT_RETRY; but FAULT_AUTH
 * where Exchange tells by it that a login it accepted opens no mailbox. */
void verdict_command(
    const struct response *, const char *command, struct fault *f);

/* Does a refusal's text say that there are too many connections of this user?
 */
int verdict_is_limit(const char *text);

/* Does a refusal of EXAMINE say that there is no such mailbox? */
int verdict_is_missing(const char *text);

/* The milliseconds that a throttling text asks for ("Suggested Backoff Time:
 * 299910 milliseconds"), at most half an hour, and five seconds if it names no
 * time; 0 if the text is none. */
unsigned long verdict_backoff(const char *text);

#endif
