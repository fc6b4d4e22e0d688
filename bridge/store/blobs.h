/* blobs.h - the blob store: octets by their SHA-256, in files
 * "blobs/ab/sha256-ab..." below the state directory.
 *
 * A file's modification time is when it was last referred to, to within an
 * hour; what is older than the retention goes.  A blob that is there already is
 * not written again, so whoever takes it for granted must be sure that nobody
 * is about to remove it.  For that the folder "blobs/ab" is a lock (flock): who
 * stores holds it shared from the look at the file to the new time or the new
 * file; who removes holds it exclusively, and looks at the time again under it.
 * So either the store comes first and the time is new, or the removal does and
 * the file is written anew.  That holds between threads and between processes:
 * the daemon, replays, and `mailbridge blob gc`.
 *
 * What is in flight to a sink that is away may grow old: the daemon renews it
 * (blobs_keep) several times in the shortest retention, a day. */
#ifndef BLOBS_H
#define BLOBS_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "bridge/envelope/hash.h"

struct fault;

/* Is it "sha256-" and 64 lower-case hex digits? */
int blobs_valid(const char *id);

/* Have ${octets}, whose id is ${id}, durably in the store, and their time new.
 * A file of other content is replaced, with a warning in the log.  0, or -1
 * with ${f} (FAULT_RETRY).  Blocks. */
int blobs_put(
    int state_fd, const char *id, struct span octets, struct fault *f);

/* Renew the time of one that is there.  0, or -1 with ${f}: it is not.  Blocks.
 */
int blobs_keep(int state_fd, const char *id, struct fault *f);

/* Read one, and check it; *data is to be freed.  0; or -1 with ${f}:
 * FAULT_DATA if there is none or its content is not its own. */
int blobs_get(
    int state_fd, const char *id, char **data, size_t *len, struct fault *f);

struct blobs_swept {
	uint64_t kept, kept_bytes;
	uint64_t removed, removed_bytes;
};

/* Remove what was not referred to since ${before}, and what writers that died
 * left behind; ${dry}: only count.  Folders that cannot be read are told in
 * ${f}, with -1, after all others.  Blocks. */
int blobs_sweep(int state_fd, time_t before, int dry, struct blobs_swept *swept,
    struct fault *f);

#endif
