#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "bridge/fault.h"
#include "bridge/imap/trust.h"

struct store {
	struct store *next;
	char *path; /* NULL: the system's */
	X509_STORE *x509;
};

struct trust {
	struct store *stores;
};

struct trust *
trust_new(void)
{
	return (calloc(1, sizeof(struct trust)));
}

static void
store_free(struct store *s)
{
	X509_STORE_free(s->x509);
	free(s->path);
	free(s);
}

void
trust_free(struct trust *t)
{
	struct store *s;

	if (t == NULL)
		return;
	while ((s = t->stores) != NULL) {
		t->stores = s->next;
		store_free(s);
	}
	free(t);
}

static int
load(X509_STORE *x509, const char *path)
{
	const char *bundle;

	if (path != NULL)
		return (X509_STORE_load_file(x509, path));
	/* Where libcurl's packager says the system keeps them. */
	bundle = curl_version_info(CURLVERSION_NOW)->cainfo;
	if (bundle != NULL && access(bundle, R_OK) == 0)
		return (X509_STORE_load_file(x509, bundle));
	return (X509_STORE_set_default_paths(x509));
}

void *
trust_store(struct trust *t, const char *path, struct fault *f)
{
	struct store *s;

	for (s = t->stores; s != NULL; s = s->next) {
		if (path == s->path ||
		    (path != NULL && s->path != NULL &&
			strcmp(path, s->path) == 0))
			return (s->x509);
	}
	ERR_clear_error();
	if ((s = calloc(1, sizeof(*s))) == NULL ||
	    (path != NULL && (s->path = strdup(path)) == NULL) ||
	    (s->x509 = X509_STORE_new()) == NULL) {
		fault_set(f, FAULT_RETRY, "tls_ca: out of memory");
		goto fail;
	}
	if (load(s->x509, path) != 1) {
		fault_set(f, FAULT_CONFIG,
		    "tls_ca: cannot read CA certificates (PEM) from %s: %s",
		    path != NULL ? path : "the system's trust store",
		    ERR_reason_error_string(ERR_peek_last_error()));
		goto fail;
	}
	s->next = t->stores;
	t->stores = s;
	return (s->x509);

fail:
	ERR_clear_error();
	if (s != NULL)
		store_free(s);
	return (NULL);
}
