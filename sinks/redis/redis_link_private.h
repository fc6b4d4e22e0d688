/* redis_link_private.h - shared by redis_link.c (the life of a connection),
 * redis_target.c (which server it goes to) and redis_hello.c (what is said on a
 * new one). */
#ifndef REDIS_LINK_PRIVATE_H
#define REDIS_LINK_PRIVATE_H

#include <stdint.h>
#include <uv.h>

#include "bridge/fault.h"
#include "sinks/backoff.h"
#include "sinks/redis/redis_link.h"

enum link_state { LINK_WAITING, LINK_RESOLVING, LINK_CONNECTING, LINK_UP };

enum link_target {
	LINK_GIVEN,    /* what the url says */
	LINK_SENTINEL, /* one of the sentinels, to ask it for the master */
	LINK_MASTER,   /* the master that it named */
	LINK_MOVED     /* where a node of a cluster sent us */
};

struct redis_link {
	uv_loop_t *loop;
	const struct redis_config *config;
	const struct redis_link_events *events;
	void *arg;
	enum link_state state;
	enum link_target target;
	char host[REDIS_HOST_MAX]; /* of the target */
	uint16_t port;
	char address[REDIS_HOST_MAX + 64]; /* the same, for messages */
	char moved_host[REDIS_HOST_MAX];   /* "": nowhere */
	uint16_t moved_port;
	size_t sentinel, asked;		  /* the one to ask; how many were */
	char master_host[REDIS_HOST_MAX]; /* as they say; "": not yet */
	uint16_t master_port;
	struct fault why;	      /* what sentinels said */
	struct redisAsyncContext *ac; /* LINK_CONNECTING and LINK_UP */
	void *tls;		      /* of ac, see redis_tls.h; NULL: none */
	struct redis_resolve *resolve;
	struct addrinfo *addresses, *next;
	uv_timer_t timer; /* the next try, or the deadline of this one */
	uint64_t up_since;
	struct backoff backoff;
	void (*closed)(void *);
	void *closed_arg;
};

/* redis_hello.c: log in, and ask what is to be known first. */
void redis_hello(struct redis_link *);

/* ... and how that ended: commands may be sent; the target is of no use; the
 * sentinel that was asked says that the master is there. */
void redis_link_yes(struct redis_link *);
void redis_link_no(struct redis_link *, const struct fault *why);
void redis_link_master(struct redis_link *, const char *host, const char *port);

/* redis_target.c: begin a try. */
void redis_target_try(struct redis_link *);

/* redis_link.c: resolve the target's name and connect; give the connection up
 * without a word. */
void redis_link_resolve(struct redis_link *);
void redis_link_drop(struct redis_link *);

#endif
