/* redis_config.h - the keys of a sink of type redis. */
#ifndef REDIS_CONFIG_H
#define REDIS_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "sinks/redis/redis_url.h"

struct secret;
struct section;

struct redis_node {
	char *host;
	uint16_t port;
};

/* Who knows the master. */
struct redis_sentinels {
	char *master; /* NULL: there are no sentinels */
	struct redis_node *nodes;
	size_t nnodes;
	char *user; /* or NULL */
	struct secret *password;
};

/* What must be so before an event counts as stored. */
struct redis_durability {
	unsigned replicas; /* so many have it */
	int fsync;	   /* master and replicas have it on their disks */
	unsigned timeout_ms;
};

struct redis_tls_config {
	char *ca;	   /* file; NULL: those of the system */
	char *certificate; /* file of our own one; NULL: none */
	struct secret *key;
	char *server_name; /* NULL: the host that we connect to */
};

struct redis_config {
	struct redis_url url;
	struct secret *password;
	struct redis_sentinels sentinels;
	struct redis_tls_config tls;
	char *stream;
	char *checkpoint; /* the key, for exactly_once; else NULL */
	uint64_t maxlen;  /* 0: never trim */
	struct redis_durability durability;
};

/* Read the section; mistakes are noted in it.  Fills in ${c} either way; the
 * caller gives it back with redis_config_clear(). */
void redis_config_read(struct redis_config *c, struct section *s);

void redis_config_clear(struct redis_config *c);

#endif
