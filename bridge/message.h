/* message.h - one mail as it came from a mailbox: what every source makes and
 * the envelope turns into an event. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stddef.h>
#include <stdint.h>

struct message {
	const char *account; /* configured name; borrowed from the mailbox */
	const char *mailbox; /* name in UTF-8; borrowed likewise */
	uint64_t uidvalidity;
	uint32_t uid;
	int64_t internaldate; /* seconds since 1970, UTC */
	int has_internaldate; /* 0: the server sent none that parses */
	char *flags; /* "\\Seen \\Flagged", separated by one space; or NULL */
	char *raw;   /* raw_len bytes, not NUL-ended; NULL when unavailable */
	size_t raw_len;
	uint64_t size;	 /* octets of the whole message; more than raw_len
			  * when it was cut at limits.max_message_bytes */
	int unavailable; /* the server lists the UID and never hands the
			  * message over: the event is a stub */
	int replay;
};

/* A message with nothing in it, or NULL if memory is out. */
struct message *message_new(void);

/* Free it with its flags and raw bytes; message_free(NULL) has no effect. */
void message_free(struct message *);

#endif
