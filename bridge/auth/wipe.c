#include <curl/curl.h>
#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>

#include "bridge/auth/wipe.h"

static void
wiping_free(void *p)
{
	if (p == NULL)
		return;
	explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

/* realloc() would leave the old place as it was. */
static void *
wiping_realloc(void *p, size_t len)
{
	size_t had;
	void *new;

	if (p == NULL)
		return (malloc(len));
	had = malloc_usable_size(p);
	if (len != 0 && len <= had && len >= had / 2)
		return (p);
	if ((new = malloc(len)) == NULL)
		return (NULL);
	memcpy(new, p, had < len ? had : len);
	wiping_free(p);
	return (new);
}

static char *
plain_strdup(const char *s)
{
	return (strdup(s));
}

/* OpenSSL tells who asks. */
static void *
crypto_malloc(size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	return (malloc(len));
}

static void *
crypto_realloc(void *p, size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	if (len == 0) {
		wiping_free(p);
		return (NULL);
	}
	return (wiping_realloc(p, len));
}

static void
crypto_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	wiping_free(p);
}

void
wipe_libraries(void)
{
	json_set_alloc_funcs(malloc, wiping_free);
	(void)CRYPTO_set_mem_functions(
	    crypto_malloc, crypto_realloc, crypto_free);
	(void)curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wiping_free,
	    wiping_realloc, plain_strdup, calloc);
}
