/* counts.h - what has happened so far: plain numbers that are counted where it
 * happens, on the loop's thread, and written by bridge_metrics.c. */
#ifndef COUNTS_H
#define COUNTS_H

#include <stdint.h>

/* Why a connection to a mailbox was made anew. */
enum counts_reconnect {
	COUNTS_CONNECT, /* it never stood */
	COUNTS_TOKEN,	/* there was no token to log in with */
	COUNTS_LOGIN,	/* the credentials were refused */
	COUNTS_SESSION, /* it stood, and then was lost or of no use */
	COUNTS_RENEWAL, /* planned: its token or itself became old */
	COUNTS_RECONNECTS
};

/* Why a login failed. */
enum counts_login {
	COUNTS_REFUSED,	      /* the server refuses the credentials */
	COUNTS_STALE_TOKEN,   /* it refuses a kept token: a new one is tried */
	COUNTS_TOKEN_REFUSED, /* the token endpoint refuses the client */
	COUNTS_TOKEN_MISSING, /* it does not answer, or no token */
	COUNTS_SECRET,	      /* the secret cannot be read, or the config */
	COUNTS_LOGINS
};

/* Of the process. */
struct counts {
	uint64_t reconnects[COUNTS_RECONNECTS];
	uint64_t login_failures[COUNTS_LOGINS];
	uint64_t logins;
};

/* Of one account. */
struct counts_account {
	uint64_t received; /* messages read */
	uint64_t received_bytes;
	uint64_t published;
	uint64_t lettered;
	uint64_t resets; /* mailboxes that were numbered anew */
	uint64_t login_failures;
	int refused; /* the last login was; the credentials are wrong */
};

#endif
