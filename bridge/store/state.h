/* state.h - the state directory: who may use it, and the lock that keeps a
 * second process out. */
#ifndef STATE_H
#define STATE_H

#define STATE_PATH_MAX 4096

struct fault;
struct state;

/* Open ${dir}.  To write (${write} 1) it is made (0700) if new, must be ours
 * and writable by nobody else, and its lock is taken; NULL with FAULT_CONFIG
 * otherwise, naming the pid that holds the lock.  To read it must only exist:
 * NULL with FAULT_NONE if it does not. */
struct state *state_open(const char *dir, int write, struct fault *f);

/* Put the path of ${name} in it into ${path}; -1 with ${f} if it is too long.
 */
int state_path(const struct state *, const char *name,
    char path[STATE_PATH_MAX], struct fault *f);

/* Is there a file ${name}?  Its size, or -1 if not. */
long long state_size(const struct state *, const char *name);

/* Make the marker file that says that this directory has a store, durably, or
 * remove it; is it there? */
int state_mark(const struct state *, struct fault *f);
int state_unmark(const struct state *, struct fault *f);
int state_marked(const struct state *);

/* Rename a file in it, durably.  0, or -1 with ${f}; that there is no file
 * ${from} is no fault. */
int state_rename(
    const struct state *, const char *from, const char *to, struct fault *f);

/* The pid of the process that holds the lock of ${dir}, 0 if none does, or -1
 * if it is held and the pid cannot be told. */
long state_owner(const char *dir);

/* Close it and let the lock go; state_close(NULL) has no effect. */
void state_close(struct state *);

#endif
