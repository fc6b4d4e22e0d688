/* The calls of the C library, made as system calls, so that nothing else stands
 * between (a sanitizer's wrapper, say). */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/faults/faults.h"

static size_t
half(const struct faults_call *call, size_t len)
{
	return (call->half ? len / 2 : len);
}

static ssize_t
output(const char *name, long number, int fd, const void *data, size_t len,
    off_t offset)
{
	struct faults_call call;
	ssize_t rc = 0;

	faults_before(&call, name, fd, NULL);
	if (call.error == 0 || call.late)
		rc = syscall(number, fd, data, half(&call, len), offset);
	return (faults_after(&call, rc));
}

ssize_t
write(int fd, const void *data, size_t len)
{
	return (output("write", SYS_write, fd, data, len, 0));
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t offset)
{
	return (output("pwrite", SYS_pwrite64, fd, data, len, offset));
}

ssize_t
pwrite64(int fd, const void *data, size_t len, off_t offset)
{
	return (output("pwrite", SYS_pwrite64, fd, data, len, offset));
}

/* "short" is one octet. */
static ssize_t
input(const char *name, long number, int fd, void *data, size_t len, int flags)
{
	struct faults_call call;
	ssize_t rc = 0;

	faults_before(&call, name, fd, NULL);
	if (call.half && len > 1)
		len = 1;
	if (call.error == 0)
		rc = syscall(number, fd, data, len, flags, NULL, NULL);
	return (faults_after(&call, rc));
}

ssize_t
read(int fd, void *data, size_t len)
{
	return (input("read", SYS_read, fd, data, len, 0));
}

ssize_t
recv(int fd, void *data, size_t len, int flags)
{
	return (input("recv", SYS_recvfrom, fd, data, len, flags));
}

ssize_t
recvmsg(int fd, struct msghdr *message, int flags)
{
	struct faults_call call;
	struct msghdr what = *message;
	struct iovec first;
	ssize_t rc = 0;

	faults_before(&call, "recvmsg", fd, NULL);
	while (call.half && what.msg_iovlen > 1 && what.msg_iov->iov_len == 0) {
		what.msg_iov++;
		what.msg_iovlen--;
	}
	if (call.half && what.msg_iovlen > 0 && what.msg_iov->iov_len > 0) {
		first = (struct iovec){ what.msg_iov->iov_base, 1 };
		what.msg_iov = &first;
		what.msg_iovlen = 1;
	}
	if (call.error == 0)
		rc = syscall(SYS_recvmsg, fd, &what, flags);
	message->msg_namelen = what.msg_namelen;
	message->msg_controllen = what.msg_controllen;
	message->msg_flags = what.msg_flags;
	return (faults_after(&call, rc));
}

/* The first half of all octets: how many parts of ${some} that are. */
static size_t
cut(struct iovec some[IOV_MAX], const struct iovec *parts, size_t n)
{
	size_t left = 0, i;

	for (i = 0; i < n; i++)
		left += parts[i].iov_len;
	left /= 2;
	for (i = 0; i < n && i < IOV_MAX; i++) {
		some[i] = parts[i];
		if (some[i].iov_len >= left) {
			some[i].iov_len = left;
			return (i + 1);
		}
		left -= some[i].iov_len;
	}
	return (i);
}

ssize_t
writev(int fd, const struct iovec *parts, int n)
{
	struct iovec some[IOV_MAX];
	struct faults_call call;
	ssize_t rc = 0;

	faults_before(&call, "writev", fd, NULL);
	if (call.half) {
		n = (int)cut(some, parts, (size_t)n);
		parts = some;
	}
	if (call.error == 0 || call.late)
		rc = syscall(SYS_writev, fd, parts, n);
	return (faults_after(&call, rc));
}

/* glibc declares it with a transparent union. */
#define PEER __CONST_SOCKADDR_ARG

ssize_t
sendto(
    int fd, const void *data, size_t len, int flags, PEER to, socklen_t tolen)
{
	struct faults_call call;
	ssize_t rc = 0;

	faults_before(&call, "sendto", fd, NULL);
	if (call.error == 0 || call.late)
		rc = syscall(SYS_sendto, fd, data, half(&call, len), flags,
		    to.__sockaddr__, tolen);
	return (faults_after(&call, rc));
}

ssize_t
send(int fd, const void *data, size_t len, int flags)
{
	struct faults_call call;
	ssize_t rc = 0;

	faults_before(&call, "send", fd, NULL);
	if (call.error == 0 || call.late)
		rc = syscall(
		    SYS_sendto, fd, data, half(&call, len), flags, NULL, 0);
	return (faults_after(&call, rc));
}

ssize_t
sendmsg(int fd, const struct msghdr *message, int flags)
{
	struct iovec some[IOV_MAX];
	struct faults_call call;
	struct msghdr what = *message;
	ssize_t rc = 0;

	faults_before(&call, "sendmsg", fd, NULL);
	if (call.half) {
		what.msg_iovlen = cut(some, what.msg_iov, what.msg_iovlen);
		what.msg_iov = some;
	}
	if (call.error == 0 || call.late)
		rc = syscall(SYS_sendmsg, fd, &what, flags);
	return (faults_after(&call, rc));
}

static int
on_descriptor(const char *name, long number, int fd, off_t length)
{
	struct faults_call call;
	long rc = 0;

	faults_before(&call, name, fd, NULL);
	if ((call.error == 0 || call.late) && !call.lie)
		rc = syscall(number, fd, length);
	return ((int)faults_after(&call, rc));
}

int
fsync(int fd)
{
	return (on_descriptor("fsync", SYS_fsync, fd, 0));
}

int
fdatasync(int fd)
{
	return (on_descriptor("fdatasync", SYS_fdatasync, fd, 0));
}

int
syncfs(int fd)
{
	return (on_descriptor("syncfs", SYS_syncfs, fd, 0));
}

int
ftruncate(int fd, off_t length)
{
	return (on_descriptor("ftruncate", SYS_ftruncate, fd, length));
}

int
ftruncate64(int fd, off_t length)
{
	return (on_descriptor("ftruncate", SYS_ftruncate, fd, length));
}

/* Its descriptor is gone even where it fails, as with Linux. */
int
close(int fd)
{
	struct faults_call call = { .name = "close" };
	int flags = (int)syscall(SYS_fcntl, fd, F_GETFL);
	long rc;

	if (flags != -1 && (flags & O_ACCMODE) != O_RDONLY)
		faults_before(&call, "close", fd, NULL);
	rc = syscall(SYS_close, fd);
	return ((int)faults_after(&call, rc));
}

static int
on_path(const char *name, int at, const char *path, long number, long a, long b,
    long c, long d, long e)
{
	struct faults_call call;
	long rc = 0;

	faults_before(&call, name, at, path);
	if (call.error == 0 || call.late)
		rc = syscall(number, a, b, c, d, e);
	return ((int)faults_after(&call, rc));
}

#define P(pointer) ((long)(pointer))

static int
do_open(int at, const char *path, int flags, mode_t mode)
{
	int writes = (flags & O_ACCMODE) != O_RDONLY ||
	    (flags & (O_CREAT | O_TRUNC)) != 0;

	return (on_path(writes ? "open" : "read-open", at, path, SYS_openat, at,
	    P(path), flags, mode, 0));
}

#define OPEN(at)                                                              \
	va_list ap;                                                           \
	mode_t mode;                                                          \
                                                                              \
	va_start(ap, flags);                                                  \
	mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(ap, mode_t) : 0; \
	va_end(ap);                                                           \
	return (do_open(at, path, flags, mode))

int
open(const char *path, int flags, ...)
{
	OPEN(AT_FDCWD);
}

int
open64(const char *path, int flags, ...)
{
	OPEN(AT_FDCWD);
}

int
openat(int at, const char *path, int flags, ...)
{
	OPEN(at);
}

int
openat64(int at, const char *path, int flags, ...)
{
	OPEN(at);
}

/* What _FORTIFY_SOURCE makes of the above without a mode. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int at, const char *path, int flags);
int __openat64_2(int at, const char *path, int flags);

int
__open_2(const char *path, int flags)
{
	return (do_open(AT_FDCWD, path, flags, 0));
}

int
__open64_2(const char *path, int flags)
{
	return (do_open(AT_FDCWD, path, flags, 0));
}

int
__openat_2(int at, const char *path, int flags)
{
	return (do_open(at, path, flags, 0));
}

int
__openat64_2(int at, const char *path, int flags)
{
	return (do_open(at, path, flags, 0));
}

int
renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
	return (on_path(
	    "rename", to, new, SYS_renameat2, from, P(old), to, P(new), flags));
}

int
renameat(int from, const char *old, int to, const char *new)
{
	return (renameat2(from, old, to, new, 0));
}

int
rename(const char *old, const char *new)
{
	return (renameat2(AT_FDCWD, old, AT_FDCWD, new, 0));
}

int
linkat(int from, const char *old, int to, const char *new, int flags)
{
	return (on_path(
	    "link", to, new, SYS_linkat, from, P(old), to, P(new), flags));
}

int
link(const char *old, const char *new)
{
	return (linkat(AT_FDCWD, old, AT_FDCWD, new, 0));
}

int
unlinkat(int at, const char *path, int flags)
{
	return (on_path(
	    "unlink", at, path, SYS_unlinkat, at, P(path), flags, 0, 0));
}

int
unlink(const char *path)
{
	return (unlinkat(AT_FDCWD, path, 0));
}

int
mkdirat(int at, const char *path, mode_t mode)
{
	return (
	    on_path("mkdir", at, path, SYS_mkdirat, at, P(path), mode, 0, 0));
}

int
mkdir(const char *path, mode_t mode)
{
	return (mkdirat(AT_FDCWD, path, mode));
}
