/* webhook_sign.h - the signature of the Standard Webhooks specification 1.0.0:
 * HMAC-SHA256 over "id.timestamp.body", in base64 behind "v1,". */
#ifndef WEBHOOK_SIGN_H
#define WEBHOOK_SIGN_H

#include <stddef.h>
#include <stdint.h>

struct event;

/* Bytes of the texts with their NUL, and of a key at most. */
#define WEBHOOK_ID 40
#define WEBHOOK_SIGNATURE 48
#define WEBHOOK_KEY 64

/* "msg_" and 32 hex digits that name the event: of its source and its id, which
 * is unique within the source only.  The same at each attempt, and in a replay.
 * It holds no full stop, so that nobody can move octets from one of the three
 * signed parts to another.  0, or -1 if OpenSSL fails. */
int webhook_id(const struct event *, char id[WEBHOOK_ID]);

struct webhook_key {
	unsigned char octets[WEBHOOK_KEY];
	size_t len;
};

/* Read "whsec_<base64>"; without the prefix too.  NULL, or what is wrong. */
const char *webhook_key_read(
    struct webhook_key *, const char *text, size_t len);

/* "v1,<base64>".  0, or -1 if OpenSSL fails. */
int webhook_sign(const struct webhook_key *, const char *id, int64_t timestamp,
    const char *body, size_t len, char signature[WEBHOOK_SIGNATURE]);

#endif
