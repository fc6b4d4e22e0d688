/* durable.h - files that are whole or not there, also after a power cut. */
#ifndef DURABLE_H
#define DURABLE_H

#include <stddef.h>

struct fault;

/* Write ${len} octets to the file ${name} below the directory ${dirfd}; a '/'
 * in the name makes folders (0700) on the way.  Written beside, synced,
 * renamed, directory synced.  An existing file is replaced.  0, or -1 with ${f}
 * (FAULT_RETRY).  Blocks: for workers and commands. */
int durable_write(
    int dirfd, const char *name, const void *data, size_t len, struct fault *f);

/* Open the folder ${name} below ${dirfd}, made durably with those on the way.
 * Its descriptor, or -1 with ${f}. */
int durable_folder(int dirfd, const char *name, struct fault *f);

/* Be sure that what others have just made in the folder is durable; costs
 * nothing if that was long ago.  0, or -1 with errno. */
int durable_recent(int dirfd);

#endif
