/* rematch_private.h - what rematch.c (who is known) and rematch_decide.c (what
 * becomes of the others) share. */
#ifndef REMATCH_PRIVATE_H
#define REMATCH_PRIVATE_H

#include "bridge/watch/fingerprint.h"
#include "bridge/watch/rematch.h"

/* A mail by its date, seen from what is remembered. */
enum rematch_age {
	REMATCH_UNDATED,
	REMATCH_NEWER,	   /* than all of it */
	REMATCH_SAME_TIME, /* as the last ones */
	REMATCH_OLDER,	   /* than the last ones */
	REMATCH_OLDEST,	   /* than all of it */
	REMATCH_AGES
};

/* A mail that may be one of the remembered. */
struct rematch_mail {
	struct fingerprint look;
	size_t print; /* which it is; or SIZE_MAX */
};

/* What is remembered of one. */
struct rematch_print {
	struct fingerprint look;
	size_t group; /* numbered together */
	int dense;    /* one of the last, of which none is left out */
	size_t mail;  /* which it is now; or SIZE_MAX */
};

struct rematch {
	struct rematch_rules rules;
	struct rematch_print *prints; /* by their old places */
	size_t n;
	int has_dates;
	int64_t oldest, old, newest;
	struct rematch_mail *mails; /* by UID, after rematch_doubts() */
	size_t nmails, maxmails;
	struct uidset ages[REMATCH_AGES]; /* all other mails */
};

/* Did all mails before this one have their outcome as well? */
int rematch_is_witness(const struct rematch *, size_t print);

enum rematch_age rematch_age(
    const struct rematch *, const struct fingerprint *mail);

/* Those that the hash makes known. */
void rematch_marry_hashed(struct rematch *);

#endif
