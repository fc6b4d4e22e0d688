/* uidset.h - a set of UIDs as ascending ranges. */
#ifndef UIDSET_H
#define UIDSET_H

#include <stddef.h>
#include <stdint.h>

struct buf;

struct uidset_range {
	uint32_t lo, hi;
};

struct uidset {
	struct uidset_range *memory;
	struct uidset_range *ranges; /* in memory; ascending, never touching */
	size_t n, cap;		     /* from ranges on */
	size_t max;		     /* ranges at most */
};

/* An empty set of at most ${max} ranges; no allocation. */
void uidset_init(struct uidset *, size_t max);

/* Add lo..hi.  0; or -1 when the set is full (or memory is out): then the
 * highest UIDs may be missing from it, never lower ones. */
int uidset_add(struct uidset *, uint32_t lo, uint32_t hi);

/* Take the lowest UID out; 1, or 0 if the set is empty. */
int uidset_pop(struct uidset *, uint32_t *uid);

/* Is ${uid} in it? */
int uidset_has(const struct uidset *, uint32_t uid);

/* The last UID of the range that holds ${uid}; 0 if none does. */
uint32_t uidset_end(const struct uidset *, uint32_t uid);

/* Take all UIDs up to ${uid} out. */
void uidset_cut(struct uidset *, uint32_t uid);

/* How many UIDs are in it. */
uint64_t uidset_count(const struct uidset *);

int uidset_empty(const struct uidset *);

/* Put it behind ${text} as "5:7,9"; whether it fitted the buffer says. */
void uidset_write(const struct uidset *, struct buf *text);

/* Add what such a text holds, its ranges in any order.  0; or -1 when it is
 * none, or does not fit: what was read is in the set. */
int uidset_read(struct uidset *, const char *text);

/* Empty it and give its memory back. */
void uidset_clear(struct uidset *);

#endif
