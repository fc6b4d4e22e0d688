/* hash.h - octets by their content: "sha256-<64 hex>". */
#ifndef HASH_H
#define HASH_H

#include "bridge/envelope/span.h"

#define HASH_ID 72 /* bytes of a name with its NUL, and some spare */

struct hash;

/* What hashing needs; for one thread at a time.  NULL if OpenSSL has no SHA-256
 * or memory is out. */
struct hash *hash_new(void);

/* Write the name of the octets.  0, or -1 if OpenSSL fails. */
int hash_name(struct hash *, struct span octets, char id[HASH_ID]);

void hash_free(struct hash *);

#endif
