/* redis_command.h - the commands that store events. */
#ifndef REDIS_COMMAND_H
#define REDIS_COMMAND_H

struct event;
struct redis_args;
struct redis_config;
struct redisAsyncContext;

/* A command that is put together.  What is added is borrowed until it is sent;
 * whether memory was out is told then. */
struct redis_args *redis_args_new(void);
void redis_args_add(struct redis_args *, const char *text);
void redis_args_number(struct redis_args *, unsigned long long);

/* The fields and values of the entry of ${ev}. */
void redis_args_event(struct redis_args *, const struct event *ev);

/* "XADD stream ... *", by the config. */
void redis_args_xadd(struct redis_args *, const struct redis_config *);

/* Give it to hiredis, which copies the bytes; ${fn} gets the reply with ${arg}.
 * Frees the args, which may be NULL.  0; or -1 if memory is out: then ${fn} is
 * not called, and the connection should be given up. */
int redis_args_send(struct redis_args *, struct redisAsyncContext *,
    void (*fn)(struct redisAsyncContext *, void *reply, void *arg), void *arg);

/* It is not sent after all. */
void redis_args_free(struct redis_args *);

#endif
