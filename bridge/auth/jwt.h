/* jwt.h - JSON Web Tokens (RFC 7519), as compact JWS (RFC 7515).  No I/O and no
 * clock: times and ids are in the claims that come in. */
#ifndef JWT_H
#define JWT_H

#include <jansson.h>
#include <openssl/evp.h>

struct buf;

/* Append base64url without padding.  0, or -1 if memory is out. */
int jwt_base64url(const void *data, size_t len, struct buf *out);

/* Append the JWT of ${claims}, signed with the RSA key.  ${header} says how by
 * its "alg": RS256, or PS256 (RFC 7518 sections 3.3 and 3.5).  0, or -1. */
int jwt_sign(
    const json_t *header, const json_t *claims, EVP_PKEY *key, struct buf *out);

/* The claims of ${token}, whose signature is NOT verified: for showing to
 * people, and for "exp".  NULL if it is no JWT (access tokens need not be). */
json_t *jwt_claims(const char *token);

#endif
