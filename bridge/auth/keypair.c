#include <stdio.h>
#include <string.h>
#include <time.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "bridge/auth/jwt.h"
#include "bridge/auth/keypair.h"
#include "bridge/auth/secret.h"
#include "bridge/buf.h"
#include "bridge/fault.h"

static X509 *
read_certificate(const char *path, struct fault *f)
{
	X509 *x509 = NULL;
	BIO *bio;

	ERR_clear_error();
	if ((bio = BIO_new_file(path, "r")) != NULL)
		x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	if (x509 == NULL)
		fault_set(f, FAULT_CONFIG,
		    "certificate %s: cannot read a certificate (PEM): %s", path,
		    ERR_reason_error_string(ERR_peek_last_error()));
	ERR_clear_error();
	return (x509);
}

static int
no_passphrase(char *to, int size, int writing, void *arg)
{
	(void)to;
	(void)size;
	(void)writing;
	(void)arg;
	return (-1);
}

EVP_PKEY *
keypair_key(const char *pem, size_t len, struct fault *f)
{
	EVP_PKEY *key;
	BIO *bio;

	ERR_clear_error();
	if ((bio = BIO_new_mem_buf(pem, (int)len)) == NULL) {
		fault_set(f, FAULT_RETRY, "out of memory");
		return (NULL);
	}
	key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	ERR_clear_error();
	if (key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
		return (key);
	fault_set(f, FAULT_CONFIG,
	    key == NULL ? "holds no private key in PEM without a passphrase"
			: "is no RSA key, which RS256 and PS256 need");
	EVP_PKEY_free(key);
	return (NULL);
}

static EVP_PKEY *
read_key(const struct secret *secret, struct fault *f)
{
	EVP_PKEY *key;
	char *pem;
	size_t len;

	if ((pem = secret_read(secret, &len, f)) == NULL)
		return (NULL);
	if ((key = keypair_key(pem, len, f)) == NULL)
		fault_prefix(f, "%s", secret_where(secret));
	secret_wipe(pem, len);
	return (key);
}

static int64_t
not_after(const X509 *x509)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(X509_get0_notAfter(x509), &tm) != 1)
		return (0);
	return (timegm(&tm));
}

static int
thumbprint(const X509 *x509, const EVP_MD *md, char *text, size_t size)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len;
	struct buf b;
	int result = -1;

	buf_init(&b, 2 * sizeof(digest));
	if (X509_digest(x509, md, digest, &len) == 1 &&
	    jwt_base64url(digest, len, &b) == 0 && b.len < size) {
		memcpy(text, b.data, b.len + 1);
		result = 0;
	}
	buf_free(&b);
	return (result);
}

int
keypair_load(struct keypair *k, const char *certificate,
    const struct secret *key, struct fault *f)
{
	X509 *x509;

	*k = (struct keypair){ 0 };
	if ((x509 = read_certificate(certificate, f)) == NULL ||
	    (k->key = read_key(key, f)) == NULL)
		goto fail;
	if (X509_check_private_key(x509, k->key) != 1) {
		ERR_clear_error();
		fault_set(f, FAULT_CONFIG,
		    "certificate %s: is not that of the key from %s",
		    certificate, secret_where(key));
		goto fail;
	}
	k->not_after = not_after(x509);
	if (thumbprint(x509, EVP_sha1(), k->x5t, sizeof(k->x5t)) == -1 ||
	    thumbprint(x509, EVP_sha256(), k->x5t_s256, sizeof(k->x5t_s256)) ==
		-1) {
		fault_set(f, FAULT_RETRY, "out of memory");
		goto fail;
	}
	X509_free(x509);
	return (0);

fail:
	X509_free(x509);
	keypair_clear(k);
	return (-1);
}

void
keypair_clear(struct keypair *k)
{
	EVP_PKEY_free(k->key);
	k->key = NULL;
}

int64_t
keypair_not_after(const char *certificate)
{
	int64_t seconds = 0;
	X509 *x509;

	if ((x509 = read_certificate(certificate, NULL)) != NULL)
		seconds = not_after(x509);
	X509_free(x509);
	return (seconds);
}
