/* oauth2_private.h - what oauth2.c (who gets which token when) and
 * oauth2_fetch.c (how one is got) share. */
#ifndef OAUTH2_PRIVATE_H
#define OAUTH2_PRIVATE_H

#include "bridge/auth/oauth2.h"
#include "bridge/fault.h"
#include "bridge/watch/ladder.h"

struct command;
struct http;
struct http_request;
struct oauth2_status;
struct oauth2_write;

/* A client's token; for a service account, that for one user. */
struct oauth2_entry {
	struct oauth2_entry *next;
	struct oauth2 *owner;
	const struct config_client *client;
	char *user; /* "" if the token is for all */

	char *text; /* NULL: none */
	uint64_t serial;
	/* CLOCK_BOOTTIME, so that a suspended machine is no surprise. */
	uint64_t issued, renew, expires;
	int64_t expires_at; /* wall clock, to be shown */

	/* The attempt under way, one of: */
	struct http_request *request;
	struct command *command;
	struct oauth2_write *write; /* of the refresh token that came with it */
	struct oauth2_waiter *waiters;

	struct ladder ladder; /* of failed attempts */
	uint64_t retry_at;
	struct fault fault;
	int64_t failed_at; /* wall clock; 0: never since the start */
};

/* What is known of a client beside its tokens. */
struct oauth2_client {
	int64_t certificate_until; /* 0: has none, or it cannot be read */
	uint64_t fetched, unavailable, refused, misconfigured;
};

struct oauth2 {
	uv_loop_t *loop;
	const struct config *config;
	struct http *http;
	uv_timer_t timer; /* looks for what expires, day by day */
	struct oauth2_entry *entries;
	struct oauth2_client *clients; /* as many as the config has */
	uint64_t last_serial;
	int daemon; /* the state directory is ours to write to */
	struct oauth2_status *status; /* on its way to the disk */
	int status_again;	      /* and no longer true */
	unsigned open;		      /* parts that are not closed yet */
	int closing;
	void (*closed)(void *arg);
	void *closed_arg;
};

/* Begin to get a token.  0: oauth2_fetched() or oauth2_failed() follow, from
 * the loop.  1: it is there already.  -1 with ${f}. */
int oauth2_fetch(struct oauth2_entry *, struct fault *f);

/* The token is there: it lives ${seconds}, 0 if that is unknown. */
int oauth2_keep(struct oauth2_entry *, const char *text, unsigned long seconds);
void oauth2_fetched(struct oauth2_entry *);
void oauth2_failed(struct oauth2_entry *, const struct fault *f);

/* Give up what is under way. */
void oauth2_abandon(struct oauth2_entry *);

struct oauth2_client *oauth2_client(
    struct oauth2 *, const struct config_client *);

/* Warn of what expires soon, now and every day. */
void oauth2_watch_expiry(struct oauth2 *);

/* Look when the client's certificate ends: it may have been replaced. */
void oauth2_certificate(struct oauth2 *, const struct config_client *);

/* Something that `mailbridge status` shows has changed. */
void oauth2_status(struct oauth2 *);

/* A part is closed. */
void oauth2_part_closed(void *arg);

#endif
