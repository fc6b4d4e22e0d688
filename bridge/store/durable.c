#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bridge/fault.h"
#include "bridge/store/durable.h"

#define NAME_OCTETS 512

/* What was made in a folder longer ago than this is durable by itself. */
#define RECENT_SECONDS 60

int
durable_recent(int dirfd)
{
	struct stat sb;
	time_t age;

	if (fstat(dirfd, &sb) == -1)
		return (-1);
	age = time(NULL) - sb.st_mtime;
	return (age > RECENT_SECONDS ? 0 : fsync(dirfd));
}

/* Make the folder ${name} in ${dirfd} durable, if it is new, and open it. */
static int
open_folder(int dirfd, const char *name)
{
	if (mkdirat(dirfd, name, 0700) == -1 && errno != EEXIST)
		return (-1);
	/* Another worker may just have made it. */
	if (durable_recent(dirfd) == -1)
		return (-1);
	return (openat(
	    dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
}

static int
write_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, data, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return (-1);
		data += n;
		len -= (size_t)n;
	}
	return (0);
}

static int
replace(int dirfd, const char *name, const void *data, size_t len,
    const char **step)
{
	char temporary[64];
	int fd, saved;

	/* Unique among the workers of the one process that holds the lock. */
	(void)snprintf(temporary, sizeof(temporary), ".new-%ld",
	    (long)syscall(SYS_gettid));
	*step = "open";
	if ((fd = openat(dirfd, temporary,
		 O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		 0600)) == -1)
		return (-1);
	*step = "write";
	if (write_all(fd, data, len) == -1)
		goto fail;
	*step = "fsync";
	if (fsync(fd) == -1)
		goto fail;
	*step = "close";
	if (close(fd) == -1) {
		fd = -1;
		goto fail;
	}
	fd = -1;
	*step = "rename";
	if (renameat(dirfd, temporary, dirfd, name) == -1)
		goto fail;
	/* Without this the rename itself may be lost. */
	*step = "fsync of the directory";
	return (fsync(dirfd));

fail:
	saved = errno;
	if (fd != -1)
		(void)close(fd);
	(void)unlinkat(dirfd, temporary, 0);
	errno = saved;
	return (-1);
}

/* The folder that ${path} is in, made as far as it is new; *name is the last
 * part of the path, which is changed. */
static int
walk(int dirfd, char *path, char **name, const char **step)
{
	char *part, *slash;
	int fd, sub;

	*step = "open the directory";
	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (part = path; fd != -1 && (slash = strchr(part, '/')) != NULL;
	     part = slash + 1) {
		*slash = '\0';
		*step = "make the folder";
		sub = open_folder(fd, part);
		(void)close(fd);
		fd = sub;
	}
	*name = part;
	return (fd);
}

int
durable_folder(int dirfd, const char *name, struct fault *f)
{
	char path[NAME_OCTETS], *end;
	const char *step = "name";
	int fd = -1, n;

	errno = ENAMETOOLONG;
	n = snprintf(path, sizeof(path), "%s/", name);
	if (n > 0 && (size_t)n < sizeof(path))
		fd = walk(dirfd, path, &end, &step);
	if (fd == -1)
		fault_set(
		    f, FAULT_RETRY, "%s: %s: %s", name, step, strerror(errno));
	return (fd);
}

int
durable_write(
    int dirfd, const char *name, const void *data, size_t len, struct fault *f)
{
	char path[NAME_OCTETS], *last;
	const char *step = "name";
	int fd = -1, rc = -1;

	errno = ENAMETOOLONG;
	if (strlen(name) < sizeof(path)) {
		memcpy(path, name, strlen(name) + 1);
		fd = walk(dirfd, path, &last, &step);
	}
	if (fd != -1)
		rc = replace(fd, last, data, len, &step);
	if (rc == -1)
		fault_set(
		    f, FAULT_RETRY, "%s: %s: %s", name, step, strerror(errno));
	if (fd != -1)
		(void)close(fd);
	return (rc);
}
