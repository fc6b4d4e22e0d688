/* The items of a FETCH response. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bridge/imap/date.h"
#include "bridge/imap/response.h"
#include "bridge/imap/response_private.h"
#include "bridge/limits.h"

static char *
skip_spaces(char *s)
{
	return (s + strspn(s, " \t"));
}

/* Never deeper than the stack of a counter. */
char *
response_skip_value(char *s)
{
	unsigned depth = 0;

	do {
		s = skip_spaces(s);
		if (*s == '"') {
			for (s++; *s != '\0' && *s != '"'; s++) {
				if (*s == '\\' && s[1] != '\0')
					s++;
			}
			if (*s == '"')
				s++;
		} else if (*s == '(') {
			depth++;
			s++;
		} else if (*s == ')') {
			if (depth == 0)
				return (s);
			depth--;
			s++;
		} else {
			while (*s != '\0' && strchr(" ()\"", *s) == NULL)
				s++;
		}
	} while (depth > 0 && depth <= LIMIT_IMAP_NESTING && *s != '\0');
	return (s);
}

static int
name_is(const char *name, size_t len, const char *want)
{
	return (strlen(want) == len && strncasecmp(name, want, len) == 0);
}

/* Does ${line}, up to ${end}, end in ${word}? */
static int
ends_in(const char *line, size_t end, const char *word)
{
	size_t n = strlen(word);

	return (end >= n && strncasecmp(line + end - n, word, n) == 0);
}

/* The place of the last ${c} before ${end}, or ${end} if there is none. */
static size_t
last_of(const char *line, size_t end, char c)
{
	size_t i;

	for (i = end; i > 0; i--) {
		if (line[i - 1] == c)
			return (i - 1);
	}
	return (end);
}

/* What stands between the brackets, in any case, blanks forgiven. */
static enum response_section
section_of(const char *text, size_t len)
{
	while (len > 0 && *text == ' ') {
		text++;
		len--;
	}
	while (len > 0 && text[len - 1] == ' ')
		len--;
	if (len == 0)
		return (RESPONSE_WHOLE);
	if (name_is(text, len, "HEADER"))
		return (RESPONSE_HEADER);
	if (name_is(text, len, "TEXT"))
		return (RESPONSE_TEXT);
	if (len > 14 && strncasecmp(text, "HEADER.FIELDS ", 14) == 0)
		return (RESPONSE_FIELDS);
	return (RESPONSE_PIECE);
}

int
response_read_section(const char *line, size_t end,
    enum response_section *section, uint64_t *origin)
{
	size_t open;

	*origin = 0;
	while (end > 0 && line[end - 1] == ' ')
		end--;
	/* "<0>", or "<0.1024>" as it was asked for. */
	if (end > 0 && line[end - 1] == '>' &&
	    (open = last_of(line, end, '<')) < end) {
		*origin = strtoull(line + open + 1, NULL, 10);
		end = open;
		while (end > 0 && line[end - 1] == ' ')
			end--;
	}
	if (end > 0 && line[end - 1] == ']' &&
	    (open = last_of(line, end, '[')) < end) {
		*section = section_of(line + open + 1, end - open - 2);
		if (*origin != 0)
			*section = *section == RESPONSE_WHOLE ? RESPONSE_REST
							      : RESPONSE_PIECE;
		/* "BODY", or "BODY.PEEK" as it was asked for. */
		if (!ends_in(line, open, "BODY") &&
		    !ends_in(line, open, "BODY.PEEK"))
			*section = RESPONSE_PIECE;
		return (1);
	}
	*section = *origin != 0 ? RESPONSE_PIECE : RESPONSE_WHOLE;
	if (ends_in(line, end, "RFC822"))
		return (1);
	*section = *origin != 0 ? RESPONSE_PIECE : RESPONSE_HEADER;
	if (ends_in(line, end, "RFC822.HEADER"))
		return (1);
	*section = *origin != 0 ? RESPONSE_PIECE : RESPONSE_TEXT;
	return (ends_in(line, end, "RFC822.TEXT"));
}

/* What stands in the parentheses at ${s}; what follows them in *rest.  NULL if
 * there are none. */
static char *
read_list(char *s, char **rest)
{
	*rest = response_skip_value(s);
	if (*s != '(' || *rest == s + 1 || (*rest)[-1] != ')')
		return (NULL);
	(*rest)[-1] = '\0';
	return (skip_spaces(s + 1));
}

/* "(M6d99ac3275bb4e)"; NIL, and "" is none. */
static char *
read_object_id(char *s, const char **id)
{
	char *rest, *value;

	if ((value = read_list(s, &rest)) != NULL) {
		value[strcspn(value, " ")] = '\0';
		*id = *value != '\0' ? value : NULL;
	}
	return (rest);
}

static char *
read_date(char *s, int *has, int64_t *seconds)
{
	const char *value;
	size_t len;

	if (*s != '"')
		return (response_skip_value(s));
	s = response_read_quoted(s, &value, &len);
	*has = imap_date_parse(value, seconds);
	return (s);
}

static char *
read_count(char *s, uint64_t *to)
{
	uint64_t n;

	if (response_read_number(s, &n))
		*to = n;
	return (response_skip_value(s));
}

/* Where the number of an item is kept, or NULL. */
static uint64_t *
number_item(const char *name, size_t len, struct response_fetch *fetch)
{
	if (name_is(name, len, "RFC822.SIZE"))
		return (&fetch->size);
	if (name_is(name, len, "X-GM-MSGID"))
		return (&fetch->gm_msgid);
	if (name_is(name, len, "X-GM-THRID"))
		return (&fetch->gm_thrid);
	return (NULL);
}

char *
response_read_fact(
    const char *name, size_t len, char *s, struct response_fetch *fetch)
{
	uint64_t n, *to;
	char *value, *end;

	if (name_is(name, len, "UID")) {
		if (response_read_number(s, &n) && n > 0 && n <= UINT32_MAX)
			fetch->uid = (uint32_t)n;
		return (response_skip_value(s));
	}
	if ((to = number_item(name, len, fetch)) != NULL)
		return (read_count(s, to));
	if (name_is(name, len, "FLAGS")) {
		if (*s != '(' || (end = strchr(s, ')')) == NULL)
			return (response_skip_value(s));
		*end = '\0';
		fetch->has_flags = 1;
		fetch->flags = skip_spaces(s + 1);
		return (end + 1);
	}
	if (name_is(name, len, "INTERNALDATE"))
		return (read_date(
		    s, &fetch->has_internaldate, &fetch->internaldate));
	if (name_is(name, len, "SAVEDATE"))
		return (read_date(s, &fetch->has_savedate, &fetch->savedate));
	if (name_is(name, len, "EMAILID"))
		return (read_object_id(s, &fetch->email_id));
	if (name_is(name, len, "THREADID"))
		return (read_object_id(s, &fetch->thread_id));
	if (name_is(name, len, "X-GM-LABELS")) {
		if ((value = read_list(s, &s)) != NULL)
			fetch->gm_labels = value;
		return (s);
	}
	return (NULL);
}
