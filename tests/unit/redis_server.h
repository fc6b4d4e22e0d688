/* redis_server.h - a real redis-server of one's own, for tests. */
#ifndef REDIS_SERVER_H
#define REDIS_SERVER_H

#include <sys/types.h>

struct redisContext;

struct redis_server {
	char folder[64];
	char socket[80];
	int port;
	pid_t pid; /* 0: not running */
	char options[512];
	struct redisContext *admin; /* the test's own connection */
};

/* Start one on a free port and on a socket in a temporary folder, durable
 * (appendfsync always), with more ${options} ("--requirepass x") or "". */
void redis_server_start(struct redis_server *, const char *options);

/* Kill it; start it again with what it had stored. */
void redis_server_kill(struct redis_server *);
void redis_server_again(struct redis_server *);

/* Kill it and remove its folder. */
void redis_server_end(struct redis_server *);

/* A port that nobody listens on. */
int redis_server_free_port(void);

/* A command of the test; its integer reply, or -1. */
long long redis_server_do(struct redis_server *, const char *fmt, ...);

#endif
