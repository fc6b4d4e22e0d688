#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "bridge/imap/response.h"
#include "bridge/imap/response_private.h"

static char *
skip_spaces(char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return (s);
}

/* Cut the word at ${s} off at its space; the rest, spaces skipped. */
static char *
cut_word(char *s)
{
	while (*s != '\0' && *s != ' ')
		s++;
	if (*s != '\0')
		*s++ = '\0';
	return (skip_spaces(s));
}

static int
read_condition(const char *word, enum response_condition *condition)
{
	static const struct {
		const char *word;
		enum response_condition condition;
	} table[] = {
		{ "OK", RESPONSE_OK },
		{ "NO", RESPONSE_NO },
		{ "BAD", RESPONSE_BAD },
		{ "BYE", RESPONSE_BYE },
		{ "PREAUTH", RESPONSE_PREAUTH },
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcasecmp(word, table[i].word) == 0) {
			*condition = table[i].condition;
			return (1);
		}
	}
	return (0);
}

/* resp-text = ["[" resp-text-code "]" SP] text; either may be missing. */
static void
read_text(char *s, struct response *r)
{
	char *end;

	r->code = "";
	if (*s == '[' && (end = strchr(s, ']')) != NULL) {
		*end = '\0';
		r->code = s + 1;
		s = skip_spaces(end + 1);
	}
	r->text = s;
}

char *
response_read_quoted(char *s, const char **value, size_t *len)
{
	char *to, *start;

	start = to = ++s;
	while (*s != '\0' && *s != '"') {
		if (*s == '\\' && s[1] != '\0')
			s++;
		*to++ = *s++;
	}
	if (*s == '"')
		s++;
	*value = start;
	*len = (size_t)(to - start);
	*to = '\0';
	return (s);
}

/* The end of an item's name: "BODY[HEADER.FIELDS (A B)]<0>" is one name. */
static char *
name_end(char *s)
{
	while (*s != '\0' && strchr(" ()[", *s) == NULL)
		s++;
	if (*s == '[') {
		while (*s != '\0' && *s != ']')
			s++;
		while (*s != '\0' && strchr(" ()", *s) == NULL)
			s++;
	}
	return (s);
}

static char *
read_item(char *name, size_t len, char *s, struct response_fetch *fetch)
{
	enum response_section section;
	uint64_t origin;
	char *end;

	if ((end = response_read_fact(name, len, s, fetch)) != NULL)
		return (end);
	if (!response_read_section(name, len, &section, &origin))
		return (response_skip_value(s));
	if (*s !=
	    '"') /* "{n}" left by the framing; or NIL: as good as absent */
		return (response_skip_value(s));
	fetch->has_body = 1;
	fetch->section = section;
	fetch->origin = origin;
	s = response_read_quoted(s, &fetch->text, &fetch->text_len);
	fetch->body_size = fetch->text_len;
	return (s);
}

static void
read_fetch(char *s, struct response_fetch *fetch)
{
	char *name, *end, *next;

	s = skip_spaces(s);
	if (*s == '(')
		s++;
	for (;;) {
		name = skip_spaces(s);
		if (*name == '\0' || *name == ')')
			return;
		end = name_end(name);
		next = read_item(
		    name, (size_t)(end - name), skip_spaces(end), fetch);
		/* Rubbish that is neither name nor value must not hold us. */
		s = next > name ? next : name + 1;
	}
}

/* "* number WORD ..." */
static void
read_numbered(char *s, struct response *r)
{
	char *word, *rest;

	word = cut_word(s);
	rest = word;
	while (*rest != '\0' && *rest != ' ' && *rest != '(')
		rest++;
	if (strncasecmp(word, "FETCH", 5) == 0 && rest == word + 5) {
		r->kind = RESPONSE_FETCH;
		read_fetch(rest, &r->fetch);
	} else if (strncasecmp(word, "UIDFETCH", 8) == 0 && rest == word + 8) {
		r->kind = RESPONSE_FETCH; /* RFC 9586: the number is the UID */
		if (r->number <= UINT32_MAX)
			r->fetch.uid = (uint32_t)r->number;
		read_fetch(rest, &r->fetch);
	} else if (strcasecmp(word, "EXISTS") == 0) {
		r->kind = RESPONSE_EXISTS;
	} else if (strcasecmp(word, "EXPUNGE") == 0) {
		r->kind = RESPONSE_EXPUNGE;
	}
}

/* "* ESEARCH (TAG "x") UID MIN 1 MAX 9 ALL 1:5,9 COUNT 6" */
static void
read_esearch(char *s, struct response *r)
{
	char *word;

	r->kind = RESPONSE_SEARCH;
	r->text = "";
	s = skip_spaces(s);
	if (*s == '(')
		s = response_skip_value(s);
	for (s = skip_spaces(s); *s != '\0';) {
		word = s;
		s = cut_word(s);
		if (strcasecmp(word, "ALL") == 0) {
			word = s;
			cut_word(word);
			r->text = word;
			return;
		}
	}
}

static void
read_untagged(char *s, struct response *r)
{
	char *rest;

	s = skip_spaces(s);
	if (isdigit((unsigned char)*s)) {
		if (response_read_number(s, &r->number))
			read_numbered(s, r);
		return;
	}
	rest = cut_word(s);
	if (read_condition(s, &r->condition)) {
		r->kind = RESPONSE_STATUS;
		read_text(rest, r);
	} else if (strcasecmp(s, "CAPABILITY") == 0) {
		r->kind = RESPONSE_CAPABILITY;
		r->text = rest;
	} else if (strcasecmp(s, "SEARCH") == 0) {
		r->kind = RESPONSE_SEARCH;
		rest[strcspn(rest, "(")] = '\0'; /* "(MODSEQ 7)" is no UID */
		r->text = rest;
	} else if (strcasecmp(s, "ESEARCH") == 0) {
		read_esearch(rest, r);
	} else if (strcasecmp(s, "LIST") == 0) {
		response_read_list(rest, r);
	} else if (strcasecmp(s, "STATUS") == 0) {
		response_read_counts(rest, r);
	} else if (strcasecmp(s, "ENABLED") == 0) {
		r->kind = RESPONSE_ENABLED;
		r->text = rest;
	} else if (strcasecmp(s, "ID") == 0) {
		r->kind = RESPONSE_ID;
		r->text = rest;
	} else if (strcasecmp(s, "VANISHED") == 0) {
		r->kind = RESPONSE_EXPUNGE;
	} else if (*s == '[') {
		/* A code without its OK: read it as one. */
		r->kind = RESPONSE_STATUS;
		r->condition = RESPONSE_OK;
		if (*rest != '\0')
			rest[-1] = ' ';
		read_text(s, r);
	}
}

void
response_read_line(char *line, size_t len, struct response *r)
{
	char *s;
	size_t i;

	*r =
	    (struct response){ .kind = RESPONSE_OTHER, .code = "", .text = "" };
	/* No octet of a line we read may be NUL; some servers pad with them. */
	for (i = 0; i < len; i++) {
		if (line[i] == '\0')
			line[i] = ' ';
	}
	s = skip_spaces(line);
	if (*s == '+') {
		r->kind = RESPONSE_CONTINUE;
		r->text = skip_spaces(s + 1);
	} else if (*s == '*') {
		read_untagged(s + 1, r);
	} else if (*s != '\0') {
		r->tag = s;
		s = cut_word(s);
		line = s;
		s = cut_word(s);
		if (read_condition(line, &r->condition)) {
			r->kind = RESPONSE_TAGGED;
			read_text(s, r);
		}
	}
}

uint32_t
response_read_uid(const char *line, size_t len)
{
	struct response r;
	char copy[512];

	if (len >= sizeof(copy))
		return (0);
	memcpy(copy, line, len);
	copy[len] = '\0';
	response_read_line(copy, len, &r);
	return (r.kind == RESPONSE_FETCH ? r.fetch.uid : 0);
}
