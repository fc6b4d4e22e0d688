/* webhook_private.h - shared by webhook.c (events in), webhook_request.c (one
 * POST) and webhook_life.c (is the server there, and when to try again). */
#ifndef WEBHOOK_PRIVATE_H
#define WEBHOOK_PRIVATE_H

#include <sys/queue.h>

#include "bridge/curl_loop.h"
#include "bridge/fault.h"
#include "sinks/backoff.h"
#include "sinks/health.h"
#include "sinks/sink.h"
#include "sinks/webhook/webhook_config.h"
#include "sinks/webhook/webhook_secrets.h"

/* Octets of an answer's body that are kept to be shown. */
#define WEBHOOK_SHOWN 200

struct webhook;

/* An event that was taken. */
struct webhook_op {
	TAILQ_ENTRY(webhook_op) next; /* in waiting */
	struct event *ev;
	void *ticket;
	uint64_t lane; /* of its mailbox; two may share a number, rarely */
};

TAILQ_HEAD(webhook_ops, webhook_op);

/* One of max_in_flight. */
struct webhook_request {
	struct webhook *webhook;
	struct curl_transfer transfer;
	CURL *easy;
	struct curl_slist *headers;
	struct webhook_op *op;	       /* NULL: free */
	size_t body;		       /* octets of the answer's */
	char shown[WEBHOOK_SHOWN + 1]; /* ... and the first of them */
	char error[CURL_ERROR_SIZE];
};

enum webhook_phase {
	WEBHOOK_CONNECTING, /* is somebody there? */
	WEBHOOK_RESTING,    /* until the timer fires */
	WEBHOOK_LIVE
};

struct webhook {
	struct sink sink; /* first */
	struct webhook_config config;
	struct webhook_secrets secrets;
	struct curl_loop *loop;
	struct webhook_request *requests; /* config.in_flight of them */
	struct webhook_request probe;	  /* connects and sends nothing */
	struct webhook_ops waiting;	  /* taken, not sent */
	size_t nops, bytes;		  /* taken, not answered */
	size_t sent;			  /* of them under way */
	enum webhook_phase phase;
	int unreached;	  /* ... and then look whether somebody is there */
	int careful;	  /* after trouble: one request at a time */
	int starved;	  /* no memory for a request */
	int ending;	  /* of a close: the rest of its time runs */
	int hungry;	  /* submit() said full: ready() is due */
	uv_timer_t timer; /* the start; a rest; the end of a close */
	int nclosing;
	struct backoff backoff;
	struct health health;
	uint64_t troubled; /* a hash of the event that it answered badly last */
	void (*closed)(void *);
	void *closed_arg;
};

/* webhook.c: ${hash} with the octets of ${text}; 0 begins one. */
uint64_t webhook_hash(uint64_t hash, const char *text);

/* webhook.c: the answer to ${op}, which is freed. */
void webhook_settle(struct webhook *, struct webhook_op *op, enum sink_verdict,
    const struct fault *why);

/* webhook.c: answer RETRY to all that is not sent. */
void webhook_give_back(struct webhook *, const struct fault *why);

/* webhook.c: after anything that may have changed something: go on. */
void webhook_go_on(struct webhook *);

/* webhook.c: a step of a close: what is under way may come to its end, then
 * everything is answered and freed.  Not from inside the end of a transfer. */
void webhook_finish(struct webhook *);

/* webhook_request.c: make a handle; with ${probe} it only connects.  0, or -1
 * if memory is out. */
int webhook_request_init(struct webhook_request *, struct webhook *, int probe);
void webhook_request_free(struct webhook_request *);

/* webhook_request.c: begin, for ${op} (NULL for the probe).  What comes out is
 * told to webhook_life_*().  0, or -1 if memory is out. */
int webhook_request_start(struct webhook_request *, struct webhook_op *op);

/* webhook_headers.c: make ${r}->headers.  0, or -1 if memory is out. */
int webhook_headers(struct webhook_request *r, const struct event *);

/* webhook_life.c: the timer, started with 0 at the open. */
void webhook_life_timer(uv_timer_t *);

/* webhook_life.c: read the secrets anew, and end a rest.  0, or -1 with ${f}:
 * it goes on with the old ones. */
int webhook_life_reload(struct webhook *, struct fault *f);

/* webhook_life.c: the server was not reached, or did not answer.  ${f} gets the
 * sink's name and how long to wait. */
void webhook_life_unreached(struct webhook *, int person, struct fault *f);

/* webhook_life.c: it answered ${op}, and not well. */
void webhook_life_trouble(
    struct webhook *, const struct webhook_op *op, int slow, struct fault *f);

/* webhook_life.c: it is there; it took an event, or refused one. */
void webhook_life_connected(struct webhook *);
void webhook_life_good(struct webhook *);

#endif
