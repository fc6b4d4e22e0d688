#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "bridge/imap/placeholder.h"
#include "bridge/message.h"

/* They are short; nothing longer is looked at twice. */
#define PLACEHOLDER_MAX 8192

/* Copy ${len} octets, each run of blanks and line ends as one space, so that
 * folded lines compare.  ${to} has as much room. */
static void
squeeze(const char *raw, size_t len, char *to)
{
	size_t i;
	int blank = 0;

	for (i = 0; i < len; i++) {
		if (raw[i] == '\0' || isspace((unsigned char)raw[i])) {
			blank = 1;
			continue;
		}
		if (blank)
			*to++ = ' ';
		blank = 0;
		*to++ = raw[i];
	}
	*to = '\0';
}

/* Exchange cannot convert it; Courier had it, until another session expunged
 * it. */
static const struct kind {
	const char *from, *subject, *body;
} kinds[] = {
	{ "Microsoft Exchange Server",
	    "Retrieval using the IMAP4 protocol failed for the following "
	    "message: ",
	    "The server couldn't retrieve the following message" },
	{ "System Administrator <root@localhost>", "message unavailable",
	    "This message is no longer available on the server." },
};

/* Is there a field ${name} that begins with ${value}, quoted or not? */
static int
has_field(const char *head, const char *name, const char *value)
{
	const char *s, *start;

	for (s = head; (s = strcasestr(s, name)) != NULL; s++) {
		start = s + strlen(name);
		start += *start == '"';
		if ((s == head || s[-1] == ' ') &&
		    strncasecmp(start, value, strlen(value)) == 0)
			return (1);
	}
	return (0);
}

/* Sender and subject. */
static int
header_fits(const struct kind *k, const char *head, size_t len)
{
	char text[PLACEHOLDER_MAX + 1];

	squeeze(head, len, text);
	return (has_field(text, "From: ", k->from) &&
	    has_field(text, "Subject: ", k->subject));
}

static int
body_fits(const struct kind *k, const char *body, size_t len)
{
	char text[PLACEHOLDER_MAX + 1];

	squeeze(body, len, text);
	return (strcasestr(text, k->body) != NULL);
}

int
placeholder_is(const struct message *m)
{
	const char *body;
	size_t head, i;
	int fits;

	if (m->raw == NULL || m->raw_len == 0 || m->raw_len > PLACEHOLDER_MAX)
		return (0);
	body = memmem(m->raw, m->raw_len, "\r\n\r\n", 4);
	if (body == NULL)
		return (0);
	head = (size_t)(body - m->raw);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		fits = header_fits(&kinds[i], m->raw, head) +
		    body_fits(&kinds[i], body, m->raw_len - head);
		/* What came apart may have been sent at different times. */
		if (fits == 2 || (fits == 1 && (m->joined || m->incomplete)))
			return (1);
	}
	return (0);
}
