/* webhook_secrets.h - what a webhook sink holds of its secrets, as long as it
 * runs: each request is signed. */
#ifndef WEBHOOK_SECRETS_H
#define WEBHOOK_SECRETS_H

#include <stddef.h>

#include "bridge/limits.h"
#include "sinks/webhook/webhook_sign.h"

struct fault;
struct webhook_config;

struct webhook_secrets {
	struct webhook_key keys[LIMIT_WEBHOOK_SECRETS];
	size_t nkeys;
	char **values; /* of the headers that are secret, else NULL */
	size_t nvalues;
	char *client_key; /* PEM, or NULL */
	size_t client_key_len;
};

/* Read all that ${config} refers to.  0, to be ended with
 * webhook_secrets_clear(); or -1 with ${f} (FAULT_CONFIG). */
int webhook_secrets_load(
    struct webhook_secrets *, const struct webhook_config *, struct fault *f);

/* Wipe and free; an empty one is left as it is. */
void webhook_secrets_clear(struct webhook_secrets *);

/* Does ${text} hold one of the secret headers? */
int webhook_secrets_in(const struct webhook_secrets *, const char *text);

#endif
