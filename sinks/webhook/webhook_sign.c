#include <inttypes.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>

#include "bridge/envelope/base64.h"
#include "bridge/envelope/event.h"
#include "sinks/webhook/webhook_sign.h"

#define PREFIX "whsec_"
#define KEY_MIN 24 /* the specification: 24 to 64 octets */
#define SHA256_LEN 32
#define ID_OCTETS 16

int
webhook_id(const struct event *ev, char id[WEBHOOK_ID])
{
	unsigned char hash[SHA256_LEN];
	EVP_MD_CTX *ctx;
	int i, n, ok;

	/* With its NUL, so that no two pairs are the same octets. */
	ok = (ctx = EVP_MD_CTX_new()) != NULL &&
	    EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
	    EVP_DigestUpdate(ctx, ev->source, strlen(ev->source) + 1) == 1 &&
	    EVP_DigestUpdate(ctx, ev->id, strlen(ev->id)) == 1 &&
	    EVP_DigestFinal_ex(ctx, hash, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	if (!ok)
		return (-1);
	n = snprintf(id, WEBHOOK_ID, "msg_");
	for (i = 0; i < ID_OCTETS; i++)
		n += snprintf(id + n, WEBHOOK_ID - (size_t)n, "%02x", hash[i]);
	return (0);
}

const char *
webhook_key_read(struct webhook_key *k, const char *text, size_t len)
{
	char octets[BASE64_DECODED(2 * WEBHOOK_KEY)];
	unsigned found;

	if (len >= strlen(PREFIX) &&
	    memcmp(text, PREFIX, strlen(PREFIX)) == 0) {
		text += strlen(PREFIX);
		len -= strlen(PREFIX);
	}
	if (len > (size_t)2 * WEBHOOK_KEY)
		return ("is longer than 64 octets in base64");
	k->len = base64_decode((struct span){ text, len }, octets, &found);
	if (k->len <= WEBHOOK_KEY)
		memcpy(k->octets, octets, k->len);
	explicit_bzero(octets, sizeof(octets));
	/* Some leave out the padding. */
	if ((found & ~BASE64_CUT) != 0)
		return ("is no base64 behind whsec_");
	if (k->len < KEY_MIN || k->len > WEBHOOK_KEY)
		return ("must be whsec_ and 24 to 64 octets in base64; make "
			"one with: echo whsec_$(openssl rand -base64 32)");
	return (NULL);
}

static int
hmac(EVP_MAC_CTX *ctx, const struct webhook_key *k, const char *head,
    const char *body, size_t len, unsigned char out[SHA256_LEN])
{
	char name[] = "SHA256";
	OSSL_PARAM params[] = { OSSL_PARAM_utf8_string(
				    OSSL_MAC_PARAM_DIGEST, name, 0),
		OSSL_PARAM_END };
	size_t outlen;

	return (EVP_MAC_init(ctx, k->octets, k->len, params) == 1 &&
	    EVP_MAC_update(ctx, (const unsigned char *)head, strlen(head)) ==
		1 &&
	    EVP_MAC_update(ctx, (const unsigned char *)body, len) == 1 &&
	    EVP_MAC_final(ctx, out, &outlen, SHA256_LEN) == 1);
}

int
webhook_sign(const struct webhook_key *k, const char *id, int64_t timestamp,
    const char *body, size_t len, char signature[WEBHOOK_SIGNATURE])
{
	unsigned char out[SHA256_LEN];
	char head[WEBHOOK_ID + 32];
	EVP_MAC_CTX *ctx = NULL;
	EVP_MAC *mac;
	int ok;

	(void)snprintf(head, sizeof(head), "%s.%" PRId64 ".", id, timestamp);
	ok = (mac = EVP_MAC_fetch(NULL, "HMAC", NULL)) != NULL &&
	    (ctx = EVP_MAC_CTX_new(mac)) != NULL &&
	    hmac(ctx, k, head, body, len, out);
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
	if (!ok)
		return (-1);
	memcpy(signature, "v1,", 3);
	base64_encode(
	    (struct span){ (const char *)out, SHA256_LEN }, signature + 3);
	signature[3 + BASE64_ENCODED(SHA256_LEN)] = '\0';
	return (0);
}
