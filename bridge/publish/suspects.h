/* suspects.h - messages that were being converted when the process ended
 * without a word, and how often; kept in the file "suspects" of the state
 * directory.  One thread at a time. */
#ifndef SUSPECTS_H
#define SUSPECTS_H

#include <stddef.h>

#include "bridge/publish/letter.h"

struct fault;
struct suspects;

enum suspect_why {
	SUSPECT_CRASHED, /* it ended the process, or something else did */
	SUSPECT_OVERRAN	 /* it took too long, beyond doubt */
};

struct suspect {
	char name[LETTER_NAME_SIZE];
	enum suspect_why why;
	unsigned count;
};

/* Read the file below the directory ${state_fd}; lines that make no sense are
 * left out.  NULL with ${f} if it cannot be read or memory is out. */
struct suspects *suspects_load(int state_fd, struct fault *f);

/* Write it, durably.  0, or -1 with ${f}. */
int suspects_save(const struct suspects *, int state_fd, struct fault *f);

size_t suspects_number(const struct suspects *);

/* The one of this name, until the next change; or NULL. */
const struct suspect *suspects_find(const struct suspects *, const char *name);

/* Count one more.  The oldest of too many is forgotten. */
const struct suspect *suspects_add(
    struct suspects *, const char *name, enum suspect_why);

/* Forget it; harmless if there is none. */
void suspects_remove(struct suspects *, const char *name);

void suspects_free(struct suspects *);

#endif
