/* response.h - bytes from an IMAP server in, responses out.
 *
 * RFC 3501 section 7 and RFC 9051 section 7, read leniently: what real servers
 * send counts.  No I/O, no clock.  The parser may be fed any bytes, split
 * anywhere, and holds at most LIMIT_IMAP_LINE of them; message data never
 * passes through its buffer but goes where the caller says. */
#ifndef RESPONSE_H
#define RESPONSE_H

#include <stddef.h>
#include <stdint.h>

struct fault;
struct response_parser;

enum response_kind {
	RESPONSE_CONTINUE,   /* "+ text" */
	RESPONSE_TAGGED,     /* "tag OK|NO|BAD [code] text" */
	RESPONSE_STATUS,     /* "* OK|NO|BAD|BYE|PREAUTH [code] text" */
	RESPONSE_CAPABILITY, /* "* CAPABILITY text" */
	RESPONSE_EXISTS,     /* "* number EXISTS" */
	RESPONSE_EXPUNGE,    /* "* number EXPUNGE", "* VANISHED ..." */
	RESPONSE_SEARCH,     /* numbers in text: see response_range() */
	RESPONSE_BODY,	     /* message data of ${number} octets follows, of
			      * fetch.section; fetch.uid if it was told before
			      * them */
	RESPONSE_FETCH,	     /* "* number FETCH (...)", after its data */
	RESPONSE_LIST,	     /* "* LIST (flags) delimiter name": mailbox */
	RESPONSE_COUNTS,     /* "* STATUS name (...)": mailbox */
	RESPONSE_ENABLED,    /* "* ENABLED text" */
	RESPONSE_ID,	     /* "* ID text" */
	RESPONSE_OTHER	     /* anything else, to be ignored */
};

enum response_condition {
	RESPONSE_OK,
	RESPONSE_NO,
	RESPONSE_BAD,
	RESPONSE_BYE,
	RESPONSE_PREAUTH
};

/* What of a message its data is. */
enum response_section {
	RESPONSE_WHOLE,	 /* BODY[], RFC822 */
	RESPONSE_HEADER, /* BODY[HEADER], RFC822.HEADER */
	RESPONSE_TEXT,	 /* BODY[TEXT], RFC822.TEXT */
	RESPONSE_FIELDS, /* BODY[HEADER.FIELDS (...)] */
	RESPONSE_REST,	 /* BODY[]<n>: from octet n > 0 on */
	RESPONSE_PIECE	 /* some other piece: of no use */
};

/* What a FETCH told; absent items are 0 or NULL.  Strings are as on the wire.
 */
struct response_fetch {
	uint32_t uid;
	int has_flags;
	const char *flags; /* "\\Seen $Label", without parentheses */
	int has_internaldate;
	int64_t internaldate; /* seconds since 1970 */
	int has_body;	      /* a section came, as data or as text */
	enum response_section section;
	uint64_t origin;    /* RESPONSE_REST: its first octet */
	uint64_t body_size; /* octets announced by the literal */
	uint64_t size;	    /* RFC822.SIZE: what the server believes */
	const char *text;   /* body sent as a quoted string, or NULL */
	size_t text_len;
	const char *email_id, *thread_id; /* RFC 8474 */
	int has_savedate;		  /* RFC 8514 */
	int64_t savedate;
	uint64_t gm_msgid, gm_thrid; /* Gmail's X-GM-... */
	const char *gm_labels;	     /* "\\Inbox \"a b\"", no parentheses */
};

/* What a LIST or a STATUS told of a mailbox; absent numbers are 0. */
struct response_mailbox {
	const char *name; /* as on the wire; "" if there was none */
	char delimiter;	  /* LIST; 0: NIL */
	int closed;	  /* LIST: \Noselect or \NonExistent */
	uint64_t uidvalidity, uidnext, messages; /* STATUS */
};

/* One response.  Strings are NUL-ended and live until the next call. */
struct response {
	enum response_kind kind;
	enum response_condition condition;
	const char *tag;
	const char *code; /* "UIDNEXT 5", without brackets; "" if none */
	const char *text;
	uint64_t number;
	struct response_fetch fetch;
	struct response_mailbox mailbox;
};

/* A parser, or NULL if memory is out. */
struct response_parser *response_parser_new(void);
void response_parser_free(struct response_parser *);

/* Read from the ${len} bytes at ${data}, advancing both.
 * 1: a response stands in ${r}; call again, there may be more.
 * 0: all bytes are used up and no further response is whole.
 * -1: the server broke a maximum or the framing; ${f} says how (FAULT_RETRY),
 *     and the parser can only be freed.
 * After RESPONSE_BODY, response_body() must be called before the next call. */
int response_parse(struct response_parser *, const char **data, size_t *len,
    struct response *r, struct fault *f);

/* Say where the data announced by RESPONSE_BODY goes: its first ${keep} octets
 * to ${to}, which must stay valid until the next RESPONSE_FETCH or the parser's
 * end; what is beyond is discarded.  ${keep} 0 discards all. */
void response_body(struct response_parser *, char *to, size_t keep);

/* Octets of message data still to come of the present literal, kept or not. */
uint64_t response_body_left(const struct response_parser *);

/* The next range in the text of a RESPONSE_SEARCH (or of any UID set).
 * 1 with *lo <= *hi; 0 at the end.  Advances ${text}; rubbish is skipped. */
int response_range(const char **text, uint32_t *lo, uint32_t *hi);

/* The number after ${name} in a response code ("UIDNEXT 5"); 1, or 0 if the
 * code is another one or holds no number below 2^64. */
int response_code_number(const char *code, const char *name, uint64_t *n);

/* Read "MESSAGELIMIT 1000 23221" (RFC 9738): 1 with how many messages a command
 * may touch and the lowest UID that was looked at (0 if not told); else 0. */
int response_code_limit(const char *code, uint32_t *limit, uint32_t *uid);

/* Is the code's first word ${name}, in any case? */
int response_code_is(const char *code, const char *name);

#endif
