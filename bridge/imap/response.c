#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bridge/buf.h"
#include "bridge/fault.h"
#include "bridge/imap/response.h"
#include "bridge/imap/response_private.h"
#include "bridge/limits.h"

/* A SEARCH line is handed out in pieces of about this many octets. */
#define SEARCH_PIECE 8192

#define SEARCH_START "* SEARCH"

/* The same of an ESEARCH, whose set follows ALL.  What is before it is short:
 * our tag, and numbers. */
#define ESEARCH_START "* ESEARCH"
#define ESEARCH_HEAD 200

enum parser_state {
	PARSER_LINE,	  /* collecting a line */
	PARSER_LITERAL,	  /* a small literal, collected into the line */
	PARSER_BODY_WAIT, /* RESPONSE_BODY told, response_body() not called */
	PARSER_BODY,	  /* message data goes to its place */
	PARSER_BROKEN
};

struct response_parser {
	enum parser_state state;
	struct buf line;
	size_t segment;	    /* where the present segment of the line starts */
	size_t piece;	    /* end of the SEARCH piece handed out, or 0 */
	size_t piece_start; /* and where its numbers begin */
	int handed;	    /* the whole line was handed out */
	int body_seen;	    /* this response had message data, of this */
	enum response_section section;
	uint64_t origin;
	uint64_t body_size;
	uint64_t left; /* octets of the literal still to come */
	char *to;
	size_t room;
};

struct response_parser *
response_parser_new(void)
{
	struct response_parser *p;

	if ((p = calloc(1, sizeof(*p))) != NULL)
		buf_init(&p->line, LIMIT_IMAP_LINE);
	return (p);
}

void
response_parser_free(struct response_parser *p)
{
	if (p == NULL)
		return;
	buf_free(&p->line);
	free(p);
}

void
response_body(struct response_parser *p, char *to, size_t keep)
{
	p->to = to;
	p->room = keep;
	p->state = PARSER_BODY;
}

uint64_t
response_body_left(const struct response_parser *p)
{
	return (p->state == PARSER_BODY || p->state == PARSER_BODY_WAIT
		? p->left
		: 0);
}

/* Does the line so far begin a response whose text is free, so that a "{5}" at
 * its end is no literal?  (RFC 9051, resp-text.) */
static int
is_free_text(const char *line)
{
	static const char *const words[] = { "OK", "NO", "BAD", "BYE",
		"PREAUTH" };
	size_t i, n;

	if (line[0] == '+')
		return (1);
	if (strncmp(line, "* ", 2) != 0)
		return (1); /* tagged */
	line += 2;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		n = strlen(words[i]);
		if (strncasecmp(line, words[i], n) == 0 &&
		    (line[n] == ' ' || line[n] == '\0'))
			return (1);
	}
	return (0);
}

/* If the line ends in "{n}", "{n+}" or "~{n}": where that starts, and n. */
static int
literal_at_end(const char *line, size_t len, size_t *start, uint64_t *size)
{
	uint64_t n = 0;
	size_t i, digits;

	if (len < 3 || line[len - 1] != '}')
		return (0);
	i = len - 1;
	if (line[i - 1] == '+' || line[i - 1] == '-')
		i--;
	digits = i;
	while (i > 0 && isdigit((unsigned char)line[i - 1]))
		i--;
	if (i == digits || i == 0)
		return (0);
	if (i > 1 && line[i - 1] == '-' && line[i - 2] == '{')
		*start = i - 2;
	else if (line[i - 1] == '{')
		*start = i - 1;
	else
		return (0);
	if (digits - i > 19 || *start != i - 1) {
		/* More than there is, or less than none: not to be taken. */
		*size = UINT64_MAX;
		return (1);
	}
	for (; i < digits; i++)
		n = n * 10 + (uint64_t)(line[i] - '0');
	if (*start > 0 && line[*start - 1] == '~')
		(*start)--;
	*size = n;
	return (1);
}

static int
is_fetch(const char *line)
{
	if (strncmp(line, "* ", 2) != 0)
		return (0);
	for (line += 2; isdigit((unsigned char)*line); line++)
		;
	return (strncasecmp(line, " FETCH ", 7) == 0 ||
	    strncasecmp(line, " FETCH(", 7) == 0 ||
	    strncasecmp(line, " UIDFETCH ", 10) == 0);
}

/* A segment of the line is whole (its line end removed).  1 if the response is
 * whole, 2 if message data follows, 0 if a small literal follows, -1. */
static int
segment_end(struct response_parser *p, struct fault *f)
{
	size_t start;
	uint64_t size;

	if (is_free_text(p->line.data) ||
	    !literal_at_end(p->line.data + p->segment, p->line.len - p->segment,
		&start, &size))
		return (1);
	start += p->segment;
	p->left = size;
	if (size <= INT64_MAX && is_fetch(p->line.data) &&
	    response_read_section(
		p->line.data, start, &p->section, &p->origin)) {
		/* "{n}" stays in the line as the item's value. */
		p->body_seen = 1;
		p->body_size = size;
		p->segment = p->line.len;
		p->state = PARSER_BODY_WAIT;
		return (2);
	}
	if (size > LIMIT_IMAP_SMALL_LITERAL)
		return (fault_set(f, FAULT_RETRY,
		    "the server sent a literal of %llu octets that is no "
		    "message data",
		    (unsigned long long)size));
	/* The literal goes on in the line as a quoted string. */
	p->line.len = start;
	if (buf_putc(&p->line, '"') == -1)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	p->state = PARSER_LITERAL;
	return (0);
}

static int
take_literal(
    struct response_parser *p, const char **data, size_t *len, struct fault *f)
{
	while (p->left > 0 && *len > 0) {
		if ((**data == '"' || **data == '\\') &&
		    buf_putc(&p->line, '\\') == -1)
			goto fail;
		if (**data != '\0' && buf_putc(&p->line, **data) == -1)
			goto fail;
		(*data)++;
		(*len)--;
		p->left--;
	}
	if (p->left > 0)
		return (0);
	if (buf_putc(&p->line, '"') == -1)
		goto fail;
	p->segment = p->line.len;
	p->state = PARSER_LINE;
	return (0);

fail:
	return (fault_set(f, FAULT_RETRY,
	    "the server sent a response longer than %u octets",
	    LIMIT_IMAP_LINE));
}

static void
take_body(struct response_parser *p, const char **data, size_t *len)
{
	size_t n, keep;

	n = *len < p->left ? *len : (size_t)p->left;
	keep = n < p->room ? n : p->room;
	if (keep > 0) {
		memcpy(p->to, *data, keep);
		p->to += keep;
		p->room -= keep;
	}
	*data += n;
	*len -= n;
	p->left -= n;
	if (p->left == 0)
		p->state = PARSER_LINE;
}

/* Where the numbers begin of a SEARCH or ESEARCH line, after a space; 0 if the
 * line is another one. */
static size_t
search_start(const char *line)
{
	const char *all;

	if (strncasecmp(line, SEARCH_START, sizeof(SEARCH_START) - 1) == 0)
		return (sizeof(SEARCH_START) - 1);
	if (strncasecmp(line, ESEARCH_START, sizeof(ESEARCH_START) - 1) != 0 ||
	    (all = strcasestr(line, " ALL ")) == NULL ||
	    all > line + ESEARCH_HEAD)
		return (0);
	return ((size_t)(all - line) + 4);
}

/* Hand out what is there of a long SEARCH line, up to its last space; of an
 * ESEARCH, up to the last comma of the set.  Other numbers may follow: "(MODSEQ
 * 7)" or "COUNT 5". */
static int
search_piece(struct response_parser *p, struct response *r)
{
	const char *line = p->line.data;
	size_t start, end;
	char comma;

	if (p->line.len < SEARCH_PIECE || (start = search_start(line)) == 0)
		return (0);
	comma = start > sizeof(SEARCH_START) - 1 ? ',' : ' ';
	end = start + 1;
	end += strcspn(line + end, comma == ',' ? " " : "(");
	while (end > start && line[end - 1] != comma)
		end--;
	if (end <= start + 1)
		return (0);
	*r = (struct response){ .kind = RESPONSE_SEARCH };
	p->line.data[end - 1] = '\0';
	r->text = p->line.data + start;
	p->piece = end;
	p->piece_start = start;
	return (1);
}

/* Forget what the last call handed out. */
static void
forget(struct response_parser *p)
{
	size_t start = p->piece_start;

	if (p->piece != 0) {
		/* Keep the start and the number that was cut off. */
		p->line.data[start] = ' ';
		memmove(p->line.data + start + 1, p->line.data + p->piece,
		    p->line.len - p->piece + 1);
		p->line.len -= p->piece - start - 1;
		p->piece = 0;
	} else if (p->handed) {
		/* Thousands of idle parsers: keep no large buffer. */
		if (p->line.cap > 1024)
			buf_free(&p->line);
		else
			buf_clear(&p->line);
		p->handed = 0;
	}
}

static int
take_line(struct response_parser *p, const char **data, size_t *len,
    struct response *r, struct fault *f)
{
	const char *lf;
	size_t n;

	lf = memchr(*data, '\n', *len);
	n = lf != NULL ? (size_t)(lf - *data) : *len;
	if (buf_put(&p->line, *data, n) == -1)
		return (fault_set(f, FAULT_RETRY,
		    "the server sent a line longer than %u octets",
		    LIMIT_IMAP_LINE));
	*data += n;
	*len -= n;
	if (lf == NULL)
		return (search_piece(p, r));
	(*data)++;
	(*len)--;
	while (
	    p->line.len > p->segment && p->line.data[p->line.len - 1] == '\r')
		p->line.data[--p->line.len] = '\0';
	switch (segment_end(p, f)) {
	case -1:
		return (-1);
	case 0:
		return (0);
	case 2:
		*r = (struct response){ .kind = RESPONSE_BODY,
			.number = p->body_size };
		r->fetch.section = p->section;
		r->fetch.origin = p->origin;
		r->fetch.uid = response_read_uid(p->line.data, p->line.len);
		return (1);
	}
	response_read_line(p->line.data, p->line.len, r);
	if (r->kind == RESPONSE_FETCH && p->body_seen) {
		r->fetch.has_body = 1;
		r->fetch.text = NULL; /* message data came beside it */
		r->fetch.text_len = 0;
		r->fetch.body_size = p->body_size;
		r->fetch.section = p->section;
		r->fetch.origin = p->origin;
	}
	p->body_seen = 0;
	p->segment = 0;
	p->handed = 1;
	return (1);
}

int
response_parse(struct response_parser *p, const char **data, size_t *len,
    struct response *r, struct fault *f)
{
	int found = 0;

	forget(p);
	while (found == 0 && *len > 0) {
		switch (p->state) {
		case PARSER_LINE:
			found = take_line(p, data, len, r, f);
			break;
		case PARSER_LITERAL:
			found = take_literal(p, data, len, f);
			break;
		case PARSER_BODY:
			take_body(p, data, len);
			break;
		case PARSER_BODY_WAIT:
		case PARSER_BROKEN:
			return (fault_set(
			    f, FAULT_BUG, "response_parse called out of turn"));
		}
		/* A literal of no octets at all is complete at once. */
		if (p->state == PARSER_LITERAL && p->left == 0)
			found = take_literal(p, data, len, f);
	}
	if (found == -1)
		p->state = PARSER_BROKEN;
	return (found);
}
