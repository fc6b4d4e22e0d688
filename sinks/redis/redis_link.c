#include <hiredis/hiredis.h>
#include <hiredis/async.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/fault.h"
#include "sinks/redis/redis_config.h"
#include "sinks/redis/redis_link_private.h"
#include "sinks/redis/redis_resolve.h"
#include "sinks/redis/redis_tls.h"
#include "sinks/redis/redis_uv.h"

/* To resolve; and then for each address, to connect and be let in. */
#define CONNECT_MS 10000

/* The same for one sentinel: there are others. */
#define SENTINEL_MS 2000

static void try_next(struct redis_link *, const struct fault *);
static void on_timer(uv_timer_t *);

static unsigned
patience(const struct redis_link *l)
{
	return (l->target == LINK_SENTINEL ? SENTINEL_MS : CONNECT_MS);
}

static void
set_timer(struct redis_link *l, uint64_t ms)
{
	uv_update_time(l->loop);
	uv_timer_start(&l->timer, on_timer, ms, 0);
}

/* hiredis calls back what is unanswered, with NULL; inside a callback of its
 * own it does so after that returned. */
static void
drop(struct redis_link *l)
{
	redisAsyncContext *ac = l->ac;

	l->ac = NULL;
	l->tls = NULL;
	if (ac != NULL)
		redisAsyncFree(ac);
}

static void
forget_addresses(struct redis_link *l)
{
	if (l->addresses != NULL)
		uv_freeaddrinfo(l->addresses);
	l->addresses = l->next = NULL;
}

void
redis_link_drop(struct redis_link *l)
{
	forget_addresses(l);
	drop(l);
}

void
redis_link_fail(struct redis_link *l, const struct fault *why)
{
	struct fault f = *why;

	/* One that held for long was good, even if it stored nothing. */
	if (l->state == LINK_UP &&
	    uv_now(l->loop) - l->up_since > BACKOFF_MAX_MS)
		backoff_reset(&l->backoff);
	f.retry_ms = f.kind == FAULT_CONFIG ? backoff_slow(&l->backoff)
					    : backoff_next(&l->backoff);
	l->state = LINK_WAITING;
	forget_addresses(l);
	set_timer(l, f.retry_ms);
	drop(l);
	l->events->down(l->arg, &f);
}

void
redis_link_yes(struct redis_link *l)
{
	l->state = LINK_UP;
	l->up_since = uv_now(l->loop);
	uv_timer_stop(&l->timer);
	forget_addresses(l);
	l->events->up(l->arg);
}

/* hiredis frees the connection after this. */
static void
gone(struct redis_link *l, const redisAsyncContext *ac, const char *what,
    struct fault *f)
{
	/* A connect that failed is told in the inner one alone. */
	fault_set(f, FAULT_RETRY, "%s",
	    ac->c.err != 0 ? ac->c.errstr : "closed by the server");
	if (l->tls != NULL)
		redis_tls_blame(l->tls, f);
	fault_prefix(f, "%s: %s", l->address, what);
	l->ac = NULL;
	l->tls = NULL;
}

static void
on_connect(const redisAsyncContext *ac, int status)
{
	struct redis_link *l = ac->data;
	struct fault f;

	if (ac != l->ac)
		return;
	if (status == REDIS_OK) {
		/* A peer that vanished shows even when nothing is sent. */
		if (l->config->url.path == NULL)
			(void)redisEnableKeepAlive(&l->ac->c);
		redis_hello(l);
		return;
	}
	gone(l, ac, "connect", &f);
	try_next(l, &f);
}

static void
end_of(struct redis_link *l, const struct fault *why)
{
	if (l->state == LINK_CONNECTING)
		redis_link_no(l, why);
	else
		redis_link_fail(l, why);
}

static void
on_disconnect(const redisAsyncContext *ac, int status)
{
	struct redis_link *l = ac->data;
	struct fault f;

	(void)status;
	if (ac != l->ac)
		return;
	gone(l, ac, "connection lost", &f);
	end_of(l, &f);
}

static void
on_drained(void *arg)
{
	struct redis_link *l = arg;

	if (l->state == LINK_UP)
		l->events->drained(l->arg);
}

static void
on_lost(void *arg)
{
	struct redis_link *l = arg;
	struct fault f;

	fault_set(&f, FAULT_RETRY, "%s: connection lost", l->address);
	end_of(l, &f);
}

/* Begin to connect; 0, or -1 with the reason if that failed at once. */
static int
begin(struct redis_link *l, redisAsyncContext *ac, struct fault *f)
{
	if (ac == NULL)
		return (
		    fault_set(f, FAULT_RETRY, "%s: out of memory", l->address));
	ac->data = l;
	if (ac->err != 0) {
		fault_set(
		    f, FAULT_RETRY, "%s: connect: %s", l->address, ac->errstr);
		goto fail;
	}
	if (l->config->url.tls &&
	    redis_tls_start(ac, &l->config->tls, l->host, &l->tls, f) == -1) {
		fault_prefix(f, "%s", l->address);
		goto fail;
	}
	if (redis_uv_attach(ac, l->loop, on_drained, on_lost, l) == -1) {
		fault_set(f, FAULT_RETRY, "%s: cannot be polled", l->address);
		goto fail;
	}
	l->ac = ac;
	(void)redisAsyncSetDisconnectCallback(ac, on_disconnect);
	(void)redisAsyncSetConnectCallback(ac, on_connect);
	return (0);

fail:
	l->tls = NULL;
	redisAsyncFree(ac);
	return (-1);
}

/* The next address, or the end of this try for the reason ${f} of the last. */
static void
try_next(struct redis_link *l, const struct fault *last)
{
	char host[NI_MAXHOST];
	struct addrinfo *ai;
	struct fault f = *last;

	while ((ai = l->next) != NULL) {
		l->next = ai->ai_next;
		if (getnameinfo(ai->ai_addr, ai->ai_addrlen, host, sizeof(host),
			NULL, 0, NI_NUMERICHOST) != 0)
			continue;
		l->state = LINK_CONNECTING;
		set_timer(l, patience(l));
		/* An address, so that hiredis resolves nothing. */
		if (begin(l, redisAsyncConnect(host, l->port), &f) == 0)
			return;
	}
	redis_link_no(l, &f);
}

static void
on_resolved(void *arg, struct addrinfo *addresses, const char *error)
{
	struct redis_link *l = arg;
	struct fault f;

	l->resolve = NULL;
	fault_set(&f, FAULT_RETRY, "%s: resolving %s: %s", l->address, l->host,
	    error);
	l->addresses = l->next = addresses;
	try_next(l, &f);
}

void
redis_link_resolve(struct redis_link *l)
{
	struct fault f;

	l->state = LINK_RESOLVING;
	set_timer(l, patience(l));
	l->resolve = redis_resolve_start(l->loop, l->host, on_resolved, l);
	if (l->resolve != NULL)
		return;
	fault_set(
	    &f, FAULT_RETRY, "%s: resolving %s failed", l->address, l->host);
	redis_link_no(l, &f);
}

static void
on_timer(uv_timer_t *timer)
{
	struct redis_link *l = timer->data;
	struct fault f;

	switch (l->state) {
	case LINK_WAITING:
		if (l->config->url.path == NULL) {
			redis_target_try(l);
			break;
		}
		l->state = LINK_CONNECTING;
		set_timer(l, patience(l));
		if (begin(l, redisAsyncConnectUnix(l->config->url.path), &f) ==
		    -1)
			redis_link_fail(l, &f);
		break;
	case LINK_RESOLVING:
		redis_resolve_abandon(l->resolve);
		l->resolve = NULL;
		fault_set(&f, FAULT_RETRY, "%s: no answer to resolving %s",
		    l->address, l->host);
		redis_link_no(l, &f);
		break;
	case LINK_CONNECTING:
		fault_set(&f, FAULT_RETRY, "%s: no answer within %u s",
		    l->address, patience(l) / 1000);
		drop(l);
		try_next(l, &f);
		break;
	case LINK_UP:
		break;
	}
}

struct redis_link *
redis_link_new(uv_loop_t *loop, const struct redis_config *config,
    const struct redis_link_events *events, void *arg)
{
	struct redis_link *l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return (NULL);
	l->loop = loop;
	l->config = config;
	l->events = events;
	l->arg = arg;
	l->state = LINK_WAITING;
	(void)snprintf(l->address, sizeof(l->address), "%s",
	    config->url.address != NULL ? config->url.address : "redis");
	uv_timer_init(loop, &l->timer);
	l->timer.data = l;
	uv_timer_start(&l->timer, on_timer, 0, 0);
	return (l);
}

redisAsyncContext *
redis_link_context(struct redis_link *l)
{
	if (l->state != LINK_UP || l->ac == NULL ||
	    (l->ac->c.flags & (REDIS_DISCONNECTING | REDIS_FREEING)) != 0)
		return (NULL);
	return (l->ac);
}

const char *
redis_link_address(const struct redis_link *l)
{
	return (l->address);
}

void
redis_link_good(struct redis_link *l)
{
	backoff_reset(&l->backoff);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	struct redis_link *l = handle->data;
	void (*closed)(void *) = l->closed;
	void *arg = l->closed_arg;

	free(l);
	closed(arg);
}

void
redis_link_close(struct redis_link *l, void (*closed)(void *), void *arg)
{
	l->closed = closed;
	l->closed_arg = arg;
	l->state = LINK_WAITING;
	redis_resolve_abandon(l->resolve);
	l->resolve = NULL;
	forget_addresses(l);
	drop(l);
	uv_close((uv_handle_t *)&l->timer, on_timer_closed);
}
