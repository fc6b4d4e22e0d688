/* oauth2_store.h - refresh tokens that the server replaced, in the state
 * directory: "oauth2/CLIENT.json".  All calls block; for workers, start-up and
 * short reads. */
#ifndef OAUTH2_STORE_H
#define OAUTH2_STORE_H

#include <stddef.h>

struct fault;

/* The token that came last for the client ${name} and goes back to the
 * configured one, ${origin}: a token that the operator replaced ends the chain.
 * malloc'ed, to be given back with secret_wipe(); NULL if there is none. */
char *oauth2_store_read(
    const char *state, const char *name, const char *origin, size_t *len);

/* Store ${token} durably.  0, or -1 with ${f}. */
int oauth2_store_write(const char *state, const char *name, const char *origin,
    const char *token, struct fault *f);

#endif
