/* command.h - a program that prints a token: no shell, a deadline, and so much
 * output at most. */
#ifndef COMMAND_H
#define COMMAND_H

#include <stddef.h>
#include <uv.h>

struct command;
struct fault;

/* The output (NUL-ended, borrowed for the call and then wiped), or NULL with
 * ${f}: FAULT_AUTH when it exits with another code than 0. */
typedef void command_done(void *arg, const char *output, const struct fault *f);

/* Start ${argv} (NULL-ended, argv[0] looked up in $PATH).  What it writes to
 * stderr is dropped: it might be a secret.  ${done} is called once, from the
 * loop.  NULL with ${f} (FAULT_CONFIG) if it cannot be started. */
struct command *command_start(uv_loop_t *loop, const char *const *argv,
    command_done *done, void *arg, struct fault *f);

/* Kill it; ${done} is not called. */
void command_cancel(struct command *);

#endif
