/* redis_link.h - one connection to Redis that is kept up: the question to the
 * sentinels who the master is, name resolution, connect, TLS, AUTH, SELECT,
 * PING, each with a deadline, and all of it again after a failure, with a
 * growing delay. */
#ifndef REDIS_LINK_H
#define REDIS_LINK_H

#include <stdint.h>
#include <uv.h>

#define REDIS_HOST_MAX 256

struct fault;
struct redisAsyncContext;
struct redis_config;
struct redis_link;

struct redis_link_events {
	void (*up)(void *arg); /* commands may be sent */
	/* Not connected, or not any more; every command without a reply was
	 * called back with NULL before, or is in this same turn of the loop.
	 * why->retry_ms tells when the next try is. */
	void (*down)(void *arg, const struct fault *why);
	void (*drained)(void *arg); /* all that was sent left the process */
};

/* Make a link that starts to connect in the next turn of the loop.  ${config}
 * and ${events} are borrowed for its life.  NULL if memory is out. */
struct redis_link *redis_link_new(uv_loop_t *, const struct redis_config *,
    const struct redis_link_events *, void *arg);

/* Where commands go while it is up; NULL while it is not. */
struct redisAsyncContext *redis_link_context(struct redis_link *);

/* Where it is connected to, or tries to be: "redis://host:port", for messages.
 */
const char *redis_link_address(const struct redis_link *);

/* Something was stored: the delay before a reconnect starts over. */
void redis_link_good(struct redis_link *);

/* Give this connection up for ${why} and make another. */
void redis_link_fail(struct redis_link *, const struct fault *why);

/* The same, and go to ${host} (NULL: the same one) and ${port} this time. */
void redis_link_move(struct redis_link *, const char *host, uint16_t port,
    const struct fault *why);

/* Disconnect.  ${closed} is called from the loop, and the link is freed; none
 * of its events is called any more. */
void redis_link_close(
    struct redis_link *, void (*closed)(void *arg), void *arg);

#endif
