/* exec_program.h - one run of a program: its process group, its three pipes,
 * its lines, its end. */
#ifndef EXEC_PROGRAM_H
#define EXEC_PROGRAM_H

#include <stddef.h>
#include <uv.h>

struct exec_config;
struct exec_program;
struct fault;

/* Called from the loop, never from inside the functions below. */
struct exec_program_events {
	/* A line of its standard output, without the line feed. */
	void (*line)(void *arg, char *line);

	/* What was written to it so far was taken, up to the end of ${n}
	 * events, counted from the start. */
	void (*taken)(void *arg, size_t n);

	/* It has ended, or was ended, and the last line was told: how.  The
	 * struct is gone. */
	void (*ended)(void *arg, int clean, const struct fault *how);
};

/* Start it, in a session of its own, so that what it starts can be ended with
 * it.  Its standard error goes to the log under ${sink}.  NULL with ${f}. */
struct exec_program *exec_program_start(uv_loop_t *loop,
    const struct exec_config *, const char *sink,
    const struct exec_program_events *, void *arg, struct fault *f);

/* Write an event and a line feed; the data stays as it is until it was taken,
 * or the program has ended.  0, or -1 if memory is out. */
int exec_program_write(struct exec_program *, const char *data, size_t len);

/* Close its standard input after what was written. */
void exec_program_finish(struct exec_program *);

/* Send a signal to all of its group. */
void exec_program_signal(struct exec_program *, int number);

/* Kill the group at once; ended() will say ${why}.  No line is told any more.
 */
void exec_program_kill(struct exec_program *, const struct fault *why);

/* Forget it: ended() comes soon, whatever the process does. */
void exec_program_abandon(struct exec_program *);

#endif
