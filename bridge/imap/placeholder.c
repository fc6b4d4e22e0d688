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

/* Sender and subject. */
static int
header_fits(const char *head, size_t len)
{
	char text[PLACEHOLDER_MAX + 1];

	squeeze(head, len, text);
	if (strcasestr(text, " From: Microsoft Exchange Server") == NULL &&
	    strcasestr(text, " From: \"Microsoft Exchange Server") == NULL &&
	    strncasecmp(text, "From: Microsoft Exchange Server", 31) != 0)
		return (0);
	return (strcasestr(text,
		    " Subject: Retrieval using the IMAP4 protocol failed for "
		    "the following message: ") != NULL);
}

static int
body_fits(const char *body, size_t len)
{
	char text[PLACEHOLDER_MAX + 1];

	squeeze(body, len, text);
	return (
	    strcasestr(text,
		"The server couldn't retrieve the following message") != NULL);
}

int
placeholder_is(const struct message *m)
{
	const char *body;
	size_t head;
	int fits;

	if (m->raw == NULL || m->raw_len == 0 || m->raw_len > PLACEHOLDER_MAX)
		return (0);
	body = memmem(m->raw, m->raw_len, "\r\n\r\n", 4);
	if (body == NULL)
		return (0);
	head = (size_t)(body - m->raw);
	fits = header_fits(m->raw, head) + body_fits(body, m->raw_len - head);
	/* What came apart may have been sent at different times. */
	return (fits == 2 || (fits == 1 && (m->joined || m->incomplete)));
}
