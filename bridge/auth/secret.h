/* secret.h - a reference to a secret and its reading.  The config holds only
 * references; the bytes are read anew at each use, so that a rotated secret
 * is found, and wiped after it. */
#ifndef SECRET_H
#define SECRET_H

#include <stddef.h>

struct fault;
struct secret;

/* A reference: the bytes of the file (at most 64 KiB, one line end at the end
 * removed; refused with FAULT_CONFIG when others than the owner can read it),
 * of the environment variable, or of the file ${name} in
 * $CREDENTIALS_DIRECTORY.  NULL if memory is out. */
struct secret *secret_file(const char *path);
struct secret *secret_env(const char *name);
struct secret *secret_credential(const char *name);

/* A reference to the text that opens with ${key} (seal.h), which is borrowed
 * for the reference's life. */
struct secret *secret_encrypted(const char *sealed, const struct secret *key);

/* Where it comes from, for errors: "file /etc/mailbridge/support.secret". */
const char *secret_where(const struct secret *);

/* Read it now.  NUL-ended bytes, to be given back with secret_wipe(), or NULL
 * with the reason and the way out in ${f} (FAULT_CONFIG).  The text never holds
 * the secret. */
char *secret_read(const struct secret *, size_t *len, struct fault *f);

/* Overwrite and free what secret_read() gave. */
void secret_wipe(char *, size_t len);

/* Free the reference; secret_free(NULL) has no effect. */
void secret_free(struct secret *);

#endif
