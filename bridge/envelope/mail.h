/* mail.h - a message taken apart: everything that its event says, decoded, but
 * not yet JSON. */
#ifndef MAIL_H
#define MAIL_H

#include "bridge/buf.h"
#include "bridge/message.h"
#include "bridge/envelope/address.h"
#include "bridge/envelope/arena.h"
#include "bridge/envelope/body.h"
#include "bridge/envelope/date.h"
#include "bridge/envelope/hash.h"
#include "bridge/envelope/header.h"
#include "bridge/envelope/ids.h"
#include "bridge/envelope/part.h"
#include "bridge/envelope/problem.h"

enum mail_addresses {
	MAIL_SENDER,
	MAIL_FROM,
	MAIL_TO,
	MAIL_CC,
	MAIL_BCC,
	MAIL_REPLY_TO,
	MAIL_ADDRESSES
};

enum mail_ids { MAIL_MESSAGE_ID, MAIL_IN_REPLY_TO, MAIL_REFERENCES, MAIL_IDS };

struct mail {
	const struct message *message; /* borrowed */
	struct arena arena;	       /* of all that is below */
	struct problems problems;
	struct buf scratch; /* for part_decode() */

	char blob_id[HASH_ID];	     /* "" if not all octets are here */
	char received_at[DATE_TEXT]; /* "" if unknown */
	char sent_at[DATE_TEXT];
	struct span raw; /* the octets that are here */

	struct header *headers; /* unfolded, UTF-8 */
	size_t nheaders;
	struct ids ids[MAIL_IDS];
	struct addresses addresses[MAIL_ADDRESSES];
	int has_addresses[MAIL_ADDRESSES]; /* the field is there */
	struct span subject;		   /* data NULL: none */

	struct part *root; /* NULL for an unavailable message */
	size_t nparts;
	struct body body;
	int has_attachment;
	struct buf text, html; /* UTF-8, LF */
	int has_text, has_html;
	struct span preview;

	/* Filled in by jmap_prepare(). */
	char thread_id[HASH_ID], mailbox_id[HASH_ID];
};

/* Take a message apart.  0; -1 if memory is out or OpenSSL fails.  Call
 * mail_close() in either case. */
int mail_open(struct mail *, const struct message *);
void mail_close(struct mail *);

#endif
