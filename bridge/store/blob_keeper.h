/* blob_keeper.h - the daemon's care for its blob store: several times a day,
 * and at the start, it renews the blobs of what is in flight, and removes those
 * older than the retention.  On the loop's thread; the work is a worker's. */
#ifndef BLOB_KEEPER_H
#define BLOB_KEEPER_H

#include <stddef.h>
#include <uv.h>

#include "bridge/envelope/hash.h"

struct blob_keeper;
struct fault;

/* The ids of blobs, to be collected. */
struct blob_ids {
	char (*items)[HASH_ID];
	size_t n, cap;
	int failed; /* memory is out: nothing may be removed */
};

void blob_ids_add(struct blob_ids *, const char *id);

/* Begin.  ${days} of retention are at least one; ${collect} adds the ids of
 * what is in flight.  NULL with ${f}. */
struct blob_keeper *blob_keeper_new(uv_loop_t *, const char *state,
    unsigned days, void (*collect)(void *arg, struct blob_ids *), void *arg,
    struct fault *f);

/* Free it when its work is done, and call ${closed}. */
void blob_keeper_close(
    struct blob_keeper *, void (*closed)(void *arg), void *arg);

#endif
