/* Programs that are started by libuv.  Their pipes get names, since libuv has
 * pipes of its own: "program:0", its standard input, and so on, whichever of
 * the two ends it is. */
#include <sys/stat.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "tests/faults/faults.h"

/* The inodes of the last program's pipes.  Only the loop starts programs. */
static unsigned long long pipes[3];

int
faults_program_pipe(const char *name)
{
	static const char prefix[] = "pipe:[";
	unsigned long long inode;
	int i;

	if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
		return (-1);
	inode = strtoull(name + sizeof(prefix) - 1, NULL, 10);
	for (i = 0; i < 3; i++) {
		if (pipes[i] == inode)
			return (i);
	}
	return (-1);
}

static unsigned long long
inode_of(int fd)
{
	struct stat st;

	return (fstat(fd, &st) == 0 ? st.st_ino : 0);
}

int
uv_spawn(
    uv_loop_t *loop, uv_process_t *process, const uv_process_options_t *options)
{
	int (*next)(uv_loop_t *, uv_process_t *, const uv_process_options_t *);
	struct faults_call call;
	int i, rc = 0;

	for (i = 0; i < 3 && i < options->stdio_count; i++)
		pipes[i] = (options->stdio[i].flags & UV_INHERIT_FD) != 0
		    ? inode_of(options->stdio[i].data.fd)
		    : 0;
	*(void **)&next = dlsym(RTLD_NEXT, "uv_spawn");
	faults_before(&call, "spawn", -1, NULL);
	if (call.error == 0)
		rc = next(loop, process, options);
	return (faults_after(&call, 0) == -1 ? -errno : rc);
}

/* Made by us, and not by libuv for itself. */
int
uv_pipe(uv_file fds[2], int read_flags, int write_flags)
{
	int (*next)(uv_file[2], int, int);
	struct faults_call call = { .name = "pipe" };
	Dl_info who;
	int rc = 0;

	*(void **)&next = dlsym(RTLD_NEXT, "uv_pipe");
	if (dladdr(__builtin_return_address(0), &who) == 0 ||
	    strstr(who.dli_fname, "libuv") == NULL)
		faults_before(&call, "pipe", -1, NULL);
	if (call.error == 0)
		rc = next(fds, read_flags, write_flags);
	return (faults_after(&call, 0) == -1 ? -errno : rc);
}
