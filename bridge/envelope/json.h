/* json.h - JSON written straight into a buffer.
 *
 * The one place where bytes of a mail become JSON: whatever they are, the text
 * written is valid UTF-8 and valid JSON.  NULs are dropped (RFC 8621 section
 * 4.1.2.1), each octet that is not well-formed UTF-8 becomes U+FFFD.  Commas
 * are put by the writer; that braces match and keys are unique is the
 * caller's care.  No call fails: the buffer remembers (buf.failed). */
#ifndef JSON_H
#define JSON_H

#include <stddef.h>
#include <stdint.h>

#include "bridge/buf.h"
#include "bridge/envelope/span.h"

struct json {
	struct buf *out;
	int comma; /* the next key or element needs one in front */
};

void json_init(struct json *, struct buf *out);

/* '{', '[' and their ends. */
void json_open(struct json *, char bracket);
void json_close(struct json *, char bracket);

/* A key, which must need no escaping; or one made of a mail's bytes. */
void json_key(struct json *, const char *);
void json_key_span(struct json *, struct span);

/* Values: elements of an array, or after a key. */
void json_null(struct json *);
void json_bool(struct json *, int);
void json_uint(struct json *, uint64_t);
void json_string(struct json *, struct span);

/* A string, or null where data is NULL. */
void json_maybe(struct json *, struct span);

/* A place where the caller will put a value later: writes only the comma. */
void json_hole(struct json *);

/* The longest start of the bytes that json_string() writes in at most ${max}
 * bytes, quotes not counted; *written says in how many. */
size_t json_fit(struct span, size_t max, size_t *written);

#endif
