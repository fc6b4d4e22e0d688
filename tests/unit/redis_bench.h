/* redis_bench.h - a redis-server, a sink on it, and what the stream holds. */
#ifndef REDIS_BENCH_H
#define REDIS_BENCH_H

#include "redis_server.h"
#include "sink_contract.h"

struct redis_bench {
	struct redis_server server;
	struct contract c;
	char config[512];
};

/* A server with more ${options}, a sink with ${more} in its section (", ..."),
 * and whether the host gives marks. */
struct redis_bench *redis_bench_make(
    const char *options, const char *more, int marks);

/* Close the sink; and open another one with a host of its own, as a process
 * does that is started again. */
void redis_bench_close(struct redis_bench *);
void redis_bench_open(struct redis_bench *, int marks);

void redis_bench_end(struct redis_bench *);

/* How often is the event in the stream "mail", with exactly its data? */
unsigned redis_bench_count(struct redis_server *, const struct event *ev);

/* Forget what was read of streams. */
void redis_bench_forget(void);

/* The text that a command of the test replies with, until the next call. */
const char *redis_bench_text(struct redis_server *, const char *fmt, ...);

#endif
