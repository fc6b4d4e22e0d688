/* redis_tls.h - TLS for a connection of hiredis, where hiredis has that. */
#ifndef REDIS_TLS_H
#define REDIS_TLS_H

struct fault;
struct redisAsyncContext;
struct redis_tls_config;

/* Is it in this build? */
extern const int redis_tls_built;

/* Let a connection that was just begun to ${host} (a name or an address) speak
 * TLS 1.2 or later.  The server's certificate must be valid, and be for ${host}
 * or for the config's server_name.  Reads the files anew each time.  ${tls}
 * is the connection's and lives as long.  0; or -1 with ${f}. */
int redis_tls_start(struct redisAsyncContext *, const struct redis_tls_config *,
    const char *host, void **tls, struct fault *f);

/* That connection has ended: if it was for TLS say so in ${f}, where hiredis
 * knows no reason. */
void redis_tls_blame(void *tls, struct fault *f);

#endif
