/* redis_url.h - where a Redis is: "redis://USER@HOST:PORT/DB", "rediss://...",
 * or "unix:///PATH?db=DB". */
#ifndef REDIS_URL_H
#define REDIS_URL_H

#include <stdint.h>

struct section;

struct redis_url {
	char *host; /* without brackets; NULL for a Unix socket */
	char *path; /* of the Unix socket, or NULL */
	uint16_t port;
	int has_port; /* it was given */
	int tls;
	unsigned db;
	char *user;    /* or NULL */
	char *address; /* for messages: "redis://host:port" */
};

/* Read ${url}, the value of the section's key "url"; mistakes are noted there.
 * Into ${u}, which is all zero before; redis_url_clear() gives it back. */
void redis_url_read(struct redis_url *u, struct section *s, const char *url);

void redis_url_clear(struct redis_url *u);

#endif
