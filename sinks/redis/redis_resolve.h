/* redis_resolve.h - a host name to addresses, off the loop's thread.  The
 * system's resolver cannot be called back, only ignored: so the request may
 * outlive whoever asked. */
#ifndef REDIS_RESOLVE_H
#define REDIS_RESOLVE_H

#include <netdb.h>
#include <uv.h>

struct redis_resolve;

/* Ask for ${host}.  ${done} is called once from the loop with a list that is
 * the receiver's (uv_freeaddrinfo()), or with NULL; ${error} is the reason, or
 * "no address".  NULL: it could not be asked, and ${done} is not called. */
struct redis_resolve *redis_resolve_start(uv_loop_t *, const char *host,
    void (*done)(void *arg, struct addrinfo *, const char *error), void *arg);

/* Nobody waits for the answer any more: ${done} is not called.
 * redis_resolve_abandon(NULL) has no effect. */
void redis_resolve_abandon(struct redis_resolve *);

#endif
