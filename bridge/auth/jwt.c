#include <stdlib.h>
#include <string.h>
#include <openssl/rsa.h>

#include "bridge/auth/jwt.h"
#include "bridge/buf.h"
#include "bridge/limits.h"

int
jwt_base64url(const void *data, size_t len, struct buf *out)
{
	char *s;

	if (len > LIMIT_SECRET * 2 || buf_reserve(out, len / 3 * 4 + 4) == -1)
		return (-1);
	s = out->data + out->len;
	out->len += (size_t)EVP_EncodeBlock((unsigned char *)s, data, (int)len);
	for (; *s != '\0'; s++) {
		if (*s == '+')
			*s = '-';
		else if (*s == '/')
			*s = '_';
	}
	while (len > 0 && out->data[out->len - 1] == '=')
		out->data[--out->len] = '\0';
	return (0);
}

static int
put_json(const json_t *json, struct buf *out)
{
	char *text;
	int result;

	if ((text = json_dumps(json, JSON_COMPACT)) == NULL)
		return (-1);
	result = jwt_base64url(text, strlen(text), out);
	free(text);
	return (result);
}

static int
put_signature(EVP_PKEY *key, int pss, struct buf *out)
{
	EVP_MD_CTX *md;
	EVP_PKEY_CTX *ctx;
	unsigned char signature[1024];
	size_t len = sizeof(signature);
	int result = -1;

	if ((md = EVP_MD_CTX_new()) == NULL)
		return (-1);
	if (EVP_PKEY_get_size(key) > (int)sizeof(signature) ||
	    EVP_DigestSignInit(md, &ctx, EVP_sha256(), NULL, key) != 1)
		goto fail;
	if (pss &&
	    (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) != 1 ||
		EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) !=
		    1))
		goto fail;
	if (EVP_DigestSign(md, signature, &len,
		(const unsigned char *)out->data, out->len) != 1)
		goto fail;
	buf_putc(out, '.');
	result = jwt_base64url(signature, len, out);

fail:
	EVP_MD_CTX_free(md);
	return (result);
}

int
jwt_sign(
    const json_t *header, const json_t *claims, EVP_PKEY *key, struct buf *out)
{
	const char *alg = json_string_value(json_object_get(header, "alg"));
	struct buf b;
	int result = -1;

	buf_init(&b, LIMIT_SECRET);
	if (alg == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA ||
	    put_json(header, &b) == -1 || buf_putc(&b, '.') == -1 ||
	    put_json(claims, &b) == -1 ||
	    put_signature(key, strcmp(alg, "PS256") == 0, &b) == -1)
		goto fail;
	result = buf_put(out, b.data, b.len);

fail:
	if (b.data != NULL)
		explicit_bzero(b.data, b.cap);
	buf_free(&b);
	return (result);
}

/* base64url to octets, into memory of ${len} / 4 * 3 + 3; how many, or -1. */
static int
decode(const char *text, size_t len, unsigned char *octets)
{
	char *copy;
	size_t i, pad;
	int n;

	pad = (4 - len % 4) % 4;
	if (pad == 3 || (copy = malloc(len + pad + 1)) == NULL)
		return (-1);
	for (i = 0; i < len; i++) {
		copy[i] = text[i];
		if (text[i] == '-')
			copy[i] = '+';
		else if (text[i] == '_')
			copy[i] = '/';
	}
	memset(copy + len, '=', pad);
	n = EVP_DecodeBlock(
	    octets, (const unsigned char *)copy, (int)(len + pad));
	explicit_bzero(copy, len);
	free(copy);
	return (n < (int)pad ? -1 : n - (int)pad);
}

json_t *
jwt_claims(const char *token)
{
	const char *start, *end;
	unsigned char *octets;
	json_t *claims = NULL;
	size_t len;
	int n;

	if ((start = strchr(token, '.')) == NULL ||
	    (end = strchr(++start, '.')) == NULL)
		return (NULL);
	len = (size_t)(end - start);
	if (len == 0 || len > LIMIT_SECRET ||
	    (octets = malloc(len / 4 * 3 + 6)) == NULL)
		return (NULL);
	if ((n = decode(start, len, octets)) > 0)
		claims = json_loadb((char *)octets, (size_t)n, 0, NULL);
	free(octets);
	if (!json_is_object(claims)) {
		json_decref(claims);
		return (NULL);
	}
	return (claims);
}
