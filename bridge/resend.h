/* resend.h - publish dead letters once more, beside a daemon that may be
 * running. */
#ifndef RESEND_H
#define RESEND_H

#include <stddef.h>
#include <stdint.h>

struct config;

struct resend_request {
	const char *account; /* only its letters; NULL: of all */
	const char *mailbox; /* only of this one; NULL: of all */
	int64_t uid;	     /* only this one; 0: those of resets; -1: all */
	size_t sink; /* index into the config's; CONFIG_NO_SINK: to the one
		      * that refused it, or, where the account has that no
		      * more, to all of the account */
	int keep;    /* do not remove what is published */
	int dry;     /* only tell what would be published */
};

/* Do it: the events have the ids that they had, and "replay": true.  A letter
 * is removed once its event is acknowledged.  Tells the outcome on standard
 * output; returns the exit code: 65 if there is no such letter, one is damaged
 * or is refused again, 75 if it was cut short. */
int resend_run(const struct config *, const struct resend_request *);

#endif
