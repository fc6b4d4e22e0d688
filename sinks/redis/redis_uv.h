/* redis_uv.h - a hiredis connection on a libuv loop.  Unlike the adapter that
 * hiredis ships, it does not swallow poll errors, and it tells when all output
 * is written, so that little of it needs to wait inside hiredis. */
#ifndef REDIS_UV_H
#define REDIS_UV_H

#include <uv.h>

struct redisAsyncContext;

/* Join ${ac} to the loop.  ${drained} is called when everything that hiredis
 * held is written; ${lost} when the descriptor failed and hiredis noticed
 * nothing: the receiver should redisAsyncFree() it.  Neither is called after
 * the context was freed, which also ends and frees the adapter.  0, or -1. */
int redis_uv_attach(struct redisAsyncContext *ac, uv_loop_t *loop,
    void (*drained)(void *arg), void (*lost)(void *arg), void *arg);

#endif
