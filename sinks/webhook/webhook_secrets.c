#include <stdlib.h>
#include <string.h>

#include "bridge/auth/secret.h"
#include "bridge/fault.h"
#include "sinks/webhook/webhook_config.h"
#include "sinks/webhook/webhook_secrets.h"

/* Shorter ones are in every text. */
#define TELLING 4

static int
load_key(struct webhook_key *k, const struct secret *secret, struct fault *f)
{
	const char *mistake;
	char *text;
	size_t len;

	if ((text = secret_read(secret, &len, f)) == NULL)
		return (fault_prefix(f, "secret"));
	mistake = webhook_key_read(k, text, len);
	secret_wipe(text, len);
	if (mistake != NULL)
		return (fault_set(f, FAULT_CONFIG, "secret: %s: %s",
		    secret_where(secret), mistake));
	return (0);
}

static char *
load_header(const struct webhook_header *h, struct fault *f)
{
	size_t len, i;
	char *text;

	if ((text = secret_read(h->secret, &len, f)) == NULL) {
		fault_prefix(f, "headers: %s", h->name);
		return (NULL);
	}
	/* A line end would begin another header. */
	for (i = 0; i < len && text[i] >= ' ' && text[i] <= '~'; i++)
		continue;
	if (i == len)
		return (text);
	fault_set(f, FAULT_CONFIG,
	    "headers: %s: %s: holds more than one line of printable ASCII",
	    h->name, secret_where(h->secret));
	secret_wipe(text, len);
	return (NULL);
}

int
webhook_secrets_load(
    struct webhook_secrets *s, const struct webhook_config *c, struct fault *f)
{
	size_t i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < c->nsecrets; i++) {
		if (load_key(&s->keys[i], c->secrets[i], f) == -1)
			goto fail;
		s->nkeys++;
	}
	if ((s->values = calloc(c->nheaders + 1, sizeof(char *))) == NULL) {
		fault_set(f, FAULT_RETRY, "out of memory");
		goto fail;
	}
	s->nvalues = c->nheaders;
	for (i = 0; i < c->nheaders; i++) {
		if (c->headers[i].secret != NULL &&
		    (s->values[i] = load_header(&c->headers[i], f)) == NULL)
			goto fail;
	}
	if (c->key != NULL) {
		s->client_key = secret_read(c->key, &s->client_key_len, f);
		if (s->client_key == NULL) {
			fault_prefix(f, "client_certificate.key");
			goto fail;
		}
	}
	return (0);

fail:
	webhook_secrets_clear(s);
	return (-1);
}

void
webhook_secrets_clear(struct webhook_secrets *s)
{
	size_t i;

	for (i = 0; i < s->nvalues; i++) {
		if (s->values[i] != NULL)
			secret_wipe(s->values[i], strlen(s->values[i]));
	}
	free(s->values);
	secret_wipe(s->client_key, s->client_key_len);
	explicit_bzero(s, sizeof(*s));
}

int
webhook_secrets_in(const struct webhook_secrets *s, const char *text)
{
	size_t i;

	for (i = 0; i < s->nvalues; i++) {
		if (s->values[i] != NULL && strlen(s->values[i]) >= TELLING &&
		    strstr(text, s->values[i]) != NULL)
			return (1);
	}
	return (0);
}
