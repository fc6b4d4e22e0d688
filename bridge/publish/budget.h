/* budget.h - octets that may be in flight between the sockets and the acks.
 * Whoever wants more than is left waits in line; nobody passes him. */
#ifndef BUDGET_H
#define BUDGET_H

#include <stddef.h>

struct budget_waiter {
	size_t size;
	void (*granted)(void *arg); /* the octets are taken: go on */
	void *arg;
	struct budget_waiter *next;
	int waiting;
};

/* Octets that are kept only to spare work: they use what nobody wants, and go
 * as soon as somebody does. */
struct budget_spare {
	size_t size;
	void (*drop)(void *arg); /* they are wanted: give them up */
	void *arg;
	struct budget_spare *next;
	int kept;
};

struct budget {
	size_t max;
	size_t used;
	size_t spared; /* beside these */
	struct budget_spare *spares;
	struct budget_waiter *first, **last;
};

void budget_init(struct budget *, size_t max);

/* Take ${size} octets.  1: taken.  0: not now; ${w} waits in line, and
 * w->granted is called from a later budget_give().  More than the whole budget
 * is granted when nothing else is in flight: it could never be otherwise. */
int budget_take(struct budget *, size_t size, struct budget_waiter *w);

/* Take without asking, for what is in memory already. */
void budget_force(struct budget *, size_t size);

/* Give ${size} octets back, and grant what now fits. */
void budget_give(struct budget *, size_t size);

/* Leave the line; harmless when not in it. */
void budget_cancel(struct budget *, struct budget_waiter *w);

/* Keep ${size} octets more as long as nobody wants them.  1, or 0: there is no
 * room. */
int budget_spare(struct budget *, size_t size, struct budget_spare *);

/* They are kept no more; harmless when they are not. */
void budget_unspare(struct budget *, struct budget_spare *);

/* Is it used up, so that it is better not to ask for more mail? */
int budget_full(const struct budget *);

#endif
