#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/rand.h>

#include "bridge/auth/jwt.h"
#include "bridge/auth/keypair.h"
#include "bridge/auth/oauth2_form.h"
#include "bridge/auth/secret.h"
#include "bridge/buf.h"
#include "bridge/config/client.h"
#include "bridge/fault.h"
#include "bridge/limits.h"

/* An assertion is used at once; the rest is for clocks that differ.  Microsoft:
 * "5-10 minutes after nbf at most". */
#define SKEW_SECONDS 60
#define ASSERTION_SECONDS (600 - SKEW_SECONDS)

/* Google: exp at most an hour after iat. */
#define GOOGLE_SECONDS ((json_int_t)3600)

void
oauth2_form_put(struct buf *form, const char *key, const char *value)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	    "-._~";

	if (form->len > 0)
		buf_putc(form, '&');
	buf_puts(form, key);
	buf_putc(form, '=');
	for (; *value != '\0'; value++) {
		if (strchr(plain, *value) != NULL)
			buf_putc(form, *value);
		else
			buf_printf(form, "%%%02X", (unsigned char)*value);
	}
}

static int
put_secret(struct buf *form, const char *key, const struct secret *secret,
    struct fault *f)
{
	char *value;
	size_t len;

	if ((value = secret_read(secret, &len, f)) == NULL)
		return (fault_prefix(f, "%s", key));
	oauth2_form_put(form, key, value);
	secret_wipe(value, len);
	return (0);
}

#define ID_TEXT 37

/* A random UUID (RFC 9562 section 5.4), so that no assertion is like another.
 */
static int
random_id(char id[ID_TEXT])
{
	unsigned char o[16];
	size_t i, at = 0;

	if (RAND_bytes(o, sizeof(o)) != 1)
		return (-1);
	o[6] = (unsigned char)((o[6] & 0x0f) | 0x40);
	o[8] = (unsigned char)((o[8] & 0x3f) | 0x80);
	for (i = 0; i < sizeof(o); i++)
		at += (size_t)snprintf(id + at, ID_TEXT - at, "%s%02x",
		    i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", o[i]);
	return (0);
}

/* RFC 7523 section 2.2, with what Microsoft wants in the header: the
 * certificate's thumbprints. */
static int
put_signed(struct buf *form, const struct config_client *c, const char *url,
    int64_t now, struct fault *f)
{
	json_t *header = NULL, *claims = NULL;
	struct keypair pair;
	struct buf jwt;
	char id[ID_TEXT];
	int result = -1;

	if (keypair_load(&pair, c->certificate, c->certificate_key, f) == -1)
		return (fault_prefix(f, "client_certificate"));
	buf_init(&jwt, LIMIT_SECRET);
	if (random_id(id) == 0) {
		header = json_pack("{s:s s:s s:s s:s}", "alg",
		    c->rs256 ? "RS256" : "PS256", "typ", "JWT", "x5t", pair.x5t,
		    "x5t#S256", pair.x5t_s256);
		claims = json_pack("{s:s s:s s:s s:s s:I s:I s:I}", "aud",
		    c->audience != NULL ? c->audience : url, "iss",
		    c->client_id, "sub", c->client_id, "jti", id, "iat",
		    (json_int_t)now, "nbf", (json_int_t)(now - SKEW_SECONDS),
		    "exp", (json_int_t)(now + ASSERTION_SECONDS));
	}
	if (header == NULL || claims == NULL ||
	    jwt_sign(header, claims, pair.key, &jwt) == -1) {
		fault_set(f, FAULT_CONFIG,
		    "client_certificate: the assertion cannot be signed");
		goto fail;
	}
	oauth2_form_put(form, "client_assertion", jwt.data);
	result = 0;

fail:
	json_decref(header);
	json_decref(claims);
	if (jwt.data != NULL)
		explicit_bzero(jwt.data, jwt.cap);
	buf_free(&jwt);
	keypair_clear(&pair);
	return (result);
}

/* Who asks. */
static int
put_identity(struct buf *form, const struct config_client *c, const char *url,
    int64_t now, struct fault *f)
{
	oauth2_form_put(form, "client_id", c->client_id);
	if (c->client_secret != NULL)
		return (put_secret(form, "client_secret", c->client_secret, f));
	if (c->client_assertion == NULL && c->certificate == NULL)
		return (0); /* a public client */
	oauth2_form_put(form, "client_assertion_type",
	    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
	if (c->client_assertion != NULL)
		return (put_secret(
		    form, "client_assertion", c->client_assertion, f));
	return (put_signed(form, c, url, now, f));
}

/* What Google writes into the file it gives for a service account. */
struct account_key {
	const char *email;
	const char *id;
	const char *token_uri;
	const char *pem;
};

static int
put_google(struct buf *form, const struct config_client *c,
    const struct account_key *k, const char *url, const char *user, int64_t now,
    struct fault *f)
{
	json_t *header, *claims;
	EVP_PKEY *key;
	struct buf jwt;
	int result = -1;

	if ((key = keypair_key(k->pem, strlen(k->pem), f)) == NULL)
		return (fault_prefix(f, "private_key"));
	buf_init(&jwt, LIMIT_SECRET);
	header = json_pack(
	    "{s:s s:s s:s*}", "alg", "RS256", "typ", "JWT", "kid", k->id);
	claims = json_pack("{s:s s:s s:s s:s s:I s:I}", "iss", k->email,
	    "scope", c->scope != NULL ? c->scope : "https://mail.google.com/",
	    "aud", url, "sub", user, "iat", (json_int_t)now, "exp",
	    now + GOOGLE_SECONDS);
	if (header != NULL && claims != NULL &&
	    jwt_sign(header, claims, key, &jwt) == 0) {
		oauth2_form_put(form, "grant_type",
		    "urn:ietf:params:oauth:grant-type:jwt-bearer");
		oauth2_form_put(form, "assertion", jwt.data);
		result = 0;
	} else
		fault_set(f, FAULT_CONFIG, "the assertion cannot be signed");
	json_decref(header);
	json_decref(claims);
	if (jwt.data != NULL)
		explicit_bzero(jwt.data, jwt.cap);
	buf_free(&jwt);
	EVP_PKEY_free(key);
	return (result);
}

static const char *
text_of(const json_t *json, const char *key)
{
	return (json_string_value(json_object_get(json, key)));
}

static int
service_account(struct buf *form, const struct config_client *c,
    const char *user, int64_t now, char **url, struct fault *f)
{
	struct account_key k;
	json_t *json;
	char *data;
	size_t len;
	int result = -1;

	if ((data = secret_read(c->key, &len, f)) == NULL)
		return (fault_prefix(f, "key"));
	json = json_loadb(data, len, 0, NULL);
	secret_wipe(data, len);
	k = (struct account_key){ .email = text_of(json, "client_email"),
		.id = text_of(json, "private_key_id"),
		.token_uri = text_of(json, "token_uri"),
		.pem = text_of(json, "private_key") };
	if (k.email == NULL || k.pem == NULL) {
		fault_set(f, FAULT_CONFIG,
		    "is not the JSON key of a service account (client_email "
		    "and private_key)");
		goto fail;
	}
	if (c->token_endpoint == NULL &&
	    (k.token_uri == NULL || strncmp(k.token_uri, "https://", 8) != 0)) {
		fault_set(f, FAULT_CONFIG,
		    "has no token_uri with https:// (or set token_endpoint)");
		goto fail;
	}
	*url =
	    strdup(c->token_endpoint != NULL ? c->token_endpoint : k.token_uri);
	if (*url == NULL) {
		fault_set(f, FAULT_RETRY, "out of memory");
		goto fail;
	}
	result = put_google(form, c, &k, *url, user, now, f);

fail:
	if (k.pem != NULL)
		explicit_bzero((char *)(uintptr_t)k.pem, strlen(k.pem));
	json_decref(json);
	if (result == -1)
		fault_prefix(f, "key: %s", secret_where(c->key));
	return (result);
}

int
oauth2_form(const struct config_client *c, const char *user,
    const char *refresh, int64_t now, struct buf *form, char **url,
    struct fault *f)
{
	*url = NULL;
	if (c->grant == CLIENT_SERVICE_ACCOUNT) {
		if (service_account(form, c, user, now, url, f) == -1)
			goto fail;
		return (0);
	}
	if ((*url = strdup(c->token_endpoint)) == NULL) {
		fault_set(f, FAULT_RETRY, "out of memory");
		goto fail;
	}
	if (c->grant == CLIENT_REFRESH_TOKEN) {
		oauth2_form_put(form, "grant_type", "refresh_token");
		oauth2_form_put(form, "refresh_token", refresh);
	} else
		oauth2_form_put(form, "grant_type", "client_credentials");
	if (put_identity(form, c, *url, now, f) == -1)
		goto fail;
	if (c->scope != NULL)
		oauth2_form_put(form, "scope", c->scope);
	if (form->failed) {
		fault_set(f, FAULT_CONFIG, "the request is too large");
		goto fail;
	}
	return (0);

fail:
	free(*url);
	*url = NULL;
	return (-1);
}
