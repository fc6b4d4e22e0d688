/* directory_files.h - the blocking half of the directory sink: files that are
 * on the disk, by name, when the call returns.  One call at a time; any thread.
 */
#ifndef DIRECTORY_FILES_H
#define DIRECTORY_FILES_H

#include <stddef.h>

struct directory_files;
struct event;
struct fault;

struct directory_item {
	struct event *ev;
	void *ticket; /* the sink's; not used here */
};

/* Below ${path}.  Touches no disk.  NULL if memory is out. */
struct directory_files *directory_files_new(const char *path);

/* Open ${path} and ${path}/.tmp.  With ${create} the last component of the path
 * is made if it is missing, never its parents: a mistyped or unmounted path
 * should not become a new tree.  Files left in .tmp by a crash are removed,
 * unless another process works there.  0; or -1: FAULT_CONFIG for what a person
 * must mend, FAULT_RETRY for what may pass (no space, I/O error). */
int directory_files_open(struct directory_files *, int create, struct fault *f);

/* Write ${n} events, each to its own file, replacing one of the same name.
 * After 0 all of them survive a power cut.  After -1 (FAULT_RETRY) nothing is
 * known of any of them, and all are to be written anew: the kernel reports a
 * failed write-back once and then drops the pages, so that a second fsync of
 * the same file would prove nothing. */
int directory_files_write(struct directory_files *,
    const struct directory_item *, size_t n, struct fault *f);

/* Close; directory_files_free(NULL) has no effect. */
void directory_files_free(struct directory_files *);

#endif
