/* fields.h - the JSON object of an event, property by property, but for the
 * contents of attachments and of the raw message: these are left as holes.
 * There are two forms of it: envelope v1 and RFC 8621's Email object. */
#ifndef FIELDS_H
#define FIELDS_H

#include "bridge/buf.h"
#include "bridge/envelope/jsonw.h"
#include "bridge/envelope/mail.h"

/* How much of everything is written: SIZE_MAX, 1 and 2 for all. */
struct fields_plan {
	size_t text, html;  /* octets of the bodies */
	size_t headers;	    /* fields */
	size_t attachments; /* entries */
	int structure;	    /* 2: all; 1: no subParts; 0: null */
	int lists;	    /* 0: addresses, ids, flags, subject, preview are
			     * null or empty */
	int problems;	    /* 0: codes only */
	int raw;	    /* 1: with a hole for the raw message */
	int contents;	    /* 1: with the contents of attachments */
};

/* A place where a value is to be put. */
struct fields_hole {
	size_t at;	   /* offset in the JSON */
	struct part *part; /* whose content; NULL: the raw message */
};

/* Write envelope v1 to ${out}.  ${holes} has room for one for each part and one
 * more; *nholes says how many there are, in order.  Where memory is out,
 * out->failed is set. */
void fields_write(struct buf *out, const struct mail *,
    const struct fields_plan *, struct fields_hole *holes, size_t *nholes);

/* The same as an Email object, of a mail that went through jmap_prepare(). */
void fields_write_jmap(struct buf *out, const struct mail *,
    const struct fields_plan *, struct fields_hole *holes, size_t *nholes);

/* "<uidValidity>-<uid>", "<uidValidity>-<uid>-<epoch>"; of a notice of a reset
 * "<uidValidity>-reset-<epoch>". */
#define FIELDS_ID 64
void fields_id(const struct message *, char id[FIELDS_ID]);

#endif
