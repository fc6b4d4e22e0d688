/* Which client, or which password, an account logs in with. */
#include <stdlib.h>
#include <string.h>

#include "bridge/auth/secret.h"
#include "bridge/config/client.h"
#include "bridge/config/config.h"
#include "bridge/config/section.h"
#include "bridge/config/suggest.h"

const struct config_client *
client_find(const struct config *cfg, const char *name)
{
	size_t i;

	for (i = 0; i < cfg->nclients; i++) {
		if (strcmp(cfg->clients[i].name, name) == 0)
			return (&cfg->clients[i]);
	}
	return (NULL);
}

static void
read_choice(
    struct section *auth, const struct config *cfg, struct config_account *a)
{
	const char *name, *near, **names;
	size_t i;

	section_need(auth, "client");
	if ((name = section_string(auth, "client", NULL)) == NULL ||
	    (a->client = client_find(cfg, name)) != NULL)
		return;
	names = calloc(cfg->nclients + 1, sizeof(*names));
	for (i = 0; names != NULL && i < cfg->nclients; i++)
		names[i] = cfg->clients[i].name;
	near =
	    names != NULL ? suggest_nearest(name, names, cfg->nclients) : NULL;
	section_error(auth, "client",
	    "\"oauth2:\" has no client called \"%s\"%s%s%s", name,
	    near != NULL ? ", did you mean \"" : "", near != NULL ? near : "",
	    near != NULL ? "\"?" : "");
	free(names);
}

void
client_read_auth(
    struct section *s, const struct config *cfg, struct config_account *a)
{
	static const char *const methods[] = { "password", "oauth2", NULL };
	struct section *auth;

	if ((auth = section_child(s, "auth")) == NULL)
		return;
	if (section_choice(auth, "method", methods, 0) == 1) {
		read_choice(auth, cfg, a);
		if (section_has(auth, "password"))
			section_error(
			    auth, "password", "does not go with method oauth2");
		section_end(auth, NULL);
		return;
	}
	if (section_value(auth, "client") != NULL)
		section_error(
		    auth, "client", "does not go with method password");
	a->password = section_secret(auth, "password");
	if (a->password == NULL)
		section_need(auth, "password");
	section_end(auth, NULL);
}
