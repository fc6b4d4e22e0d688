/* exec_bench.h - an exec sink whose program is a shell script. */
#ifndef EXEC_BENCH_H
#define EXEC_BENCH_H

#include "sink_contract.h"

/* Open a sink on ${script}, in the folder that we are in, with the keys
 * ${more}, which begins with a comma. */
void exec_bench_open(struct contract *, const char *script, const char *more);

/* Hand in ${e} when there is room; wait for its answer. */
void exec_bench_submit(struct contract *, struct contract_event *e);
void exec_bench_wait(struct contract *, struct contract_event *e);

/* Both, with a new event: its answer. */
enum contract_answer exec_bench_answer(
    struct contract *, struct contract_event *e);

/* Close the sink, and all. */
void exec_bench_end(struct contract *);

#endif
