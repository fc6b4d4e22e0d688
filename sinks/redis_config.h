/* redis_config.h - the keys of a sink of type redis. */
#ifndef REDIS_CONFIG_H
#define REDIS_CONFIG_H

#include <stdint.h>

struct secret;
struct section;

struct redis_config {
	char *host; /* without brackets; NULL for a Unix socket */
	char *path; /* of the Unix socket, or NULL */
	uint16_t port;
	int tls;
	unsigned db;
	char *user; /* or NULL */
	struct secret *password;
	char *stream;
	char *checkpoint; /* the key, for exactly_once; else NULL */
	uint64_t maxlen;  /* 0: never trim */
	char *address;	  /* for messages: "redis://host:port/db" */
};

/* Read the section; mistakes are noted in it.  Fills in ${c} either way; the
 * caller gives it back with redis_config_clear(). */
void redis_config_read(struct redis_config *c, struct section *s);

void redis_config_clear(struct redis_config *c);

#endif
