#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge/fault.h"
#include "sinks/directory/directory_cache.h"
#include "sinks/directory/directory_name.h"

/* Enough for the mailboxes of one batch, few beside the descriptors that the
 * connections need. */
#define CACHE_MAX 128

/* From here on one syncfs is cheaper than an fsync each. */
#define CACHE_SYNCFS_MIN 8

/* Readable by a group, which a setgid folder or the umask may use. */
#define FOLDER_MODE 0750

struct entry {
	int fd; /* -1: free */
	int dirty;
	uint64_t used; /* the time, in calls, of the last use */
	char account[DIRECTORY_NAME_MAX + 1];
	char mailbox[DIRECTORY_NAME_MAX + 1];
};

struct directory_cache {
	struct entry entries[CACHE_MAX];
	struct entry *last; /* got last */
	uint64_t clock;
};

struct directory_cache *
directory_cache_new(void)
{
	struct directory_cache *c;
	size_t i;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (NULL);
	for (i = 0; i < CACHE_MAX; i++)
		c->entries[i].fd = -1;
	return (c);
}

static struct entry *
find(struct directory_cache *c, const char *account, const char *mailbox)
{
	struct entry *e;
	size_t i;

	for (i = 0; i < CACHE_MAX; i++) {
		e = &c->entries[i];
		if (e->fd != -1 && strcmp(e->mailbox, mailbox) == 0 &&
		    strcmp(e->account, account) == 0)
			return (e);
	}
	return (NULL);
}

/* Open the folder ${name} in ${parent}, made if missing, and sync the parent:
 * even one that was there may owe its being there to an unsynced mkdir of a
 * process that died. */
static int
open_folder(int parent, const char *name, struct fault *f)
{
	const char *step = "mkdir";
	int fd = -1;

	if (mkdirat(parent, name, FOLDER_MODE) == -1 && errno != EEXIST)
		goto fail;
	step = "open folder";
	if ((fd = openat(parent, name,
		 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) == -1)
		goto fail;
	step = "fsync of the folder above";
	if (fsync(parent) == -1)
		goto fail;
	return (fd);

fail:
	fault_set(f, FAULT_RETRY, "%s: %s: %s", name, step, strerror(errno));
	if (fd != -1)
		close(fd);
	return (-1);
}

static int
sync_entry(struct entry *e, struct fault *f)
{
	if (e->dirty && fsync(e->fd) == -1)
		return (fault_set(f, FAULT_RETRY, "%s/%s: fsync: %s",
		    e->account, e->mailbox, strerror(errno)));
	e->dirty = 0;
	return (0);
}

static void
shut(struct entry *e)
{
	if (e->fd != -1)
		close(e->fd);
	e->fd = -1;
	e->dirty = 0;
}

/* A free entry: one never used, or the one used longest ago, synced. */
static struct entry *
evict(struct directory_cache *c, struct fault *f)
{
	struct entry *e = &c->entries[0];
	size_t i;

	for (i = 0; i < CACHE_MAX; i++) {
		if (c->entries[i].fd == -1)
			return (&c->entries[i]);
		if (c->entries[i].used < e->used)
			e = &c->entries[i];
	}
	if (sync_entry(e, f) == -1)
		return (NULL);
	shut(e);
	return (e);
}

int
directory_cache_get(struct directory_cache *c, int root, const char *account,
    const char *mailbox, struct fault *f)
{
	struct entry *e;
	int above;

	c->clock++;
	e = c->last;
	if (e == NULL || e->fd == -1 || strcmp(e->mailbox, mailbox) != 0 ||
	    strcmp(e->account, account) != 0)
		e = find(c, account, mailbox);
	if (e == NULL) {
		if ((e = evict(c, f)) == NULL)
			return (-1);
		if ((above = open_folder(root, account, f)) == -1)
			return (-1);
		e->fd = open_folder(above, mailbox, f);
		close(above);
		if (e->fd == -1)
			return (fault_prefix(f, "%s", account));
		(void)snprintf(e->account, sizeof(e->account), "%s", account);
		(void)snprintf(e->mailbox, sizeof(e->mailbox), "%s", mailbox);
	}
	e->used = c->clock;
	c->last = e;
	return (e->fd);
}

void
directory_cache_dirty(struct directory_cache *c)
{
	c->last->dirty = 1;
}

void
directory_cache_drop(
    struct directory_cache *c, const char *account, const char *mailbox)
{
	struct entry *e;

	if ((e = find(c, account, mailbox)) != NULL)
		shut(e);
}

void
directory_cache_clear(struct directory_cache *c)
{
	size_t i;

	for (i = 0; i < CACHE_MAX; i++)
		shut(&c->entries[i]);
}

int
directory_cache_sync(struct directory_cache *c, int syncfs_fd, struct fault *f)
{
	size_t i, ndirty = 0;

	for (i = 0; i < CACHE_MAX; i++)
		ndirty += c->entries[i].dirty != 0;
	if (syncfs_fd != -1 && ndirty >= CACHE_SYNCFS_MIN) {
		if (syncfs(syncfs_fd) == -1)
			return (fault_set(
			    f, FAULT_RETRY, "syncfs: %s", strerror(errno)));
		for (i = 0; i < CACHE_MAX; i++)
			c->entries[i].dirty = 0;
		return (0);
	}
	for (i = 0; i < CACHE_MAX; i++) {
		if (sync_entry(&c->entries[i], f) == -1)
			return (-1);
	}
	return (0);
}

void
directory_cache_free(struct directory_cache *c)
{
	if (c == NULL)
		return;
	directory_cache_clear(c);
	free(c);
}
