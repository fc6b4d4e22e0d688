/* webhook_bench.h - a webhook sink with a server that answers as it is told. */
#ifndef WEBHOOK_BENCH_H
#define WEBHOOK_BENCH_H

#include "http_server.h"
#include "sink_contract.h"

struct bench {
	struct http_server *server;
	struct contract c;
};

/* With the keys ${more}, which begins with a comma; it is up. */
struct bench *bench_make(const char *more);
void bench_end(struct bench *);

/* Hand in one event, which the server answers with ${status} (and a header):
 * what becomes of it. */
enum contract_answer bench_answered(struct bench *, unsigned status,
    const char *name, const char *value, struct contract_event *e);

/* Wait for the answer to ${e}, which was taken. */
void bench_wait(struct bench *, struct contract_event *e);

/* Request ${i} has this header, or (NULL) has it not. */
void bench_assert_header(
    struct bench *, size_t i, const char *name, const char *value);

#endif
