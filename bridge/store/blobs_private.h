/* blobs_private.h - what blobs.c and blobs_sweep.c share. */
#ifndef BLOBS_PRIVATE_H
#define BLOBS_PRIVATE_H

/* Wait for the lock of a folder (LOCK_SH, LOCK_EX) or let it go (LOCK_UN).  0,
 * or -1 with errno. */
int blobs_lock(int folder, int how);

#endif
