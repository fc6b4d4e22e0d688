/* stdout_fd.h - descriptor 1 as the stdout sink writes to it. */
#ifndef STDOUT_FD_H
#define STDOUT_FD_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

struct fault;

enum stdout_way {
	STDOUT_POLL,  /* pipe, socket, terminal: non-blocking, on the loop */
	STDOUT_WORKER /* file, /dev/null: cannot be waited for; a worker blocks
		       */
};

struct stdout_fd {
	int fd; /* our own, close-on-exec */
	enum stdout_way way;
	int is_file; /* to be synced */
	int torn;    /* a line was given up in its middle, by us or by who
		      * wrote before us: it is to be ended */
};

/* Open ${from} (1, but for tests) anew.  Where the system lets us, a pipe or
 * terminal is opened a second time to be non-blocking, because that flag is
 * shared by all who inherited it, standard error and the calling shell
 * included; otherwise the flag is set on what is shared.  0, or -1 with ${f}.
 */
int stdout_fd_open(struct stdout_fd *, int from, struct fault *f);

/* One writev: the bytes taken, 0 if it would block, -1 with errno. */
ssize_t stdout_fd_write(const struct stdout_fd *, struct iovec *, int n);

/* Write all of it, as far as it goes, blocking, and sync a file.  Fills in the
 * bytes written and returns 0 or the error of the write; *sync_error is that of
 * the sync, after which nothing is known of the bytes. */
int stdout_fd_write_all(const struct stdout_fd *, struct iovec *, int n,
    size_t *written, int *sync_error);

#endif
