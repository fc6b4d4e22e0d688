/* oauth2.h - access tokens: fetched once for all who need one, kept, renewed
 * ahead of their end, and replaced when a server refuses them.
 *
 * There is one token for each client of the config (and, for a service account,
 * for each user).  All calls are on the loop's thread; no callback comes from
 * inside a call below. */
#ifndef OAUTH2_H
#define OAUTH2_H

#include <stdint.h>
#include <uv.h>

struct config;
struct config_client;
struct fault;
struct oauth2;
struct oauth2_entry;

struct oauth2_token {
	const char *text; /* borrowed for the call, or until the loop turns */
	uint64_t serial;  /* no two tokens of a process have the same; not 0 */
	int fresh;	  /* just made: to ask for another one is no use */
	/* Milliseconds until a session that logged in with it should be made
	 * anew, spread over its sessions; UINT64_MAX if its end is unknown. */
	uint64_t renew_ms;
	int64_t expires_at; /* wall clock, seconds; 0 if unknown */
};

/* One who waits for a token; embedded in its owner, zeroed before first use. */
struct oauth2_waiter {
	/* The token, or NULL with ${f}. */
	void (*done)(
	    void *arg, const struct oauth2_token *token, const struct fault *f);
	void *arg;
	uint64_t refused;
	struct oauth2_entry *entry; /* NULL: does not wait */
	struct oauth2_waiter *next;
};

/* For the clients of ${config}, whose rotated refresh tokens are kept in its
 * state directory; for the daemon, also what `mailbridge status` shows, and
 * warnings of what expires soon.  NULL with ${f}. */
struct oauth2 *oauth2_new(
    uv_loop_t *, const struct config *config, int daemon, struct fault *f);

/* A token of ${client} for ${user}, but not the one with the serial ${refused}
 * (0: none), which a server did not take.
 * 1: ${token}.  0: it is being fetched; ${waiter}->done will be called, unless
 * ${waiter} is NULL: then nobody waits, and nothing was begun.
 * -1: ${f}, with retry_ms where an attempt failed and the next is due later. */
int oauth2_get(struct oauth2 *, const struct config_client *client,
    const char *user, uint64_t refused, struct oauth2_waiter *waiter,
    struct oauth2_token *token, struct fault *f);

/* Wait no more; harmless for one that does not wait. */
void oauth2_cancel(struct oauth2_waiter *);

/* How a client does.  Times are seconds of the wall clock, 0: unknown, never.
 */
struct oauth2_facts {
	const char *client;
	int64_t token_until; /* of the token that ends first */
	int64_t certificate_until;
	int64_t secret_until; /* as the config says */
	int64_t failed_at;    /* of the last failure */
	const char *error;    /* its text, "" if none; borrowed */
	uint64_t fetched;     /* tokens */
	/* Attempts that failed: the endpoint did not answer or was busy, it
	 * refuses the client, we could not ask. */
	uint64_t unavailable, refused, misconfigured;
};

/* The facts of the config's client number ${i}. */
void oauth2_facts(const struct oauth2 *, size_t i, struct oauth2_facts *);

/* Forget failures: the next who asks is not told to wait. */
void oauth2_hurry(struct oauth2 *);

/* Nobody may wait any more.  Frees all; ${closed} from the loop, when a rotated
 * refresh token on its way to the disk has arrived. */
void oauth2_close(struct oauth2 *, void (*closed)(void *arg), void *arg);

#endif
