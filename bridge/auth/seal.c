#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "bridge/auth/seal.h"
#include "bridge/auth/secret.h"
#include "bridge/fault.h"
#include "bridge/limits.h"

#define KEY_OCTETS 32
#define NONCE_OCTETS 12
#define TAG_OCTETS 16

/* So that what was sealed for another purpose does not open here. */
static const unsigned char purpose[] = "mailbridge secret 1";

/* Base64 to octets, at most ${size}; how many, or -1. */
static int
decode(const char *text, unsigned char *octets, size_t size)
{
	size_t len = strlen(text), pad = 0;
	int n;

	if (len == 0 || len % 4 != 0 || len / 4 * 3 > size)
		return (-1);
	while (pad < 2 && text[len - 1 - pad] == '=')
		pad++;
	n = EVP_DecodeBlock(octets, (const unsigned char *)text, (int)len);
	return (n == -1 ? -1 : n - (int)pad);
}

static int
read_key(const struct secret *ref, unsigned char key[KEY_OCTETS + 3],
    struct fault *f)
{
	char *text;
	size_t len;
	int n;

	if ((text = secret_read(ref, &len, f)) == NULL)
		return (fault_prefix(f, "secret_key"));
	n = decode(text, key, KEY_OCTETS + 3);
	secret_wipe(text, len);
	if (n == KEY_OCTETS)
		return (0);
	return (fault_set(f, FAULT_CONFIG,
	    "secret_key: %s: is not base64 of 32 octets; make one with: "
	    "openssl rand -base64 32",
	    secret_where(ref)));
}

char *
seal_close(
    const struct secret *ref, const char *text, size_t len, struct fault *f)
{
	unsigned char key[KEY_OCTETS + 3], *octets = NULL;
	EVP_CIPHER_CTX *ctx = NULL;
	char *sealed = NULL;
	int n, end;

	if (read_key(ref, key, f) == -1)
		return (NULL);
	fault_set(f, FAULT_RETRY, "encryption failed");
	octets = malloc(NONCE_OCTETS + len + TAG_OCTETS);
	if (len > LIMIT_SECRET || octets == NULL ||
	    (ctx = EVP_CIPHER_CTX_new()) == NULL ||
	    RAND_bytes(octets, NONCE_OCTETS) != 1 ||
	    EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, octets) !=
		1 ||
	    EVP_EncryptUpdate(ctx, NULL, &n, purpose, (int)sizeof(purpose)) !=
		1 ||
	    EVP_EncryptUpdate(ctx, octets + NONCE_OCTETS, &n,
		(const unsigned char *)text, (int)len) != 1 ||
	    EVP_EncryptFinal_ex(ctx, octets + NONCE_OCTETS + n, &end) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_OCTETS,
		octets + NONCE_OCTETS + len) != 1)
		goto fail;
	len += NONCE_OCTETS + TAG_OCTETS;
	if ((sealed = malloc((len + 2) / 3 * 4 + 1)) != NULL)
		EVP_EncodeBlock((unsigned char *)sealed, octets, (int)len);

fail:
	EVP_CIPHER_CTX_free(ctx);
	explicit_bzero(key, sizeof(key));
	free(octets);
	return (sealed);
}

static char *
decrypt(const unsigned char *key, unsigned char *octets, size_t len)
{
	EVP_CIPHER_CTX *ctx;
	char *text;
	int n, end, good;

	if ((ctx = EVP_CIPHER_CTX_new()) == NULL)
		return (NULL);
	/* Not in place: nothing may be seen before the tag was right. */
	if ((text = malloc(len + 1)) == NULL) {
		EVP_CIPHER_CTX_free(ctx);
		return (NULL);
	}
	good = EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, octets) ==
		1 &&
	    EVP_DecryptUpdate(ctx, NULL, &n, purpose, (int)sizeof(purpose)) ==
		1 &&
	    EVP_DecryptUpdate(ctx, (unsigned char *)text, &n,
		octets + NONCE_OCTETS, (int)len) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_OCTETS,
		octets + NONCE_OCTETS + len) == 1 &&
	    EVP_DecryptFinal_ex(ctx, (unsigned char *)text + n, &end) == 1;
	EVP_CIPHER_CTX_free(ctx);
	text[len] = '\0';
	if (good)
		return (text);
	secret_wipe(text, len);
	return (NULL);
}

char *
seal_open(
    const struct secret *ref, const char *sealed, size_t *len, struct fault *f)
{
	unsigned char key[KEY_OCTETS + 3], *octets;
	size_t size = strlen(sealed);
	char *text = NULL;
	int n;

	if (size > LIMIT_SECRET * 2 || (octets = malloc(size + 3)) == NULL) {
		fault_set(f, FAULT_CONFIG, "encrypted: is too large");
		return (NULL);
	}
	n = decode(sealed, octets, size + 3);
	if (n < NONCE_OCTETS + TAG_OCTETS) {
		fault_set(f, FAULT_CONFIG,
		    "encrypted: is not what `mailbridge secret seal` prints");
		goto fail;
	}
	if (read_key(ref, key, f) == -1)
		goto fail;
	*len = (size_t)n - NONCE_OCTETS - TAG_OCTETS;
	if ((text = decrypt(key, octets, *len)) == NULL)
		fault_set(f, FAULT_CONFIG,
		    "encrypted: does not open with the key from %s: it was "
		    "sealed with another one, or is damaged",
		    secret_where(ref));
	explicit_bzero(key, sizeof(key));

fail:
	free(octets);
	return (text);
}
