/* checkpoint_store.h - a checkpoint store in the folder of the test, what is
 * written to it and what must be in it. */
#ifndef CHECKPOINT_STORE_H
#define CHECKPOINT_STORE_H

#include <stdint.h>

#include "bridge/fault.h"
#include "bridge/store/checkpoint.h"

#define STORE_DIR "state"
#define STORE_DB STORE_DIR "/checkpoint.db"

struct checkpoint_store *store_open(enum checkpoint_mode);

/* It must be refused with ${kind}, and the text must hold ${text}. */
void store_refused(
    enum checkpoint_mode, enum fault_kind kind, const char *text);

/* Change the closed store behind its module's back. */
void store_sql(const char *sql);

/* A mark, and the status that goes with it. */
void store_put(struct checkpoint_store *, const char *account,
    const char *mailbox, uint64_t uidvalidity, uint32_t uid);

/* The newest row of the mailbox must be this, as store_put() wrote it;
 * uidvalidity 0: there is none. */
void store_expect(struct checkpoint_store *, const char *account,
    const char *mailbox, uint64_t uidvalidity, uint32_t uid);

#endif
