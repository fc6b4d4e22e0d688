#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bridge/fault.h"
#include "bridge/store/state.h"

#define LOCK_NAME "lock"
#define MARK_NAME "initialized"

/* state_owner() holds the lock for an instant to see whether it is free; who
 * wants it for good asks again a few times. */
#define LOCK_TRIES 5
#define LOCK_WAIT_NS 50000000L

struct state {
	char *path;
	int dir;
	int lock; /* -1 if opened to read */
};

static int
sync_parent(const char *dir)
{
	char *copy, *slash;
	int fd, rc = -1;

	if ((copy = strdup(dir)) == NULL)
		return (-1);
	for (slash = copy + strlen(copy); slash > copy && slash[-1] == '/';)
		*--slash = '\0';
	slash = strrchr(copy, '/');
	if (slash == copy)
		slash[1] = '\0';
	else if (slash != NULL)
		*slash = '\0';
	fd = open(
	    slash != NULL ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1) {
		rc = fsync(fd);
		close(fd);
	}
	free(copy);
	return (rc);
}

/* Checkpoints decide what is read again and what never: nobody else may write
 * them. */
static int
check_owner(const struct state *st, struct fault *f)
{
	struct stat sb;

	if (fstat(st->dir, &sb) == -1)
		return (fault_set(f, FAULT_CONFIG, "state directory %s: %s",
		    st->path, strerror(errno)));
	if (sb.st_uid != geteuid())
		return (fault_set(f, FAULT_CONFIG,
		    "state directory %s belongs to uid %lu, this process is "
		    "uid %lu: run it as that user",
		    st->path, (unsigned long)sb.st_uid,
		    (unsigned long)geteuid()));
	if ((sb.st_mode & 022) != 0)
		return (fault_set(f, FAULT_CONFIG,
		    "state directory %s: mode %04o lets others write to it: "
		    "chmod 700 %s",
		    st->path, (unsigned)(sb.st_mode & 07777), st->path));
	return (0);
}

/* The pid in the lock file, or -1. */
static long
read_pid(int fd)
{
	char text[24];
	ssize_t n;
	long pid;

	if ((n = pread(fd, text, sizeof(text) - 1, 0)) <= 0)
		return (-1);
	text[n] = '\0';
	pid = strtol(text, NULL, 10);
	return (pid > 0 ? pid : -1);
}

static int
try_lock(int fd)
{
	const struct timespec wait = { 0, LOCK_WAIT_NS };
	int i;

	for (i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return (0);
		if (errno != EWOULDBLOCK && errno != EINTR)
			return (-1);
		nanosleep(&wait, NULL);
	}
	errno = EWOULDBLOCK;
	return (-1);
}

static int
take_lock(struct state *st, struct fault *f)
{
	char text[24];
	long pid;
	int len;

	st->lock =
	    openat(st->dir, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (st->lock != -1 && try_lock(st->lock) == 0) {
		len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
		/* Only for people, and read_pid() takes what it finds: a full
		 * disk must not keep us from running. */
		if (ftruncate(st->lock, 0) == 0 &&
		    pwrite(st->lock, text, (size_t)len, 0) == len)
			return (0);
		return (0);
	}
	if (st->lock == -1 || errno != EWOULDBLOCK)
		return (fault_set(f, FAULT_CONFIG, "state directory %s: %s: %s",
		    st->path, LOCK_NAME, strerror(errno)));
	if ((pid = read_pid(st->lock)) == -1)
		return (fault_set(f, FAULT_CONFIG,
		    "state directory %s is in use by another process",
		    st->path));
	return (fault_set(f, FAULT_CONFIG,
	    "state directory %s is in use by process %ld: stop that one first",
	    st->path, pid));
}

struct state *
state_open(const char *dir, int write, struct fault *f)
{
	struct state *st;
	int made = 0;

	if ((st = calloc(1, sizeof(*st))) == NULL ||
	    (st->path = strdup(dir)) == NULL) {
		free(st);
		fault_set(f, FAULT_RETRY, "%s", strerror(ENOMEM));
		return (NULL);
	}
	st->dir = st->lock = -1;
	if (write)
		made = mkdir(dir, 0700) == 0;
	if (made && sync_parent(dir) == -1)
		goto fail;
	if ((st->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		goto fail;
	if (write && (check_owner(st, f) == -1 || take_lock(st, f) == -1)) {
		state_close(st);
		return (NULL);
	}
	return (st);

fail:
	if (errno == ENOENT && !write)
		f->kind = FAULT_NONE;
	else
		fault_set(f, FAULT_CONFIG, "state directory %s: %s", dir,
		    strerror(errno));
	state_close(st);
	return (NULL);
}

int
state_path(const struct state *st, const char *name, char path[STATE_PATH_MAX],
    struct fault *f)
{
	int n;

	n = snprintf(path, STATE_PATH_MAX, "%s/%s", st->path, name);
	if (n < 0 || n >= STATE_PATH_MAX)
		return (fault_set(f, FAULT_CONFIG, "state directory %s: %s",
		    st->path, strerror(ENAMETOOLONG)));
	return (0);
}

long long
state_size(const struct state *st, const char *name)
{
	struct stat sb;

	if (fstatat(st->dir, name, &sb, 0) == -1)
		return (-1);
	return ((long long)sb.st_size);
}

int
state_mark(const struct state *st, struct fault *f)
{
	static const char text[] =
	    "mailbridge keeps checkpoint.db in this directory.  While this "
	    "file is here,\na missing checkpoint.db is an error and never "
	    "taken for a new start.\n";
	int fd;

	fd = openat(
	    st->dir, MARK_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1)
		goto fail;
	/* That it is there is what counts. */
	if (write(fd, text, sizeof(text) - 1) == -1 || fsync(fd) == -1 ||
	    fsync(st->dir) == -1)
		goto fail;
	close(fd);
	return (0);

fail:
	fault_set(
	    f, FAULT_RETRY, "%s/%s: %s", st->path, MARK_NAME, strerror(errno));
	if (fd != -1)
		close(fd);
	return (-1);
}

int
state_unmark(const struct state *st, struct fault *f)
{
	if ((unlinkat(st->dir, MARK_NAME, 0) == -1 && errno != ENOENT) ||
	    fsync(st->dir) == -1)
		return (fault_set(f, FAULT_RETRY, "%s/%s: %s", st->path,
		    MARK_NAME, strerror(errno)));
	return (0);
}

int
state_marked(const struct state *st)
{
	return (state_size(st, MARK_NAME) != -1);
}

int
state_rename(
    const struct state *st, const char *from, const char *to, struct fault *f)
{
	if ((renameat(st->dir, from, st->dir, to) == -1 && errno != ENOENT) ||
	    fsync(st->dir) == -1)
		return (fault_set(f, FAULT_RETRY, "%s: rename %s to %s: %s",
		    st->path, from, to, strerror(errno)));
	return (0);
}

long
state_owner(const char *dir)
{
	char path[STATE_PATH_MAX];
	long pid = 0;
	int fd, n;

	n = snprintf(path, sizeof(path), "%s/" LOCK_NAME, dir);
	if (n < 0 || (size_t)n >= sizeof(path))
		return (0);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return (0);
	if (flock(fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK)
		pid = read_pid(fd);
	close(fd);
	return (pid);
}

void
state_close(struct state *st)
{
	if (st == NULL)
		return;
	if (st->lock != -1)
		close(st->lock);
	if (st->dir != -1)
		close(st->dir);
	free(st->path);
	free(st);
}
