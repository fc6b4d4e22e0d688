/* seal.h - secrets that stand in the config encrypted: AES-256-GCM, as base64
 * of a random nonce (12 octets), the text, and the tag (16 octets). */
#ifndef SEAL_H
#define SEAL_H

#include <stddef.h>

struct fault;
struct secret;

/* Encrypt ${len} octets with the key that ${key} refers to: base64 of 32
 * octets, as "openssl rand -base64 32" makes it.  malloc'ed text for
 * {encrypted: "..."}, or NULL with ${f}. */
char *seal_close(
    const struct secret *key, const char *text, size_t len, struct fault *f);

/* The text again: NUL-ended octets, to be given back with secret_wipe(); NULL
 * with ${f} (FAULT_CONFIG), also when a bit was changed or the key is another
 * one. */
char *seal_open(
    const struct secret *key, const char *sealed, size_t *len, struct fault *f);

#endif
