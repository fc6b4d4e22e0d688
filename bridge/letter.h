/* letter.h - the dead letter: a message that its sink refuses for good is kept
 * below the state directory, whole, with its coordinates and the reason. */
#ifndef LETTER_H
#define LETTER_H

struct fault;
struct message;

/* Write dead-letter/ACCOUNT/MAILBOX/UIDVALIDITY-UID.eml (the raw message) and
 * .json (account, mailbox, uidValidity, uid, reason) below the state directory
 * ${state_fd}, durably; the .json last: a letter without it is not complete.
 * Repeating replaces.  0, or -1 with ${f} (FAULT_RETRY).  Blocks. */
int letter_write(
    int state_fd, const struct message *, const char *reason, struct fault *f);

#endif
