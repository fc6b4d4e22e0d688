/* doorman.h - the logins of one account, whatever the number of its mailboxes.
 *
 * A server counts wrong passwords by the account and then locks it.  So one
 * mailbox goes ahead; when it is in, the others follow; when its credentials
 * are refused, all wait for the next step of one ladder, and one tries again.
 * All calls are on the loop's thread. */
#ifndef DOORMAN_H
#define DOORMAN_H

#include <stdint.h>
#include <uv.h>

struct config_retry;
struct counts_account;
struct fault;
struct doorman;

/* One mailbox; embedded in its owner, zeroed before the first use. */
struct doorman_waiter {
	/* It is your turn; ends with one of the calls below. */
	void (*admitted)(void *arg);
	/* Another mailbox (or you, from doorman_refused()) met a refusal; the
	 * next try is in ${ms}: go on waiting.  LADDER_GIVE_UP: wait no more.
	 */
	void (*refused)(void *arg, const struct fault *f, uint64_t ms);
	void *arg;
	struct doorman *doorman; /* while queued or admitted */
	struct doorman_waiter *next;
	int queued;
	unsigned told;
};

/* ${retry} is borrowed.  NULL if memory is out. */
struct doorman *doorman_new(uv_loop_t *, const struct config_retry *retry);

/* Nobody may wait any more.  ${closed} from the loop. */
void doorman_close(struct doorman *, void (*closed)(void *arg), void *arg);

/* Ask to log in.  1: go ahead.  0: wait; ${w}->admitted will be called, from
 * the loop. */
int doorman_enter(struct doorman *, struct doorman_waiter *w);

/* The admitted one is in: the others follow. */
void doorman_passed(struct doorman_waiter *);

/* ... or its credentials were refused: it waits with the others, who are told
 * now; so is it. */
void doorman_refused(struct doorman_waiter *, const struct fault *f);

/* ... or it came to nothing, or the owner waits no more.  Harmless for one that
 * neither waits nor was admitted. */
void doorman_leave(struct doorman_waiter *);

/* Do not wait for the next step: somebody says that the credentials are good
 * now. */
void doorman_hurry(struct doorman *);

/* The serial of the token that was refused last, so that none of the account's
 * mailboxes shows it again; 0: none. */
uint64_t *doorman_token(struct doorman *);

/* What the account has done. */
struct counts_account *doorman_counts(struct doorman *);

#endif
