/* Which server a link goes to: the one of the url, the master that a sentinel
 * names, or where a node of a cluster sends us. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/fault.h"
#include "sinks/redis/redis_config.h"
#include "sinks/redis/redis_link_private.h"

/* Where to go in this try. */
static void
aim(struct redis_link *l, enum link_target target, const char *host,
    uint16_t port)
{
	l->target = target;
	(void)snprintf(l->host, sizeof(l->host), "%s", host);
	l->port = port;
	(void)snprintf(l->address, sizeof(l->address), "%s://%s:%u",
	    target == LINK_SENTINEL  ? "sentinel"
		: l->config->url.tls ? "rediss"
				     : "redis",
	    l->host, port);
}

static void
ask_sentinel(struct redis_link *l)
{
	const struct redis_sentinels *s = &l->config->sentinels;

	aim(l, LINK_SENTINEL, s->nodes[l->sentinel].host,
	    s->nodes[l->sentinel].port);
	redis_link_resolve(l);
}

/* One sentinel was asked: the next one, or what all of them together say. */
static void
asked(struct redis_link *l)
{
	const struct redis_sentinels *s = &l->config->sentinels;

	redis_link_drop(l);
	l->sentinel = (l->sentinel + 1) % s->nnodes;
	if (++l->asked < s->nnodes)
		ask_sentinel(l);
	else if (l->master_host[0] == '\0')
		redis_link_fail(l, &l->why);
	else {
		aim(l, LINK_MASTER, l->master_host, l->master_port);
		redis_link_resolve(l);
	}
}

void
redis_link_no(struct redis_link *l, const struct fault *why)
{
	if (l->target != LINK_SENTINEL) {
		redis_link_fail(l, why);
		return;
	}
	/* Of what sentinels say, the mistake that a person can mend is told. */
	if (l->why.kind != FAULT_CONFIG)
		l->why = *why;
	asked(l);
}

/* For some seconds after a failover not all of them know of it, and the old
 * master may be back, not knowing either. */
void
redis_link_master(struct redis_link *l, const char *host, const char *text)
{
	uint16_t port = (uint16_t)strtoul(text, NULL, 10);
	struct fault f;

	if (l->master_host[0] != '\0' &&
	    (strcmp(l->master_host, host) != 0 || l->master_port != port)) {
		fault_set(&f, FAULT_RETRY,
		    "%s: the sentinels do not agree (a failover is under way): "
		    "the master %s is at %s:%u, or at %s:%u",
		    l->address, l->config->sentinels.master, l->master_host,
		    l->master_port, host, port);
		redis_link_fail(l, &f);
		return;
	}
	(void)snprintf(l->master_host, sizeof(l->master_host), "%s", host);
	l->master_port = port;
	asked(l);
}

void
redis_link_move(struct redis_link *l, const char *host, uint16_t port,
    const struct fault *why)
{
	(void)snprintf(l->moved_host, sizeof(l->moved_host), "%s",
	    host != NULL ? host : l->host);
	l->moved_port = port;
	redis_link_fail(l, why);
}

/* A new try. */
void
redis_target_try(struct redis_link *l)
{
	const struct redis_url *u = &l->config->url;
	char host[REDIS_HOST_MAX];

	l->asked = 0;
	l->why.kind = FAULT_NONE;
	l->master_host[0] = '\0';
	if (l->moved_host[0] != '\0') {
		memcpy(host, l->moved_host, sizeof(host));
		l->moved_host[0] = '\0';
		aim(l, LINK_MOVED, host, l->moved_port);
		redis_link_resolve(l);
	} else if (l->config->sentinels.master != NULL)
		ask_sentinel(l);
	else {
		aim(l, LINK_GIVEN, u->host, u->port);
		redis_link_resolve(l);
	}
}
