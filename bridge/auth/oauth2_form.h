/* oauth2_form.h - the request for a token, grant by grant: what goes to the
 * token endpoint, and where that is.  Reads secrets, sends nothing. */
#ifndef OAUTH2_FORM_H
#define OAUTH2_FORM_H

#include <stdint.h>

struct buf;
struct config_client;
struct fault;

/* Put the form into ${form} (empty; the caller wipes it) and the endpoint into
 * *url (malloc'ed).  ${user}: on whose behalf, for a service account.
 * ${refresh}: the refresh token, for that grant.  ${now}: wall clock, seconds.
 * 0, or -1 with ${f}. */
int oauth2_form(const struct config_client *, const char *user,
    const char *refresh, int64_t now, struct buf *form, char **url,
    struct fault *f);

/* Append "&key=value", percent-encoded (without "&" at the start). */
void oauth2_form_put(struct buf *form, const char *key, const char *value);

#endif
