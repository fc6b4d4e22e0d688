/* Which server a link goes to: the one of the url, the master that a sentinel
 * names, or where a node of a cluster sends us. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/fault.h"
#include "sinks/redis_config.h"
#include "sinks/redis_link_private.h"

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

void
redis_link_no(struct redis_link *l, const struct fault *why)
{
	const struct redis_sentinels *s = &l->config->sentinels;

	/* Of what sentinels say, the mistake that a person can mend is told. */
	if (l->target == LINK_SENTINEL && l->why.kind != FAULT_CONFIG)
		l->why = *why;
	if (l->target != LINK_SENTINEL || l->asked + 1 >= s->nnodes) {
		redis_link_fail(l, l->target == LINK_SENTINEL ? &l->why : why);
		return;
	}
	l->asked++;
	l->sentinel = (l->sentinel + 1) % s->nnodes;
	redis_link_drop(l);
	ask_sentinel(l);
}

void
redis_link_master(struct redis_link *l, const char *host, const char *port)
{
	redis_link_drop(l);
	aim(l, LINK_MASTER, host, (uint16_t)strtoul(port, NULL, 10));
	redis_link_resolve(l);
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
