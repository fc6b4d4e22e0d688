#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/auth/keypair.h"
#include "bridge/auth/oauth2.h"
#include "bridge/cli/status_client.h"
#include "bridge/cli/table.h"
#include "bridge/config/client.h"
#include "bridge/config/config.h"
#include "bridge/report.h"

/* What the daemon wrote last; NULL if it wrote nothing yet. */
static json_t *
load(const struct config *cfg)
{
	json_t *all;
	char *path;

	if (asprintf(&path, "%s/oauth2/status.json", cfg->state) == -1)
		return (NULL);
	all = json_load_file(path, 0, NULL);
	free(path);
	return (all);
}

/* ${all} keeps the text of the error. */
static struct oauth2_facts
read_facts(const struct config_client *c, const json_t *all, int running)
{
	struct oauth2_facts facts = {
		.client = c->name, .secret_until = c->expires_at, .error = ""
	};
	const json_t *one = json_object_get(all, c->name);
	const char *error;

	if (c->certificate != NULL)
		facts.certificate_until = keypair_not_after(c->certificate);
	if (!running)
		return (facts);
	facts.token_until =
	    json_integer_value(json_object_get(one, "tokenExpiresAt"));
	facts.failed_at =
	    json_integer_value(json_object_get(one, "lastErrorAt"));
	error = json_string_value(json_object_get(one, "lastError"));
	if (error != NULL)
		facts.error = error;
	return (facts);
}

void
status_client_print(const struct config *cfg, int running)
{
	static const char *const headers[] = { "OAUTH2", "TOKEN UNTIL",
		"SECRET UNTIL", "CERTIFICATE UNTIL", "LAST ERROR", NULL };
	struct table *t;
	struct oauth2_facts facts;
	json_t *all;
	size_t i;

	if (cfg->nclients == 0)
		return;
	all = load(cfg);
	t = table_new(headers);
	for (i = 0; i < cfg->nclients; i++) {
		facts = read_facts(&cfg->clients[i], all, running);
		table_text(t, facts.client);
		table_time(t, facts.token_until);
		table_time(t, facts.secret_until);
		table_time(t, facts.certificate_until);
		table_text(t, facts.error[0] != '\0' ? facts.error : "-");
	}
	putchar('\n');
	table_end(t, stdout);
	json_decref(all);
}

void
status_client_report(const struct config *cfg, int running, struct report *r)
{
	struct oauth2_facts facts;
	json_t *all = load(cfg);
	size_t i;

	for (i = 0; i < cfg->nclients; i++) {
		facts = read_facts(&cfg->clients[i], all, running);
		report_client(r, &facts);
	}
	json_decref(all);
}
