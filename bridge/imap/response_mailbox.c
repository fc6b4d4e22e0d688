/* LIST (RFC 3501 section 7.2.2, RFC 5258) and STATUS (section 7.2.4). */
#include <string.h>
#include <strings.h>

#include "bridge/imap/response.h"
#include "bridge/imap/response_private.h"

static char *
skip_spaces(char *s)
{
	return (s + strspn(s, " \t"));
}

/* Is ${flag} in the list of ${len} octets at ${flags}? */
static int
has_flag(const char *flags, size_t len, const char *flag)
{
	size_t n, want = strlen(flag);

	while (len > 0) {
		for (n = 0; n < len && flags[n] != ' '; n++)
			continue;
		if (n == want && strncasecmp(flags, flag, n) == 0)
			return (1);
		if (n < len)
			n++;
		flags += n;
		len -= n;
	}
	return (0);
}

/* The name at ${s}: a string, or what stands there up to ${end}: names come
 * unquoted that should be, with brackets and blanks.  What follows it. */
static char *
read_name(char *s, char *end, struct response_mailbox *m)
{
	size_t len;

	if (*s == '"')
		return (response_read_quoted(s, &m->name, &len));
	m->name = s;
	if (*end != '\0')
		*end++ = '\0';
	return (end);
}

/* "(\HasNoChildren) "/" name", and what RFC 5258 adds after the name. */
void
response_read_list(char *s, struct response *r)
{
	struct response_mailbox *m = &r->mailbox;
	const char *delimiter;
	size_t len;
	char *end;

	m->name = "";
	if (*s != '(' || (end = strchr(s, ')')) == NULL)
		return;
	len = (size_t)(end - s - 1);
	m->closed = has_flag(s + 1, len, "\\Noselect") ||
	    has_flag(s + 1, len, "\\NonExistent");
	s = skip_spaces(end + 1);
	if (*s == '"') {
		s = response_read_quoted(s, &delimiter, &len);
		m->delimiter = len == 1 ? delimiter[0] : '\0';
	} else if (strncasecmp(s, "NIL", 3) == 0) {
		s += 3;
	} else {
		return;
	}
	s = skip_spaces(s);
	if ((end = strstr(s, " (")) == NULL)
		end = s + strlen(s);
	(void)read_name(s, end, m);
	r->kind = RESPONSE_LIST;
}

/* One "UIDNEXT 4" of a STATUS. */
static void
take_count(const char *name, size_t len, uint64_t n, struct response_mailbox *m)
{
	if (len == 8 && strncasecmp(name, "MESSAGES", len) == 0)
		m->messages = n;
	else if (len == 7 && strncasecmp(name, "UIDNEXT", len) == 0)
		m->uidnext = n;
	else if (len == 11 && strncasecmp(name, "UIDVALIDITY", len) == 0)
		m->uidvalidity = n;
}

/* "name (MESSAGES 3 UIDNEXT 4)", in any order, maybe with a space too much. */
void
response_read_counts(char *s, struct response *r)
{
	struct response_mailbox *m = &r->mailbox;
	const char *word;
	char *list, *end;
	uint64_t n;
	size_t len;

	m->name = "";
	if ((list = strrchr(s, '(')) == NULL || list == s)
		return;
	for (end = list; end > s && end[-1] == ' '; end--)
		continue;
	*list++ = '\0';
	(void)read_name(s, end, m);
	for (s = skip_spaces(list); *s != '\0' && *s != ')';
	     s = skip_spaces(s)) {
		word = s;
		len = strcspn(s, " )");
		s = skip_spaces(s + len);
		if (response_read_number(s, &n))
			take_count(word, len, n, m);
		s += strcspn(s, " )");
	}
	r->kind = RESPONSE_COUNTS;
}
