/* dialogue.h - a session with a server that is played: what the session says,
 * and the story of what it tells its owner. */
#ifndef DIALOGUE_H
#define DIALOGUE_H

#include <stddef.h>
#include <stdint.h>

#include "bridge/buf.h"
#include "bridge/imap/session.h"

struct dialogue {
	struct session *session;
	struct buf sent;
	struct buf story;
	uint64_t now;
	const char *user, *password, *token;
	int idle; /* ask for IDLE when all is fetched */
};

/* A session on ${mailbox} that was greeted, and logs in with a password or,
 * if it is not NULL, a token. */
void dialogue_begin(
    struct dialogue *, const char *mailbox, const char *greeting);
void dialogue_begin_as(struct dialogue *, const char *mailbox,
    const char *greeting, const char *token);

/* The server's octets in pieces of ${step}. */
void dialogue_serve(struct dialogue *, const char *text, size_t step);

/* What is to be told is told, what is to be sent is sent. */
void dialogue_pump(struct dialogue *);

/* All that was said and told must be this. */
void dialogue_end(struct dialogue *, const char *sent, const char *story);

#endif
