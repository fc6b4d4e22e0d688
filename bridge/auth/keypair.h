/* keypair.h - the RSA key that signs assertions, and its certificate. */
#ifndef KEYPAIR_H
#define KEYPAIR_H

#include <openssl/evp.h>
#include <stdint.h>

struct fault;
struct secret;

struct keypair {
	EVP_PKEY *key;
	char x5t[32];	   /* base64url of the certificate's SHA-1 */
	char x5t_s256[48]; /* ... and of its SHA-256 (RFC 7515 section 4.1.8) */
	int64_t not_after; /* seconds since 1970 */
};

/* Read the certificate (PEM; the first of the file) and its private key (PEM).
 * 0, to be ended with keypair_clear(); or -1 with ${f} (FAULT_CONFIG), also
 * when they do not belong together. */
int keypair_load(struct keypair *, const char *certificate,
    const struct secret *key, struct fault *f);
void keypair_clear(struct keypair *);

/* The private key alone, from ${len} octets of PEM; NULL with ${f}. */
EVP_PKEY *keypair_key(const char *pem, size_t len, struct fault *f);

/* When the certificate ends, seconds since 1970; 0 if it cannot be read. */
int64_t keypair_not_after(const char *certificate);

#endif
