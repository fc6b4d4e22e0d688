#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bridge/fault.h"
#include "bridge/imap/response.h"
#include "bridge/imap/verdict.h"

#define BACKOFF_MAX_MS (30UL * 60 * 1000)

/* Where a server only says: not so fast. */
#define BACKOFF_MS 5000

/* RFC 5530 section 3: the server's trouble, not the credentials'. */
static const char *const temporary_codes[] = { "UNAVAILABLE", "INUSE",
	"SERVERBUG", "LIMIT", "OVERQUOTA", "THROTTLED", "CORRUPTION" };

/* What servers write that send no code, or one that says nothing. */
static const char *const temporary_texts[] = { "too many",
	"maximum number of connections", "try again", "temporar", "throttl",
	"unavailable", "server busy", "exceeded", "internal error",
	"rate limit" };

static const char *
condition_name(enum response_condition condition)
{
	switch (condition) {
	case RESPONSE_OK:
		return ("OK");
	case RESPONSE_NO:
		return ("NO");
	case RESPONSE_BAD:
		return ("BAD");
	case RESPONSE_BYE:
		return ("BYE");
	case RESPONSE_PREAUTH:
		break;
	}
	return ("PREAUTH");
}

static int
contains_any(const char *text, const char *const *words, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcasestr(text, words[i]) != NULL)
			return (1);
	}
	return (0);
}

/* The milliseconds that are one of the unit at ${s}; 0 if there is none. */
static unsigned long
unit(const char *s)
{
	while (*s == ' ')
		s++;
	if (strncasecmp(s, "millisec", 8) == 0 || strncasecmp(s, "ms", 2) == 0)
		return (1);
	if (strncasecmp(s, "sec", 3) == 0)
		return (1000);
	return (strncasecmp(s, "min", 3) == 0 ? 60000 : 0);
}

/* The first number of ${text} that has a unit; 0 if there is none.  Times that
 * are fractions are how long the command took. */
static unsigned long
time_in(const char *text)
{
	unsigned long n, ms;
	const char *s;
	char *end;

	for (s = text; *s != '\0'; s = end) {
		end = (char *)s + 1;
		if (!isdigit((unsigned char)*s))
			continue;
		n = strtoul(s, &end, 10);
		ms = unit(end);
		if (ms == 0 || (s > text && s[-1] == '.'))
			continue;
		return (n > BACKOFF_MAX_MS / ms ? BACKOFF_MAX_MS : n * ms);
	}
	return (0);
}

unsigned long
verdict_backoff(const char *text)
{
	/* Microsoft, Amazon; Gmail; Yahoo; others. */
	static const char *const words[] = { "throttl", "backoff", "back off",
		"bandwidth limits", "rate limit", "too many requests",
		"try again in", "retry after" };
	unsigned long ms;

	if (!contains_any(text, words, sizeof(words) / sizeof(words[0])))
		return (0);
	ms = time_in(text);
	return (ms != 0 ? ms : BACKOFF_MS);
}

int
verdict_is_limit(const char *text)
{
	/* Dovecot; Gmail, Courier, Yahoo; Cyrus; Exchange. */
	static const char *const words[] = { "maximum number of connections",
		"too many simultaneous", "too many connections",
		"too many open connections", "connection limit",
		"too many concurrent" };

	return (contains_any(text, words, sizeof(words) / sizeof(words[0])));
}

int
verdict_is_missing(const char *text)
{
	static const char *const words[] = { "[NONEXISTENT]", "[TRYCREATE]",
		"doesn't exist", "does not exist", "no such mailbox",
		"mailbox not found", "unknown mailbox", "nonexistent mailbox",
		"no such folder", "unable to open this mailbox" };

	return (contains_any(text, words, sizeof(words) / sizeof(words[0])));
}

static int
is_temporary(const struct response *r)
{
	size_t i;

	if (r->condition == RESPONSE_BYE)
		return (1);
	for (i = 0; i < sizeof(temporary_codes) / sizeof(char *); i++) {
		if (response_code_is(r->code, temporary_codes[i]))
			return (1);
	}
	/* A code that names the credentials outweighs any text. */
	if (response_code_is(r->code, "AUTHENTICATIONFAILED") ||
	    response_code_is(r->code, "AUTHORIZATIONFAILED") ||
	    response_code_is(r->code, "EXPIRED"))
		return (0);
	for (i = 0; i < sizeof(temporary_texts) / sizeof(char *); i++) {
		if (strcasestr(r->text, temporary_texts[i]) != NULL)
			return (1);
	}
	return (0);
}

static void
describe(const struct response *r, const char *command, enum fault_kind kind,
    struct fault *f)
{
	const char *open = "", *close = "";

	if (r->code[0] != '\0') {
		open = " [";
		close = "]";
	}
	fault_set(f, kind, "%s: %s%s%s%s %s", command,
	    condition_name(r->condition), open, r->code, close, r->text);
	f->retry_ms = verdict_backoff(r->text);
}

/* Add what to do to the text; what does not fit is left out. */
static void
advise(struct fault *f, const char *text)
{
	size_t len = strlen(f->text);

	strncat(f->text, text, sizeof(f->text) - len - 1);
}

void
verdict_login(const struct response *r, const char *method, struct fault *f)
{
	if (is_temporary(r)) {
		describe(r, method, FAULT_RETRY, f);
		return;
	}
	describe(r, method, FAULT_AUTH, f);
	advise(f,
	    " (the server refuses user or password: check `user` and "
	    "`auth.password`)");
}

void
verdict_token(const struct response *r, const char *method, const char *said,
    struct fault *f)
{
	describe(r, method, is_temporary(r) ? FAULT_RETRY : FAULT_AUTH, f);
	if (said[0] != '\0') {
		advise(f, " [");
		advise(f, said);
		advise(f, "]");
	}
	if (f->kind == FAULT_AUTH)
		advise(f,
		    " (the server refuses the token: is it for this `user`, "
		    "with the scope for IMAP?  `mailbridge check` tells more)");
}

void
verdict_command(const struct response *r, const char *command, struct fault *f)
{
	describe(r, command, FAULT_RETRY, f);
	/* Exchange says OK to every good token, and then this to those that
	 * may not open the mailbox. */
	if (strcasestr(r->text, "authenticated but not connected") == NULL)
		return;
	f->kind = FAULT_AUTH;
	advise(f,
	    " (Exchange took the login and cannot open the mailbox: is IMAP "
	    "enabled for it, does the login have FullAccess to it, is `user` "
	    "its address?)");
}
