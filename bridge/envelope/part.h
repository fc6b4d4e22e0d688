/* part.h - one node of a message's MIME tree: RFC 8621's EmailBodyPart. */
#ifndef PART_H
#define PART_H

#include "bridge/buf.h"
#include "bridge/envelope/arena.h"
#include "bridge/envelope/hash.h"
#include "bridge/envelope/problem.h"
#include "bridge/envelope/span.h"

#define PART_LANGUAGES 8

enum part_encoding { PART_IDENTITY, PART_BASE64, PART_QUOTED };

struct header;

struct part {
	struct part *parent, *child, *last, *next; /* last: of the children */
	size_t number; /* among its siblings, from 1 */
	int multipart;
	struct span boundary; /* of a multipart; data NULL: none */
	int closed;	      /* its last boundary came */

	struct span id;	     /* "1.2": as IMAP numbers sections */
	struct span head;    /* its header lines */
	struct span content; /* its octets as sent; empty for multiparts */
	enum part_encoding encoding;
	int canonical; /* base64 without a flaw: need not be encoded anew */

	struct span type; /* "text/plain", in lower case */
	struct span charset, disposition, name, cid, location; /* data NULL:
								  none */
	struct span languages[PART_LANGUAGES];
	size_t nlanguages;

	/* For the JMAP form; headers is NULL otherwise, and at the root. */
	struct header *headers;
	size_t nheaders;
	struct part *same; /* an earlier leaf of the same content, or NULL */

	size_t size; /* octets, decoded; 0 for multiparts */
	char blob_id[HASH_ID];
	int unlabelled;		  /* the header names no charset */
	int in_text, in_html;	  /* body.text or body.html holds it: */
	size_t text_at, text_len; /* there */
	int doubtful;		  /* the text, or how it is encoded */
	int truncated;		  /* the text is not all of it */
	int stored; /* its content is not in the event but a blob */
};

/* Fill in what the header says; ${type} is used where it says none.  The parent
 * is known, and the id of all but the root. */
void part_describe(
    struct part *, struct arena *, struct problems *, struct span type);

/* The decoded octets: within the message, or in ${scratch} until its next use.
 * 0; -1 if memory is out.  Damage is noted when ${ps} is given. */
int part_decode(struct part *, struct buf *scratch, struct problems *ps,
    struct span *octets);

/* The next part in the order of the message, or NULL after the last one. */
struct part *part_after(const struct part *);

#endif
