#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/utsname.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "sinks/directory/directory_cache.h"
#include "sinks/directory/directory_files.h"
#include "sinks/directory/directory_name.h"

/* Measured with 3 kB and 50 kB files on ext4: below 4 files an fsync each is
 * faster, from 8 on one syncfs is, by 1.3 to 2.5 times. */
#define SYNCFS_MIN 8

#define FOLDER_MODE 0750
#define FILE_MODE 0640
#define TMP_NAME 40

struct directory_files {
	char *path;
	int root; /* -1 while closed; then nothing else is open either */
	int tmp;
	int opened;	/* once it was: a tree that is gone is not made anew */
	int can_syncfs; /* ... and would be told of errors */
	uint64_t process; /* makes the names in .tmp ours alone */
	uint64_t serial;  /* ... and new each time */
	struct directory_cache *cache;
};

struct directory_files *
directory_files_new(const char *path)
{
	struct directory_files *d;

	if ((d = calloc(1, sizeof(*d))) == NULL)
		return (NULL);
	d->root = d->tmp = -1;
	d->path = strdup(path);
	d->cache = directory_cache_new();
	if (d->path == NULL || d->cache == NULL) {
		directory_files_free(d);
		return (NULL);
	}
	if (getrandom(&d->process, sizeof(d->process), 0) == -1)
		d->process = (uint64_t)getpid();
	return (d);
}

/* syncfs reports write-back errors since Linux 5.8; before, it hid them. */
static int
syncfs_reports(void)
{
	struct utsname u;
	unsigned long major, minor;
	char *end;

	if (uname(&u) == -1)
		return (0);
	major = strtoul(u.release, &end, 10);
	minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
	return (major > 5 || (major == 5 && minor >= 8));
}

/* Each process at work holds a shared lock on .tmp, so whoever gets it alone
 * knows that all files there were left by the dead. */
static void
remove_stale(int tmp)
{
	struct dirent *de;
	DIR *dir;
	int fd;

	if (flock(tmp, LOCK_EX | LOCK_NB) == 0) {
		if ((fd = openat(tmp, ".", O_RDONLY | O_CLOEXEC)) != -1 &&
		    (dir = fdopendir(fd)) != NULL) {
			while ((de = readdir(dir)) != NULL) {
				if (de->d_name[0] != '.')
					(void)unlinkat(tmp, de->d_name, 0);
			}
			closedir(dir);
		} else if (fd != -1)
			close(fd);
	}
	(void)flock(tmp, LOCK_SH | LOCK_NB);
}

static enum fault_kind
open_kind(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
	case ENOENT:
	case ENOTDIR:
	case ELOOP:
	case ENAMETOOLONG:
		return (FAULT_CONFIG);
	default:
		return (FAULT_RETRY);
	}
}

int
directory_files_open(struct directory_files *d, int create, struct fault *f)
{
	const char *step = "mkdir";

	if (create && mkdir(d->path, FOLDER_MODE) == -1 && errno != EEXIST)
		goto fail;
	step = "open";
	if ((d->root = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		goto fail;
	step = "mkdir .tmp";
	if (mkdirat(d->root, ".tmp", 0700) == -1 && errno != EEXIST)
		goto fail;
	step = "open .tmp";
	if ((d->tmp = openat(d->root, ".tmp",
		 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) == -1)
		goto fail;
	step = "write";
	if (faccessat(d->root, ".", W_OK | X_OK, AT_EACCESS) == -1 ||
	    faccessat(d->tmp, ".", W_OK | X_OK, AT_EACCESS) == -1)
		goto fail;
	remove_stale(d->tmp);
	d->opened = 1;
	d->can_syncfs = syncfs_reports();
	return (0);

fail:
	fault_set(f, open_kind(errno), "%s: %s: %s%s", d->path, step,
	    strerror(errno),
	    errno == ENOENT ? "; make the folder that it is to be in" : "");
	if (d->tmp != -1)
		close(d->tmp);
	if (d->root != -1)
		close(d->root);
	d->root = d->tmp = -1;
	return (-1);
}

static void
shut(struct directory_files *d)
{
	directory_cache_clear(d->cache);
	if (d->tmp != -1)
		close(d->tmp);
	if (d->root != -1)
		close(d->root);
	d->root = d->tmp = -1;
}

static void
tmp_name(const struct directory_files *d, uint64_t serial, char name[TMP_NAME])
{
	(void)snprintf(
	    name, TMP_NAME, "%016" PRIx64 "-%" PRIu64, d->process, serial);
}

/* All of the event and a line feed; writev may take less at a time. */
static int
write_event(int fd, const struct event *ev)
{
	static char line_feed[] = "\n";
	struct iovec iov[2];
	size_t done = 0, n;
	ssize_t len;

	while (done < ev->len + 1) {
		n = 0;
		if (done < ev->len)
			iov[n++] =
			    (struct iovec){ ev->data + done, ev->len - done };
		iov[n++] = (struct iovec){ line_feed, 1 };
		len = writev(fd, iov, (int)n);
		if (len == -1 && errno == EINTR)
			continue;
		if (len == -1)
			return (-1);
		done += (size_t)len;
	}
	return (0);
}

static int
write_tmp(struct directory_files *d, uint64_t serial, const struct event *ev,
    int sync, struct fault *f)
{
	const char *step = "create";
	char name[TMP_NAME];
	int fd;

	tmp_name(d, serial, name);
	fd = openat(d->tmp, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	if (fd == -1)
		goto fail;
	step = "write";
	if (write_event(fd, ev) == -1)
		goto fail;
	step = "fsync";
	if (sync && fsync(fd) == -1)
		goto fail;
	/* Network file systems tell of a full disk only here. */
	step = "close";
	if (close(fd) == -1) {
		fd = -1;
		goto fail;
	}
	return (0);

fail:
	fault_set(f, FAULT_RETRY, "%s/.tmp/%s: %s: %s", d->path, name, step,
	    strerror(errno));
	if (fd != -1)
		close(fd);
	return (-1);
}

/* Give the finished file its name.  A reader that tidies up may have removed
 * the folder since it was opened: then it is made again, once. */
static int
publish(struct directory_files *d, uint64_t serial, const struct event *ev,
    struct fault *f)
{
	char account[DIRECTORY_NAME_MAX + 1], mailbox[DIRECTORY_NAME_MAX + 1];
	char file[DIRECTORY_NAME_MAX + 1], tmp[TMP_NAME];
	int dir, tries;

	if (strcmp(ev->type, EVENT_RESET) == 0) {
		/* Whoever reads the folder of a mailbox finds mails only. */
		(void)snprintf(account, sizeof(account), ".resets");
		(void)snprintf(mailbox, sizeof(mailbox), ".");
	} else {
		directory_name_folder(ev->account, account);
		directory_name_folder(ev->mailbox, mailbox);
	}
	directory_name_file(ev, file);
	tmp_name(d, serial, tmp);
	for (tries = 0; tries < 2; tries++) {
		dir =
		    directory_cache_get(d->cache, d->root, account, mailbox, f);
		if (dir == -1)
			return (fault_prefix(f, "%s", d->path));
		if (renameat(d->tmp, tmp, dir, file) == 0) {
			directory_cache_dirty(d->cache);
			return (0);
		}
		if (errno != ENOENT)
			break;
		directory_cache_drop(d->cache, account, mailbox);
	}
	return (fault_set(f, FAULT_RETRY, "%s/%s/%s/%s: rename: %s", d->path,
	    account, mailbox, file, strerror(errno)));
}

int
directory_files_write(struct directory_files *d,
    const struct directory_item *items, size_t n, struct fault *f)
{
	uint64_t first = d->serial;
	char name[TMP_NAME];
	int many;
	size_t i;

	if (d->root == -1 && directory_files_open(d, !d->opened, f) == -1)
		return (-1);
	d->serial += n;
	many = n >= SYNCFS_MIN && d->can_syncfs;
	for (i = 0; i < n; i++) {
		if (write_tmp(d, first + i, items[i].ev, !many, f) == -1)
			goto fail;
	}
	if (many && syncfs(d->root) == -1) {
		fault_set(
		    f, FAULT_RETRY, "%s: syncfs: %s", d->path, strerror(errno));
		goto fail;
	}
	for (i = 0; i < n; i++) {
		if (publish(d, first + i, items[i].ev, f) == -1)
			goto fail;
	}
	/* Without this the renames themselves may be lost. */
	if (directory_cache_sync(d->cache, d->can_syncfs ? d->root : -1, f) ==
	    -1) {
		fault_prefix(f, "%s", d->path);
		goto fail;
	}
	return (0);

fail:
	for (i = 0; i < n; i++) {
		tmp_name(d, first + i, name);
		(void)unlinkat(d->tmp, name, 0);
	}
	/* Nothing opened before the error is trusted after it. */
	shut(d);
	return (-1);
}

void
directory_files_free(struct directory_files *d)
{
	if (d == NULL)
		return;
	shut(d);
	directory_cache_free(d->cache);
	free(d->path);
	free(d);
}
