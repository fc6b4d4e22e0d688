/* attempts_private.h - what attempts.c (turns and verdicts), attempts_slot.c
 * (notes) and attempts_watch.c (time) share. */
#ifndef ATTEMPTS_PRIVATE_H
#define ATTEMPTS_PRIVATE_H

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>
#include <uv.h>

#include "bridge/limits.h"
#include "bridge/publish/attempts.h"
#include "bridge/publish/letter.h"

/* In the mapped file.  The state is stored last, and cleared first. */
enum attempt_state {
	ATTEMPT_NONE,
	ATTEMPT_TAKEN, /* by a worker that is writing the name */
	ATTEMPT_RUNNING /* what is left of it after a crash is a suspect */,
	ATTEMPT_OVERRAN
};

struct attempt_note {
	_Atomic uint32_t state;
	char name[LETTER_NAME_SIZE];
};

struct attempts_file {
	char magic[64];
	struct attempt_note notes[LIMIT_CONVERT_SLOTS];
};

/* In this process: what the watch looks at.  The worker writes the atomics. */
struct attempt {
	struct attempt_note *note;
	_Atomic uint64_t number; /* odd while a message is being converted */
	_Atomic uint64_t octets;
	_Atomic int clock; /* of the worker's processor time */
	/* The loop's: when it first saw this number. */
	uint64_t seen;
	uint64_t seen_cpu_ms, seen_ms;
};

struct suspects;

struct attempts {
	int state_fd;
	struct attempts_file *file;
	struct suspects *suspects;
	struct attempt slots[LIMIT_CONVERT_SLOTS];
	unsigned entered; /* conversions under way, in batches */
	int alone;	  /* one is, and no other may be */
	int want_alone;	  /* somebody waits for that */
	struct attempts_turn *first, **last;
	uv_loop_t *loop;
	uv_timer_t timer;
};

/* Map the file, a new one if there is none or it is not like ours; without
 * space on the disk, memory.  0, or -1 with ${f}. */
int attempts_map(struct attempts *, struct fault *f);

/* Look after the time of those under way, until there are none. */
void attempts_watch(struct attempts *);

#endif
