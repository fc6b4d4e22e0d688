/* directory_cache.h - open folders of the directory sink, a bounded number of
 * them, each remembered as dirty until it was synced.  Blocks; one thread at a
 * time. */
#ifndef DIRECTORY_CACHE_H
#define DIRECTORY_CACHE_H

struct directory_cache;
struct fault;

/* An empty cache, or NULL if memory is out. */
struct directory_cache *directory_cache_new(void);

/* The descriptor of ${root}/${account}/${mailbox} (names as folders), made if
 * missing and durable in its parents.  The cache owns it; it stays open until
 * the next call.  -1 with ${f}. */
int directory_cache_get(struct directory_cache *, int root, const char *account,
    const char *mailbox, struct fault *f);

/* The folder got last was written to: it needs a sync. */
void directory_cache_dirty(struct directory_cache *);

/* Forget one folder, which somebody else removed; or all of them, unsynced. */
void directory_cache_drop(
    struct directory_cache *, const char *account, const char *mailbox);
void directory_cache_clear(struct directory_cache *);

/* Sync every dirty folder: by fsync, or, if they are many and ${syncfs_fd} is
 * not -1, by one syncfs of it.  0, or -1 with ${f}. */
int directory_cache_sync(
    struct directory_cache *, int syncfs_fd, struct fault *f);

/* Close all; directory_cache_free(NULL) has no effect. */
void directory_cache_free(struct directory_cache *);

#endif
