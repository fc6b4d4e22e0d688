/* What a server tells of a message beside its body. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bridge/imap/response_private.h"
#include "bridge/imap/session_private.h"
#include "bridge/message.h"

/* A copy of the flags without \Recent, which tells of this session and not of
 * the message: one event must say the same whenever it is made. */
static char *
copy_flags(const char *flags)
{
	char *copy, *to;
	size_t n;

	if ((copy = to = strndup(flags, LIMIT_FLAGS)) == NULL)
		return (NULL);
	for (; (n = strcspn(flags, " ")) > 0; flags += n + (flags[n] == ' ')) {
		if (n == 7 && strncasecmp(flags, "\\Recent", 7) == 0)
			continue;
		if ((size_t)(to - copy) + n + 2 > LIMIT_FLAGS)
			break;
		if (to != copy)
			*to++ = ' ';
		memcpy(to, flags, n);
		to += n;
	}
	*to = '\0';
	return (copy);
}

/* An id of RFC 8474: letters, digits, "-" and "_".  What is none is left out.
 * 0, or -1 if memory is out. */
static int
copy_id(const char *id, char **to)
{
	size_t n = 0;

	if (id == NULL || *to != NULL)
		return (0);
	while (isalnum((unsigned char)id[n]) || id[n] == '-' || id[n] == '_')
		n++;
	if (n == 0 || n > LIMIT_OBJECT_ID || id[n] != '\0')
		return (0);
	return ((*to = strdup(id)) == NULL ? -1 : 0);
}

/* Gmail's labels: atoms and strings, in modified UTF-7 or UTF-8.  0, or -1 if
 * memory is out. */
static int
copy_labels(const struct session *s, const char *labels, char **to)
{
	char *copy, *rest, *end, *label;
	const char *word;
	struct buf b;
	size_t len;

	if ((copy = strdup(labels)) == NULL)
		return (-1);
	buf_init(&b, LIMIT_LABELS);
	for (rest = copy; *(rest += strspn(rest, " ")) != '\0';) {
		if (*rest == '"') {
			rest = response_read_quoted(rest, &word, &len);
		} else {
			word = rest;
			end = rest += strcspn(rest, " ");
			rest += *end != '\0';
			*end = '\0';
		}
		if ((label = session_name(s, word)) == NULL)
			continue;
		/* What does not fit is left out. */
		if (b.len + strlen(label) + 2 < LIMIT_LABELS)
			buf_printf(&b, "%s\n", label);
		free(label);
	}
	free(copy);
	if (!b.failed && b.len > 0)
		*to = buf_take(&b);
	buf_free(&b);
	return (0);
}

int
session_facts(
    struct session *s, const struct response_fetch *fetch, struct message *m)
{
	if (fetch->has_internaldate) {
		m->has_internaldate = 1;
		m->internaldate = fetch->internaldate;
	}
	if (fetch->has_savedate) {
		m->has_savedate = 1;
		m->savedate = fetch->savedate;
	}
	if (fetch->gm_msgid != 0)
		m->gm_msgid = fetch->gm_msgid;
	if (fetch->gm_thrid != 0)
		m->gm_thrid = fetch->gm_thrid;
	if (fetch->has_flags && m->flags == NULL &&
	    (m->flags = copy_flags(fetch->flags)) == NULL)
		return (-1);
	if (fetch->gm_labels != NULL && m->gm_labels == NULL &&
	    copy_labels(s, fetch->gm_labels, &m->gm_labels) == -1)
		return (-1);
	if (copy_id(fetch->email_id, &m->email_id) == -1)
		return (-1);
	return (copy_id(fetch->thread_id, &m->thread_id));
}
