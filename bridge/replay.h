/* replay.h - publish stored mail once more, beside a daemon that may be
 * running: own connection, EXAMINE, no lock, no mark read or moved. */
#ifndef REPLAY_H
#define REPLAY_H

#include <stddef.h>
#include <stdint.h>

struct config;

struct replay_request {
	size_t account; /* index into the config's */
	const char *mailbox;
	size_t sink; /* index into the config's; CONFIG_NO_SINK: to all of the
		      * account */
	uint32_t lo, hi; /* UIDs; UINT32_MAX: to the last one */
	char since[16];	 /* only what arrived since "05-Jan-2026"; "": all */
	int dry;	 /* only tell what would be published */
};

/* Do it: the events carry the ids that they had, and "replay": true.  What a
 * sink refuses is told, and not put into the dead letter.  Tells the outcome on
 * standard output; returns the exit code: 65 if something asked for by its UID
 * is not there or a sink refuses it, 75 if it was cut short. */
int replay_run(const struct config *, const struct replay_request *);

#endif
