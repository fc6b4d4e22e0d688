/* redis_command.h - the commands that store an event. */
#ifndef REDIS_COMMAND_H
#define REDIS_COMMAND_H

struct event;
struct redisAsyncContext;
struct redis_config;
struct redis_once;

/* Give hiredis XADD (or EVALSHA of redis_once_script, whose SHA-1 is ${sha})
 * for ${ev}; ${fn} gets the reply with ${arg}.  The bytes are copied.  0; or -1
 * if memory is out: then ${fn} is not called, and the connection should be
 * given up. */
int redis_command_xadd(struct redisAsyncContext *, const struct redis_config *,
    const struct event *ev,
    void (*fn)(struct redisAsyncContext *, void *reply, void *arg), void *arg);
int redis_command_once(struct redisAsyncContext *, const struct redis_config *,
    struct redis_once *, const char *sha, const struct event *ev,
    void (*fn)(struct redisAsyncContext *, void *reply, void *arg), void *arg);

#endif
