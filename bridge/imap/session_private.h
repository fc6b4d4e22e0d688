/* session_private.h - what session.c (the dialogue), session_login.c (its
 * beginning) and the other session_*.c share. */
#ifndef SESSION_PRIVATE_H
#define SESSION_PRIVATE_H

#include "bridge/buf.h"
#include "bridge/fault.h"
#include "bridge/imap/response.h"
#include "bridge/imap/sasl.h"
#include "bridge/imap/session.h"
#include "bridge/imap/vendor.h"
#include "bridge/limits.h"

struct message;

enum session_state {
	STATE_GREETING,		/* waiting for session_greeted() */
	STATE_CAPABILITY,	/* asked before the login */
	STATE_LOGIN,		/* waiting for session_login() */
	STATE_AUTHENTICATING,	/* the mechanism runs */
	STATE_CAPABILITY_AGAIN, /* asked after it: it may differ */
	STATE_ENABLING,
	STATE_IDENTIFYING,
	STATE_READY, /* logged in, no mailbox is open */
	STATE_EXAMINING,
	STATE_SELECTED,
	STATE_CLOSED,
	STATE_FAILED
};

enum session_command {
	COMMAND_CAPABILITY,
	COMMAND_AUTHENTICATE,
	COMMAND_ENABLE,
	COMMAND_ID,
	COMMAND_LIST,
	COMMAND_STATUS,
	COMMAND_NOTIFY,
	COMMAND_UNSELECT,
	COMMAND_EXAMINE,
	COMMAND_SEARCH,
	COMMAND_FETCH,
	COMMAND_IDLE,
	COMMAND_NOOP,
	COMMAND_LOGOUT
};

/* The pipeline of STATUS and a LOGOUT, at most. */
#define SESSION_COMMANDS (LIMIT_STATUS_PIPELINE + 2)

/* The FETCH under way: some take several commands (session_fetch.c). */
struct session_fetch {
	enum fetch_form form;
	unsigned step;
	uint32_t uid;  /* where only one is asked for */
	uint64_t part; /* octets asked for */
	uint64_t have; /* FETCH_REST: octets before them */
	uint64_t told; /* and what RFC822.SIZE was, or 0 */
	char *head;    /* the header that came apart */
	size_t head_len;
	struct message *message;  /* complete but for its facts */
	struct session_event end; /* SESSION_FETCHED, after its message */
	int ended;
};

struct session {
	struct session_config config;
	char *mailbox;	/* as sent: quoted; or NULL */
	char *name;	/* the same in UTF-8, for errors */
	char *told;	/* the name in the last event */
	char delimiter; /* what LIST told, or 0 */
	int utf8;	/* names on the wire are UTF-8 */
	enum session_state state;
	struct response_parser *parser;
	struct buf out;
	struct buf held; /* input not yet parsed, while paused */
	const char *input;
	size_t input_len;
	int input_held; /* input points into held */
	uint64_t now;
	uint64_t deadline;
	int paused;

	/* Commands without their tagged answer, oldest first. */
	struct {
		unsigned tag;
		enum session_command kind;
	} commands[SESSION_COMMANDS];
	unsigned ncommands;
	unsigned last_tag;

	/* Login. */
	unsigned capabilities;
	const struct vendor *vendor;
	enum sasl_mechanism mechanism;
	int step;
	char *user, *secret; /* only while the mechanism runs */
	char refusal[200];   /* the server's error about the token, or "" */

	/* The mailbox. */
	uint64_t uidvalidity;
	uint64_t uidnext;
	uint64_t exists;

	struct session_fetch fetch;

	int not_sticky; /* UIDNOTSTICKY: they mean nothing next time */

	uint64_t talk;	  /* octets since something useful came */
	uint64_t piece;	  /* message data since the deadline was set */
	unsigned brought; /* messages of the oldest FETCH */
	int answered;	  /* the SEARCH under way had an answer */

	int idling;	    /* "+" came and DONE was not sent */
	int done_sent;	    /* DONE was */
	int body_wait;	    /* SESSION_BODY was told */
	uint64_t body_from; /* octets that are there already */
	uint64_t body_size; /* and in all */
	char *body;	    /* from session_body(), until its FETCH is whole */
	size_t body_keep;
	const char *ranges; /* the rest of a SEARCH, in the parser's memory */
	int login_told;
	int failure_told;
	struct fault fault;
};

/* The start of a command: its tag and a space; then its octets and the line
 * end are put into s->out by the caller.  Sets the deadline. */
void session_begin(struct session *, enum session_command kind);

/* Fail with the fault that is in s->fault. */
void session_fail(struct session *);

/* Put ${text} as a quoted string; 0, or -1 if it cannot be one. */
int session_put_quoted(struct buf *, const char *text);

/* Take one response (session_response.c): 1 if it makes an event. */
int session_response(
    struct session *, const struct response *, struct session_event *);

/* Message data and messages (session_message.c): 1 if they make an event. */
int session_message_body(
    struct session *, const struct response *, struct session_event *);
int session_message_fetch(
    struct session *, const struct response *, struct session_event *);

/* What a FETCH tells beside the body (session_facts.c).  0, or -1 if memory is
 * out. */
int session_facts(
    struct session *, const struct response_fetch *, struct message *);

/* The FETCH (session_fetch.c).  The section that its present command asks for;
 * the message of the present command; it is complete: 1 if it makes an event.
 */
enum response_section session_fetch_section(const struct session *);
int session_fetch_is_single(const struct session *);
void session_fetch_took(struct session *, struct message *);
int session_fetch_ended(struct session *, struct session_event *);
void session_fetch_clear(struct session *);

/* A name from the wire in UTF-8, malloc'ed; or NULL. */
char *session_name(const struct session *, const char *wire);

/* Mailboxes (session_mailbox.c): what LIST and STATUS tell; 1 if it makes an
 * event. */
int session_mailbox_listed(
    struct session *, const struct response *, struct session_event *);
int session_mailbox_counts(
    struct session *, const struct response *, struct session_event *);

/* EXAMINE has ended: the state follows; 1 if it makes an event. */
int session_mailbox_examined(
    struct session *, const struct response *, struct session_event *);

/* Steps of the beginning; each may change the state. */
void session_login_greeted(struct session *);
void session_login_continue(struct session *, const char *challenge);
void session_login_status(struct session *, const struct response *);
void session_login_vendor(struct session *, const char *text);
void session_login_tagged(
    struct session *, enum session_command kind, const struct response *);
void session_login_wipe(struct session *);

#endif
