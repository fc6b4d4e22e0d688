/* What is counted, and what happens at the call that is hit. */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/faults/faults.h"

#define NAME 512

static const struct {
	const char *name;
	int number;
} errors[] = { { "EIO", EIO }, { "ENOSPC", ENOSPC }, { "EDQUOT", EDQUOT },
	{ "EROFS", EROFS }, { "EINTR", EINTR }, { "EAGAIN", EAGAIN },
	{ "EMFILE", EMFILE }, { "ENFILE", ENFILE }, { "ENOMEM", ENOMEM },
	{ "EACCES", EACCES }, { "EPERM", EPERM }, { "ENOENT", ENOENT },
	{ "EEXIST", EEXIST }, { "EBUSY", EBUSY }, { "EFBIG", EFBIG },
	{ "ELOOP", ELOOP }, { "ENOTDIR", ENOTDIR }, { "EMLINK", EMLINK },
	{ "EXDEV", EXDEV }, { "EPIPE", EPIPE }, { "ECONNRESET", ECONNRESET },
	{ "ETIMEDOUT", ETIMEDOUT }, { "EBADF", EBADF }, { "EINVAL", EINVAL },
	{ "ESTALE", ESTALE }, { "ENOBUFS", ENOBUFS },
	{ "EHOSTUNREACH", EHOSTUNREACH } };

/* Read from the environment once; it does not change. */
static const char *calls, *paths, *action, *until;
static long at = -1, times;
static int log_fd = -1;
static long count; /* atomic */

static long
number_of(const char *name, long otherwise)
{
	const char *value = getenv(name);

	return (value != NULL ? strtol(value, NULL, 10) : otherwise);
}

static const char *
text(const char *name)
{
	const char *value = getenv(name);

	return (value != NULL ? value : "");
}

/* Before any other thread runs.  Calls before that, of the loader and of a
 * sanitizer that is being set up, are let through: nothing of theirs works
 * yet. */
__attribute__((constructor)) static void
set_up(void)
{
	const char *log = getenv("FAULTS_LOG");

	calls = text("FAULTS_CALLS");
	paths = text("FAULTS_PATHS");
	action = text("FAULTS_ACTION");
	until = text("FAULTS_UNTIL");
	times = number_of("FAULTS_TIMES", 1);
	if (log != NULL && log[0] != '\0')
		log_fd = (int)syscall(SYS_openat, AT_FDCWD, log,
		    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	__atomic_store_n(&at, number_of("FAULTS_AT", 0), __ATOMIC_RELEASE);
}

static int
error_number(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (strcmp(errors[i].name, name) == 0)
			return (errors[i].number);
	}
	dprintf(2, "faults: FAULTS_ACTION=%s is unknown\n", name);
	_exit(99);
}

/* Is ${item} in ${word}; at its end, where it ends in a "$"? */
static int
is_part(const char *word, char *item)
{
	size_t n = strlen(word), len = strlen(item);

	if (item[len - 1] != '$')
		return (strstr(word, item) != NULL);
	item[--len] = '\0';
	return (n >= len && strcmp(word + n - len, item) == 0);
}

/* Is ${word} in the list; or, for ${inside}, one of the list in ${word}? */
static int
in_list(const char *list, const char *word, int inside)
{
	char item[NAME];
	size_t len;

	if (list[0] == '\0')
		return (1);
	for (; *list != '\0'; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		if (len == 0 || len >= sizeof(item))
			continue;
		memcpy(item, list, len);
		item[len] = '\0';
		if (inside ? is_part(word, item) : strcmp(word, item) == 0)
			return (1);
	}
	return (0);
}

static void
name_of(int fd, char name[NAME])
{
	union {
		struct sockaddr_storage any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr address;
	} peer;
	socklen_t size = sizeof(peer);
	char link[64], address[INET6_ADDRSTRLEN] = "";
	ssize_t len;
	int number;

	if (syscall(SYS_getpeername, fd, &peer, &size) == 0) {
		if (peer.address.sa_family == AF_INET)
			inet_ntop(AF_INET, &peer.in.sin_addr, address,
			    sizeof(address));
		else if (peer.address.sa_family == AF_INET6)
			inet_ntop(AF_INET6, &peer.in6.sin6_addr, address,
			    sizeof(address));
		(void)snprintf(name, NAME, "tcp:%s:%u", address,
		    ntohs(peer.in.sin_port)); /* the same place in both */
		return;
	}
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = syscall(SYS_readlinkat, AT_FDCWD, link, name, NAME - 1);
	name[len > 0 ? len : 0] = '\0';
	if ((number = faults_program_pipe(name)) != -1)
		(void)snprintf(name, NAME, "program:%d", number);
}

/* Is the trouble at its end? */
static int
over(void)
{
	return (until[0] != '\0' &&
	    syscall(SYS_faccessat, AT_FDCWD, until, F_OK) == 0);
}

static void
die(int how)
{
	(void)syscall(SYS_kill, syscall(SYS_getpid), how);
}

void
faults_before(
    struct faults_call *call, const char *call_name, int fd, const char *path)
{
	char name[NAME] = "", line[NAME + 64];
	int hit, len, saved = errno;
	long n;

	*call = (struct faults_call){ .name = call_name };
	if (__atomic_load_n(&at, __ATOMIC_ACQUIRE) == -1 ||
	    !in_list(calls, call_name, 0))
		return;
	if (path != NULL && (path[0] == '/' || fd < 0))
		(void)snprintf(name, sizeof(name), "%s", path);
	else if (fd >= 0)
		name_of(fd, name);
	if (path != NULL && path[0] != '/' && fd >= 0)
		(void)snprintf(name + strlen(name), sizeof(name) - strlen(name),
		    "/%s", path);
	if ((path != NULL || fd != -1) && !in_list(paths, name, 1)) {
		errno = saved;
		return;
	}
	n = __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
	hit = at > 0 && n >= at && (times == 0 || n < at + times) && !over();
	if (log_fd != -1) {
		len = snprintf(line, sizeof(line), "%ld %s %s%s\n", n,
		    call_name, name, hit ? " HIT" : "");
		(void)syscall(SYS_write, log_fd, line, len);
	}
	errno = saved;
	if (!hit)
		return;
	if (strcmp(action, "kill-before") == 0)
		die(SIGKILL);
	else if (strcmp(action, "stop") == 0)
		die(SIGSTOP);
	else if (strcmp(action, "kill-after") == 0)
		call->kill_after = 1;
	else if (strcmp(action, "kill-half") == 0)
		call->half = call->kill_after = 1;
	else if (strcmp(action, "wait") == 0)
		(void)sleep(1);
	else if (strcmp(action, "lie") == 0)
		call->lie = 1;
	else if (strcmp(action, "short") == 0)
		call->half = 1;
	else {
		call->late = strncmp(action, "late-", 5) == 0;
		call->error = error_number(action + (call->late ? 5 : 0));
	}
}

long
faults_after(const struct faults_call *call, long rc)
{
	if (call->kill_after)
		die(SIGKILL);
	if (call->error != 0) {
		errno = call->error;
		return (-1);
	}
	return (rc);
}
