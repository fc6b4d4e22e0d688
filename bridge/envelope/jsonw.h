/* jsonw.h - JSON written straight into a buffer.  (The names json_* are
 * jansson's.)
 *
 * The one place where bytes of a mail become JSON: whatever they are, the text
 * written is valid UTF-8 and valid JSON.  NULs are dropped (RFC 8621 section
 * 4.1.2.1), each octet that is not well-formed UTF-8 becomes U+FFFD.  Commas
 * are put by the writer; that braces match and keys are unique is the
 * caller's care.  No call fails: the buffer remembers (buf.failed). */
#ifndef JSONW_H
#define JSONW_H

#include <stddef.h>
#include <stdint.h>

#include "bridge/buf.h"
#include "bridge/envelope/span.h"

struct jsonw {
	struct buf *out;
	int comma; /* the next key or element needs one in front */
};

void jsonw_init(struct jsonw *, struct buf *out);

/* '{', '[' and their ends. */
void jsonw_open(struct jsonw *, char bracket);
void jsonw_close(struct jsonw *, char bracket);

/* A key, which must need no escaping; or one made of a mail's bytes. */
void jsonw_key(struct jsonw *, const char *);
void jsonw_key_span(struct jsonw *, struct span);

/* Values: elements of an array, or after a key. */
void jsonw_null(struct jsonw *);
void jsonw_bool(struct jsonw *, int);
void jsonw_uint(struct jsonw *, uint64_t);
void jsonw_string(struct jsonw *, struct span);

/* A string, or null where data is NULL. */
void jsonw_maybe(struct jsonw *, struct span);

/* A place where the caller will put a value later: writes only the comma. */
void jsonw_hole(struct jsonw *);

/* The longest start of the bytes that jsonw_string() writes in at most ${max}
 * bytes, quotes not counted; *written says in how many. */
size_t jsonw_fit(struct span, size_t max, size_t *written);

#endif
