/* letter.h - the dead letters below the state directory: messages that a sink
 * refused for good, whole, with their coordinates and the reason. */
#ifndef LETTER_H
#define LETTER_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of ACCOUNT/MAILBOX/UIDVALIDITY-UID with its NUL. */
#define LETTER_NAME_SIZE 640

struct fault;
struct message;

/* Put the name of a message below the dead letter into ${name}: one message,
 * one name, of visible ASCII without blanks. */
void letter_name(const struct message *, char name[LETTER_NAME_SIZE]);

/* Write dead-letter/ACCOUNT/MAILBOX/UIDVALIDITY-UID[-EPOCH]@SINK.eml (the raw
 * message) and .json (account, mailbox, uidValidity, uid, sink, reason, flags,
 * internalDate, size, and what else the message knows) below the state
 * directory ${state_fd}, durably; the .json last: a letter without it is not
 * complete.  The notice of a reset is .../UIDVALIDITY-reset-EPOCH@SINK, with
 * its JSON in .eml.  Repeating replaces.  0, or -1 with ${f} (FAULT_RETRY).
 * Blocks. */
int letter_write(int state_fd, const struct message *, const char *sink,
    const char *reason, struct fault *f);

/* What the .json says. */
struct letter {
	char *stem; /* its path below the state directory, without .json */
	char *account, *mailbox, *sink, *reason, *flags;
	uint64_t uidvalidity;
	uint32_t uid;
	int64_t internaldate;
	int has_internaldate;
	uint64_t size;
	int64_t written; /* wall clock, seconds */
	int unavailable;
	uint64_t epoch;
	uint64_t reset; /* no mail, but the notice of this reset; or 0 */
	int uncertain;
};

/* The complete letters of an account, of a mailbox and with a UID (NULL, NULL
 * and -1: of all; 0: those of resets), ordered by account, mailbox, UIDVALIDITY
 * and UID; *n of them. NULL with ${f}: FAULT_NONE if there are none, FAULT_DATA
 * if one cannot be read. */
struct letter *letter_list(int state_fd, const char *account,
    const char *mailbox, int64_t uid, size_t *n, struct fault *f);
void letter_list_free(struct letter *, size_t n);

/* The octets of its raw message, and the message, which borrows account and
 * mailbox of the letter.  -1 or NULL with ${f}. */
int64_t letter_octets(int state_fd, const struct letter *, struct fault *f);
struct message *letter_read(
    int state_fd, const struct letter *, struct fault *f);

/* Remove it, durably.  0, or -1 with ${f}. */
int letter_remove(int state_fd, const struct letter *, struct fault *f);

#endif
