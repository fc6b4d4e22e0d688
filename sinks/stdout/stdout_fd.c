#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bridge/fault.h"
#include "sinks/stdout/stdout_fd.h"

/* Fewer turns of the loop for each megabyte; the default is 64 KiB. */
#define PIPE_BYTES (1024 * 1024)

/* ${from} without blocking, if possible without touching what others share. */
static int
open_nonblocking(int from)
{
	char path[32];
	int fd, flags;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", from);
	fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd != -1)
		return (fd);
	if ((fd = fcntl(from, F_DUPFD_CLOEXEC, 3)) == -1)
		return (-1);
	if ((flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1) {
		close(fd);
		return (-1);
	}
	return (fd);
}

/* Does the file end in the middle of a line, left by a process that was killed
 * while it wrote?  One that we may not read counts as whole. */
static int
is_torn(int fd, off_t size)
{
	char path[32], last = '\n';
	int reader, flags = fcntl(fd, F_GETFL);
	off_t end;

	end = flags != -1 && (flags & O_APPEND) != 0 ? size
						     : lseek(fd, 0, SEEK_CUR);
	if (end <= 0)
		return (0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if ((reader = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return (0);
	if (pread(reader, &last, 1, end - 1) != 1)
		last = '\n';
	close(reader);
	return (last != '\n');
}

int
stdout_fd_open(struct stdout_fd *o, int from, struct fault *f)
{
	struct stat st;

	if (fstat(from, &st) == -1)
		return (fault_set(f, FAULT_CONFIG,
		    "standard output: %s; it must be open for a sink of type "
		    "stdout",
		    strerror(errno)));
	o->is_file = S_ISREG(st.st_mode);
	o->torn = o->is_file && is_torn(from, st.st_size);
	o->way = STDOUT_WORKER;
	if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(from))
		o->way = STDOUT_POLL;
	if (o->way == STDOUT_POLL)
		o->fd = open_nonblocking(from);
	else
		o->fd = fcntl(from, F_DUPFD_CLOEXEC, 3);
	if (o->fd == -1)
		return (fault_set(f, FAULT_RETRY, "standard output: open: %s",
		    strerror(errno)));
	if (S_ISFIFO(st.st_mode))
		(void)fcntl(o->fd, F_SETPIPE_SZ, PIPE_BYTES);
	return (0);
}

ssize_t
stdout_fd_write(const struct stdout_fd *o, struct iovec *iov, int n)
{
	ssize_t len;

	do {
		len = writev(o->fd, iov, n);
	} while (len == -1 && errno == EINTR);
	if (len == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return (0);
	return (len);
}

int
stdout_fd_write_all(const struct stdout_fd *o, struct iovec *iov, int n,
    size_t *written, int *sync_error)
{
	int error = 0;
	ssize_t len;
	size_t left;

	*written = 0;
	*sync_error = 0;
	while (n > 0) {
		if ((len = stdout_fd_write(o, iov, n)) <= 0) {
			error = len == 0 ? EAGAIN : errno;
			break;
		}
		*written += (size_t)len;
		for (left = (size_t)len; n > 0 && left >= iov->iov_len; n--)
			left -= iov++->iov_len;
		if (n > 0) {
			iov->iov_base = (char *)iov->iov_base + left;
			iov->iov_len -= left;
		}
	}
	if (o->is_file && *written > 0 && fdatasync(o->fd) == -1)
		*sync_error = errno;
	return (error);
}
