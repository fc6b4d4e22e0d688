/* What was not referred to for long is removed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bridge/fault.h"
#include "bridge/store/blobs.h"
#include "bridge/store/blobs_private.h"

/* A file being written is renamed in seconds; one this old is nobody's. */
#define ORPHAN_SECONDS 86400

struct sweep {
	time_t before;
	int dry;
	struct blobs_swept *swept;
};

/* Is the file in its time? */
static int
old(const struct sweep *s, int folder, const char *name, struct stat *sb)
{
	if (fstatat(folder, name, sb, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISREG(sb->st_mode))
		return (-1);
	if (strncmp(name, ".new-", 5) == 0)
		return (sb->st_mtime < time(NULL) - ORPHAN_SECONDS);
	if (!blobs_valid(name))
		return (-1);
	return (sb->st_mtime < s->before);
}

static int
sweep_file(const struct sweep *s, int folder, const char *name)
{
	struct stat sb;
	int gone, rc = 0;

	if ((gone = old(s, folder, name, &sb)) == -1)
		return (0);
	if (gone && !s->dry) {
		/* Only now nobody can be renewing it: look again. */
		if (blobs_lock(folder, LOCK_EX) == -1)
			return (-1);
		gone = old(s, folder, name, &sb);
		if (gone == 1 && unlinkat(folder, name, 0) == -1)
			rc = -1;
		(void)blobs_lock(folder, LOCK_UN);
	}
	if (name[0] == '.' || gone == -1 || rc == -1)
		return (rc);
	if (gone) {
		s->swept->removed++;
		s->swept->removed_bytes += (uint64_t)sb.st_size;
	} else {
		s->swept->kept++;
		s->swept->kept_bytes += (uint64_t)sb.st_size;
	}
	return (0);
}

/* 0, or -1 with errno. */
static int
sweep_folder(const struct sweep *s, int blobs, const char *name)
{
	struct dirent *e;
	DIR *dir;
	int fd, rc = 0, why = 0;

	fd = openat(
	    blobs, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1 || (dir = fdopendir(fd)) == NULL) {
		why = errno;
		if (fd != -1)
			(void)close(fd);
		errno = why;
		return (-1);
	}
	while (errno = 0, (e = readdir(dir)) != NULL)
		if (sweep_file(s, fd, e->d_name) == -1) {
			rc = -1;
			why = errno;
		}
	if (rc == 0 && errno != 0) {
		rc = -1;
		why = errno;
	}
	(void)closedir(dir);
	errno = why;
	return (rc);
}

int
blobs_sweep(int state_fd, time_t before, int dry, struct blobs_swept *swept,
    struct fault *f)
{
	struct sweep s = { .before = before, .dry = dry, .swept = swept };
	char name[3];
	unsigned i;
	int blobs, rc = 0;

	*swept = (struct blobs_swept){ .kept = 0 };
	blobs = openat(
	    state_fd, "blobs", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (blobs == -1 && errno == ENOENT)
		return (0);
	if (blobs == -1)
		return (fault_set(
		    f, FAULT_RETRY, "blob store: %s", strerror(errno)));
	for (i = 0; i < 256; i++) {
		(void)snprintf(name, sizeof(name), "%02x", i & 255);
		if (sweep_folder(&s, blobs, name) == -1 && errno != ENOENT)
			rc = fault_set(f, FAULT_RETRY, "blob store: %s: %s",
			    name, strerror(errno));
	}
	(void)close(blobs);
	return (rc);
}
