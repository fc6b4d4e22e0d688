#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "bridge/imap/placeholder.h"

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

int
placeholder_is(const char *raw, size_t len)
{
	char text[PLACEHOLDER_MAX + 1];
	const char *body;

	if (raw == NULL || len == 0 || len > PLACEHOLDER_MAX)
		return (0);
	if ((body = memmem(raw, len, "\r\n\r\n", 4)) == NULL)
		return (0);
	squeeze(raw, (size_t)(body - raw), text);
	if (strcasestr(text, " From: Microsoft Exchange Server") == NULL &&
	    strcasestr(text, " From: \"Microsoft Exchange Server") == NULL &&
	    strncasecmp(text, "From: Microsoft Exchange Server", 31) != 0)
		return (0);
	if (strcasestr(text,
		" Subject: Retrieval using the IMAP4 protocol failed for the "
		"following message: ") == NULL)
		return (0);
	squeeze(body, len - (size_t)(body - raw), text);
	return (
	    strcasestr(text,
		"The server couldn't retrieve the following message") != NULL);
}
