#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/evp.h>

#include "bridge/auth/oauth2_store.h"
#include "bridge/auth/seal.h"
#include "bridge/auth/secret.h"
#include "bridge/fault.h"
#include "bridge/store/durable.h"

#define DIGEST_TEXT 65

/* So that a token the operator put in is told from the one before, without
 * keeping that. */
static void
fingerprint(const char *token, char text[DIGEST_TEXT])
{
	unsigned char digest[32] = { 0 };
	size_t i;

	(void)EVP_Digest(
	    token, strlen(token), digest, NULL, EVP_sha256(), NULL);
	for (i = 0; i < sizeof(digest); i++)
		(void)snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

/* What stands in the file, opened if it is sealed; NULL if there is none or it
 * does not open. */
static char *
read_text(const char *path, const struct secret *key, size_t *len)
{
	struct secret *file = secret_file(path);
	char *data, *text;
	size_t size = 0;

	data = file != NULL ? secret_read(file, &size, NULL) : NULL;
	secret_free(file);
	*len = size;
	if (data == NULL || data[0] == '{')
		return (data);
	text = key != NULL ? seal_open(key, data, len, NULL) : NULL;
	secret_wipe(data, size);
	return (text);
}

char *
oauth2_store_read(const char *state, const struct secret *key, const char *name,
    const char *origin, size_t *len)
{
	char digest[DIGEST_TEXT], *path, *data, *token = NULL;
	const char *of, *text;
	json_t *json;
	size_t size;

	if (asprintf(&path, "%s/oauth2/%s.json", state, name) == -1)
		return (NULL);
	data = read_text(path, key, &size);
	free(path);
	if (data == NULL)
		return (NULL);
	json = json_loadb(data, size, 0, NULL);
	secret_wipe(data, size);
	fingerprint(origin, digest);
	of = json_string_value(json_object_get(json, "origin"));
	text = json_string_value(json_object_get(json, "refresh_token"));
	if (of != NULL && text != NULL && strcmp(of, digest) == 0) {
		token = strdup(text);
		*len = strlen(text);
	}
	if (text != NULL)
		explicit_bzero((char *)(uintptr_t)text, strlen(text));
	json_decref(json);
	return (token);
}

int
oauth2_store_write(const char *state, const struct secret *key,
    const char *name, const char *origin, const char *token, struct fault *f)
{
	char digest[DIGEST_TEXT], *path = NULL, *text = NULL, *sealed;
	json_t *json;
	int dirfd = -1, result = -1;

	fingerprint(origin, digest);
	json = json_pack("{s:s s:s}", "origin", digest, "refresh_token", token);
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (text == NULL || asprintf(&path, "oauth2/%s.json", name) == -1) {
		path = NULL;
		fault_set(f, FAULT_RETRY, "out of memory");
		goto fail;
	}
	if (key != NULL) {
		sealed = seal_close(key, text, strlen(text), f);
		explicit_bzero(text, strlen(text));
		free(text);
		if ((text = sealed) == NULL)
			goto fail;
	}
	/* `check` may come before the first run. */
	(void)mkdir(state, 0700);
	dirfd = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd == -1) {
		fault_set(f, FAULT_RETRY, "%s: %s", state, strerror(errno));
		goto fail;
	}
	result = durable_write(dirfd, path, text, strlen(text), f);

fail:
	if (dirfd != -1)
		close(dirfd);
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
	free(path);
	return (result);
}
