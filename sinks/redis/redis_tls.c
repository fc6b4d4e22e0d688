#include "sinks/redis/redis_tls.h"

#include "bridge/fault.h"

#ifdef HAVE_HIREDIS_SSL

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <hiredis/async.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "bridge/auth/secret.h"
#include "sinks/redis/redis_config.h"

const int redis_tls_built = 1;

static int
failed(struct fault *f, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return (fault_set(f, FAULT_CONFIG, "%s: %s", what,
	    reason != NULL ? reason : "failed"));
}

static int
use_key(SSL_CTX *ctx, const struct secret *secret, struct fault *f)
{
	EVP_PKEY *key = NULL;
	BIO *bio = NULL;
	char *pem;
	size_t len;
	int rc = -1;

	if ((pem = secret_read(secret, &len, f)) == NULL)
		return (fault_prefix(f, "client_certificate: key"));
	if ((bio = BIO_new_mem_buf(pem, (int)len)) != NULL)
		key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	if (key == NULL || SSL_CTX_use_PrivateKey(ctx, key) != 1)
		(void)failed(f, "client_certificate: key");
	else
		rc = 0;
	EVP_PKEY_free(key);
	BIO_free(bio);
	secret_wipe(pem, len);
	return (rc);
}

static int
fill(SSL_CTX *ctx, const struct redis_tls_config *c, struct fault *f)
{
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
		return (failed(f, "TLS 1.2"));
	if (c->ca == NULL && SSL_CTX_set_default_verify_paths(ctx) != 1)
		return (failed(f, "the system's certificates"));
	if (c->ca != NULL &&
	    SSL_CTX_load_verify_locations(ctx, c->ca, NULL) != 1)
		return (failed(f, c->ca));
	if (c->certificate == NULL)
		return (0);
	if (SSL_CTX_use_certificate_chain_file(ctx, c->certificate) != 1)
		return (failed(f, c->certificate));
	return (use_key(ctx, c->key, f));
}

/* hiredis itself verifies no name. */
static int
expect(SSL *ssl, const char *name)
{
	unsigned char address[16];

	if (inet_pton(AF_INET, name, address) == 1 ||
	    inet_pton(AF_INET6, name, address) == 1)
		return (
		    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name));
	return (SSL_set1_host(ssl, name) == 1 &&
	    SSL_set_tlsext_host_name(ssl, name) == 1);
}

int
redis_tls_start(redisAsyncContext *ac, const struct redis_tls_config *c,
    const char *host, void **tls, struct fault *f)
{
	SSL_CTX *ctx;
	SSL *ssl = NULL;
	int rc = -1;

	ERR_clear_error();
	if ((ctx = SSL_CTX_new(TLS_client_method())) == NULL)
		return (failed(f, "TLS"));
	if (fill(ctx, c, f) == -1)
		goto out;
	if ((ssl = SSL_new(ctx)) == NULL ||
	    !expect(ssl, c->server_name != NULL ? c->server_name : host)) {
		(void)failed(f, "TLS");
		goto out;
	}
	/* It becomes the connection's, but not if that fails: the handshake may
	 * be over already. */
	if (redisInitiateSSL(&ac->c, ssl) != REDIS_OK) {
		fault_set(f, FAULT_RETRY, "TLS: %s", ac->c.errstr);
		redis_tls_blame(ssl, f);
		goto out;
	}
	*tls = ssl;
	ssl = NULL;
	rc = 0;
out:
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	return (rc);
}

void
redis_tls_blame(void *tls, struct fault *f)
{
	const char *reason;
	long verified = SSL_get_verify_result(tls);

	if (verified != X509_V_OK) {
		fault_set(f, FAULT_CONFIG,
		    "TLS: the server's certificate is not accepted: %s",
		    X509_verify_cert_error_string(verified));
		return;
	}
	reason = ERR_reason_error_string(ERR_peek_last_error());
	ERR_clear_error();
	if (reason != NULL)
		fault_set(f, FAULT_RETRY, "TLS: %s", reason);
}

#else

const int redis_tls_built = 0;

int
redis_tls_start(struct redisAsyncContext *ac, const struct redis_tls_config *c,
    const char *host, void **tls, struct fault *f)
{
	(void)ac;
	(void)c;
	(void)host;
	(void)tls;
	return (fault_set(f, FAULT_CONFIG, "TLS is not in this build"));
}

void
redis_tls_blame(void *tls, struct fault *f)
{
	(void)tls;
	(void)f;
}

#endif
