/* writer.h - JSON written straight into a buffer.
 *
 * The one place where bytes of a mail become JSON: whatever they are, the text
 * written is valid UTF-8 and valid JSON.  NULs are dropped (RFC 8621 section
 * 4.1.2.1), each octet that is not well-formed UTF-8 becomes U+FFFD.  Commas
 * are put by the writer; that braces match and keys are unique is the
 * caller's care.  No call fails: the buffer remembers (buf.failed). */
#ifndef WRITER_H
#define WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "bridge/buf.h"
#include "bridge/envelope/span.h"

struct writer {
	struct buf *out;
	int comma; /* the next key or element needs one in front */
};

void writer_init(struct writer *, struct buf *out);

/* '{', '[' and their ends. */
void writer_open(struct writer *, char bracket);
void writer_close(struct writer *, char bracket);

/* A key, which must need no escaping; or one made of a mail's bytes. */
void writer_key(struct writer *, const char *);
void writer_key_span(struct writer *, struct span);

/* Values: elements of an array, or after a key. */
void writer_null(struct writer *);
void writer_bool(struct writer *, int);
void writer_uint(struct writer *, uint64_t);
void writer_string(struct writer *, struct span);

/* A string, or null where data is NULL. */
void writer_maybe(struct writer *, struct span);

/* A place where the caller will put a value later: writes only the comma. */
void writer_hole(struct writer *);

/* The longest start of the bytes that writer_string() writes in at most ${max}
 * bytes, quotes not counted; *written says in how many. */
size_t writer_fit(struct span, size_t max, size_t *written);

#endif
