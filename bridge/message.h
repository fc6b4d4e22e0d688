/* message.h - one mail as it came from a mailbox: what every source makes and
 * the envelope turns into an event. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "bridge/watch/fingerprint.h"

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
	int incomplete;	 /* it hands over only its start, which is in raw */
	int joined;	 /* raw is header and text, that came apart */
	int placeholder; /* raw is what the server sent in its place */
	int replay;
	uint64_t epoch; /* its id ends with it: another mail had the same UID;
			 * or 0 */
	int uncertain;	/* maybe it was published before, under another id */

	/* What a server may tell beside: NULL, or 0, if it does not. */
	char *email_id, *thread_id; /* RFC 8474 */
	int has_savedate;
	int64_t savedate;	     /* RFC 8514; seconds since 1970, UTC */
	uint64_t gm_msgid, gm_thrid; /* Gmail's X-GM-MSGID, X-GM-THRID */
	char *gm_labels; /* in UTF-8, each ends in a line feed; or NULL */

	/* What is remembered of it; filled in when its event is made. */
	struct fingerprint print;
	/* No mail but a notice of this: uid is 0, raw is the notice as JSON,
	 * and all else but the coordinates is unset.  Owned; or NULL. */
	struct reset *reset;
};

/* Is raw only the start of it? */
int message_is_cut(const struct message *);

/* The server's own id of its conversation, or NULL; it may be in ${text}. */
const char *message_thread(const struct message *, char text[24]);

/* A message with nothing in it, or NULL if memory is out. */
struct message *message_new(void);

/* Free it with its strings and raw bytes; message_free(NULL) has no effect. */
void message_free(struct message *);

#endif
