#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/envelope/hash.h"

struct hash {
	EVP_MD_CTX *ctx;
};

/* Fetching takes longer than hashing a small mail; the method is immutable and
 * shared by all threads. */
static pthread_once_t hash_once = PTHREAD_ONCE_INIT;
static EVP_MD *hash_method;

static void
hash_fetch(void)
{
	hash_method = EVP_MD_fetch(NULL, "SHA256", NULL);
}

struct hash *
hash_new(void)
{
	struct hash *h;

	if (pthread_once(&hash_once, hash_fetch) != 0 || hash_method == NULL ||
	    (h = calloc(1, sizeof(*h))) == NULL)
		return (NULL);
	if ((h->ctx = EVP_MD_CTX_new()) == NULL) {
		free(h);
		return (NULL);
	}
	return (h);
}

int
hash_name(struct hash *h, struct span octets, char id[HASH_ID])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len, i;
	char *p = id;

	if (EVP_DigestInit_ex2(h->ctx, hash_method, NULL) != 1 ||
	    EVP_DigestUpdate(h->ctx, octets.data, octets.len) != 1 ||
	    EVP_DigestFinal_ex(h->ctx, digest, &len) != 1 || len != 32)
		return (-1);
	memcpy(p, "sha256-", 7);
	for (p += 7, i = 0; i < len; i++) {
		*p++ = hex[digest[i] >> 4];
		*p++ = hex[digest[i] & 15];
	}
	*p = '\0';
	return (0);
}

void
hash_free(struct hash *h)
{
	if (h == NULL)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}
