#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bridge/fault.h"
#include "bridge/ops/log.h"
#include "bridge/store/blobs.h"
#include "bridge/store/blobs_private.h"
#include "bridge/store/durable.h"

/* A time that is as new as this counts as new: a logo in every mail shall not
 * cost a sync each. */
#define FRESH_SECONDS 3600

#define PIECE (64U * 1024)

static int
failed(struct fault *f, const char *id, const char *step)
{
	return (fault_set(f, FAULT_RETRY, "blob store: %s: %s: %s", id, step,
	    strerror(errno)));
}

int
blobs_valid(const char *id)
{
	return (strncmp(id, "sha256-", 7) == 0 && strlen(id) == 7 + 64 &&
	    strspn(id + 7, "0123456789abcdef") == 64);
}

int
blobs_lock(int folder, int how)
{
	int rc;

	do
		rc = flock(folder, how);
	while (rc == -1 && errno == EINTR);
	return (rc);
}

/* The folder of a blob, made if it is new, with the lock shared: closing it
 * lets go. */
static int
enter(int state_fd, const char *id, struct fault *f)
{
	char path[16];
	int fd;

	(void)snprintf(path, sizeof(path), "blobs/%.2s", id + 7);
	if ((fd = durable_folder(state_fd, path, f)) == -1)
		return (fault_prefix(f, "blob store"));
	if (blobs_lock(fd, LOCK_SH) == -1) {
		failed(f, id, "lock");
		(void)close(fd);
		return (-1);
	}
	return (fd);
}

static ssize_t
read_piece(int fd, char *to, size_t len)
{
	ssize_t n;

	do
		n = read(fd, to, len);
	while (n == -1 && errno == EINTR);
	return (n);
}

/* Does the file hold just that? */
static int
same(int fd, struct span octets)
{
	char piece[PIECE];
	ssize_t n;

	while ((n = read_piece(fd, piece, sizeof(piece))) > 0) {
		if ((size_t)n > octets.len ||
		    memcmp(piece, octets.data, (size_t)n) != 0)
			return (0);
		octets = span_cut(octets, (size_t)n, octets.len);
	}
	return (n == 0 && octets.len == 0);
}

/* Make the time new, and be sure that it and the name are durable: who wrote
 * the file may not have got as far. */
static int
renew(int folder, int fd)
{
	struct stat sb;
	time_t age;

	if (fstat(fd, &sb) == -1)
		return (-1);
	age = time(NULL) - sb.st_mtime;
	if ((age >= FRESH_SECONDS || age < 0) &&
	    (futimens(fd, NULL) == -1 || fsync(fd) == -1))
		return (-1);
	return (durable_recent(folder));
}

int
blobs_put(int state_fd, const char *id, struct span octets, struct fault *f)
{
	int folder, fd, rc = -1;

	if ((folder = enter(state_fd, id, f)) == -1)
		return (-1);
	fd = openat(folder, id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd != -1 && same(fd, octets)) {
		if ((rc = renew(folder, fd)) == -1)
			failed(f, id, "renew");
	} else {
		if (fd != -1)
			log_write(LOG_WARN, "blobs", id,
			    "the file had another content: written anew");
		rc = durable_write(folder, id, octets.data, octets.len, f);
		if (rc == -1)
			(void)fault_prefix(f, "blob store");
	}
	if (fd != -1)
		(void)close(fd);
	(void)close(folder);
	return (rc);
}

int
blobs_keep(int state_fd, const char *id, struct fault *f)
{
	int folder, fd, rc = -1;

	if ((folder = enter(state_fd, id, f)) == -1)
		return (-1);
	if ((fd = openat(folder, id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) == -1)
		failed(f, id, "open");
	else if ((rc = renew(folder, fd)) == -1)
		failed(f, id, "renew");
	if (fd != -1)
		(void)close(fd);
	(void)close(folder);
	return (rc);
}

/* The whole file into memory. */
static int
slurp(int fd, char **data, size_t *len)
{
	struct stat sb;
	ssize_t n = 0;

	*len = 0;
	if (fstat(fd, &sb) == -1 ||
	    (*data = malloc((size_t)sb.st_size + 1)) == NULL)
		return (-1);
	while (*len < (size_t)sb.st_size &&
	    (n = read_piece(fd, *data + *len, (size_t)sb.st_size - *len)) > 0)
		*len += (size_t)n;
	return (n == -1 ? -1 : 0);
}

int
blobs_get(
    int state_fd, const char *id, char **data, size_t *len, struct fault *f)
{
	char path[HASH_ID + 16], found[HASH_ID] = "";
	struct hash *hash = NULL;
	int fd, rc = -1;

	*data = NULL;
	(void)snprintf(path, sizeof(path), "blobs/%.2s/%s", id + 7, id);
	fd = openat(state_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1) {
		failed(f, id, "open");
		if (errno == ENOENT || errno == ENOTDIR)
			fault_set(f, FAULT_DATA, "%s is not in the store", id);
		return (-1);
	}
	if (slurp(fd, data, len) == -1) {
		failed(f, id, "read");
	} else if ((hash = hash_new()) == NULL ||
	    hash_name(hash, (struct span){ *data, *len }, found) == -1) {
		fault_set(f, FAULT_RETRY, "%s: SHA-256 fails", id);
	} else if (strcmp(found, id) != 0) {
		fault_set(f, FAULT_DATA,
		    "%s is damaged: its file %s has %zu bytes with the hash "
		    "%s; the message it came from brings it back: mailbridge "
		    "replay",
		    id, path, *len, found);
	} else {
		rc = 0;
	}
	hash_free(hash);
	(void)close(fd);
	if (rc == -1) {
		free(*data);
		*data = NULL;
	}
	return (rc);
}
