/* mutf7.h - mailbox names on the wire: modified UTF-7, RFC 3501 section 5.1.3
 */
#ifndef MUTF7_H
#define MUTF7_H

/* Encode a UTF-8 name; malloc'ed, or NULL if it is no valid UTF-8 or memory is
 * out. */
char *mutf7_encode(const char *utf8);

/* Decode a name from the server; malloc'ed UTF-8, or NULL if it is no valid
 * modified UTF-7 or memory is out. */
char *mutf7_decode(const char *name);

#endif
