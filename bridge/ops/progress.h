/* progress.h - how far a long piece of work is: a line that renews itself where
 * standard error is a terminal, else a line of the log every 10 s. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdint.h>
#include <uv.h>

struct progress;

/* Tell of ${subject} ("support/INBOX", borrowed; or NULL), whose numbers
 * ${count} gives: what is published and what is known to be left.  The first
 * line comes after a while: short work has none.  NULL if memory is out. */
struct progress *progress_new(uv_loop_t *, const char *subject,
    void (*count)(void *arg, uint64_t *done, uint64_t *left), void *arg);

/* The last line stays.  Frees it, ${closed} from the loop. */
void progress_close(struct progress *, void (*closed)(void *arg), void *arg);

#endif
