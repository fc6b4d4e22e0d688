/* fingerprint.h - what tells a published mail again when its mailbox numbers
 * all of them anew.  Pure: no I/O, no clock. */
#ifndef FINGERPRINT_H
#define FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct message;

#define FINGERPRINT_HASH 32

struct fingerprint {
	int64_t seq; /* its number in the store; 0: not there yet */
	uint64_t uidvalidity;
	uint32_t uid;
	uint64_t epoch; /* of the mailbox, when it was published */
	int has_received;
	int64_t received; /* INTERNALDATE */
	uint64_t size;	  /* octets; 0: nothing is known of the mail */
	uint64_t id;	  /* of its Message-ID; 0: it has none */
	int has_hash;
	unsigned char hash[FINGERPRINT_HASH]; /* SHA-256 of the raw mail */
};

/* The number of a Message-ID without <>; never 0, but for "". */
uint64_t fingerprint_id(const char *id, size_t len);

/* Of ${m}, whose event has this blobId ("" or NULL: it is not whole) and
 * Message-ID (NULL: none). */
void fingerprint_take(struct fingerprint *, const struct message *m,
    const char *blob_id, const char *message_id);

/* Of what a SESSION_GLANCE tells: no hash. */
void fingerprint_look(struct fingerprint *, const struct message *m);

/* Read "sha256-<64 hex>"; 0, or -1 if it is none. */
int fingerprint_hash(const char *blob_id, unsigned char hash[FINGERPRINT_HASH]);

/* Of those of a mailbox, numbered from 1 on: is number ${seq} still kept when
 * ${last} is written?  The last LIMIT_FINGERPRINTS are all kept, those before
 * by the powers of two in their numbers: one of two when they are twice as old,
 * one of four, and so on. */
int fingerprint_is_kept(int64_t seq, int64_t last);

/* As text, "44:7:12:0:1780308000:700:<hex>:<64 hex>", "-" for what is not
 * known; and read from *text, which moves behind it and a comma: 1, 0 at the
 * end, -1 if it is none. */
void fingerprint_write(struct buf *, const struct fingerprint *);
int fingerprint_read(const char **text, struct fingerprint *);

#endif
