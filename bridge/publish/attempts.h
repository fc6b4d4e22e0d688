/* attempts.h - which messages are being converted right now, noted so that it
 * is known after a crash.
 *
 * A message may kill the converter: a fault in it or in a library, or a need of
 * memory or time without end.  Then the process is gone, comes back, fetches
 * the same message again, and so on for ever.  So each worker notes its message
 * in a file that is mapped into memory: a store, no system call, and the page
 * cache outlives the process (not a power cut, but that is no message's doing).
 * What is still noted at the next start is counted, durably, in "suspects".
 * Such a message is from then on converted alone in the whole process, so that
 * the next crash tells for sure, and an innocent one is acquitted; after
 * LIMIT_CONVERT_CRASHES it is given up, for the dead letter, without another
 * look at its bytes.
 *
 * A thread cannot be ended from outside, so a conversion that takes longer than
 * its time ends the process, and the message is given up at once.
 *
 * On the loop's thread, where it does not say otherwise.  Everywhere a NULL
 * struct attempts notes nothing and holds nobody up. */
#ifndef ATTEMPTS_H
#define ATTEMPTS_H

#include <stddef.h>
#include <uv.h>

struct attempt;
struct attempts;
struct fault;
struct message;

enum attempts_verdict {
	ATTEMPTS_FREE,	/* convert it, with others at once */
	ATTEMPTS_ALONE, /* convert it alone */
	ATTEMPTS_GIVE_UP
};

/* One who converts, and who may have to wait for its turn. */
struct attempts_turn {
	void (*resume)(void *arg); /* ask again */
	void *arg;
	struct attempts_turn *next;
	int waiting;
};

/* Open the record of the state directory ${state}, which this process must have
 * the lock of, and count what is noted in it.  NULL with ${f}. */
struct attempts *attempts_open(uv_loop_t *, const char *state, struct fault *f);

/* Free it, in a later turn of the loop.  Nothing may be under way any more. */
void attempts_close(struct attempts *);

/* What to do with a message; where it is given up, ${reason} says why. */
enum attempts_verdict attempts_judge(
    struct attempts *, const struct message *, char *reason, size_t room);

/* Begin some conversions (${alone}: of one message, and no other meanwhile).
 * 1; or 0: not now, and turn->resume() is called when to ask again. */
int attempts_enter(struct attempts *, struct attempts_turn *, int alone);

/* They are over, whatever came of them. */
void attempts_leave(struct attempts *);

/* Wait no more. */
void attempts_cancel(struct attempts *, struct attempts_turn *);

/* On a worker: note that the message is being converted; and that it was.  The
 * note is NULL where there is no room, which attempts_end() takes. */
struct attempt *attempts_begin(struct attempts *, const struct message *);
void attempts_end(struct attempt *);

/* On the worker that converted it alone, before attempts_leave(): it is no
 * suspect any more. */
void attempts_acquit(struct attempts *, const struct message *);

#endif
