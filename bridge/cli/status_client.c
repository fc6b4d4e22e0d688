#include <stdio.h>
#include <stdlib.h>

#include "bridge/auth/keypair.h"
#include "bridge/cli/status_client.h"
#include "bridge/cli/table.h"
#include "bridge/config/client.h"
#include "bridge/config/config.h"
#include "bridge/envelope/date.h"

struct row {
	const char *name;
	int64_t token, secret, certificate; /* seconds since 1970; 0: unknown */
	int64_t error_at;
	const char *error; /* in ${all}; "" if none */
};

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

static struct row
read_row(const struct config_client *c, const json_t *all, int running)
{
	struct row row = {
		.name = c->name, .secret = c->expires_at, .error = ""
	};
	const json_t *one = json_object_get(all, c->name);
	const char *error;

	if (c->certificate != NULL)
		row.certificate = keypair_not_after(c->certificate);
	if (!running)
		return (row);
	row.token = json_integer_value(json_object_get(one, "tokenExpiresAt"));
	row.error_at = json_integer_value(json_object_get(one, "lastErrorAt"));
	error = json_string_value(json_object_get(one, "lastError"));
	if (error != NULL)
		row.error = error;
	return (row);
}

void
status_client_print(const struct config *cfg, int running)
{
	static const char *const headers[] = { "OAUTH2", "TOKEN UNTIL",
		"SECRET UNTIL", "CERTIFICATE UNTIL", "LAST ERROR", NULL };
	struct table *t;
	struct row row;
	json_t *all;
	size_t i;

	if (cfg->nclients == 0)
		return;
	all = load(cfg);
	t = table_new(headers);
	for (i = 0; i < cfg->nclients; i++) {
		row = read_row(&cfg->clients[i], all, running);
		table_text(t, row.name);
		table_time(t, row.token);
		table_time(t, row.secret);
		table_time(t, row.certificate);
		table_text(t, row.error[0] != '\0' ? row.error : "-");
	}
	putchar('\n');
	table_end(t, stdout);
	json_decref(all);
}

static json_t *
json_time(int64_t seconds)
{
	char text[DATE_TEXT];

	if (seconds == 0 || date_utc(seconds, text) == -1)
		return (json_null());
	return (json_string(text));
}

json_t *
status_client_json(const struct config *cfg, int running)
{
	json_t *all = load(cfg), *list = json_array();
	struct row row;
	size_t i;

	for (i = 0; i < cfg->nclients; i++) {
		row = read_row(&cfg->clients[i], all, running);
		json_array_append_new(list,
		    json_pack("{s:s s:o s:o s:o s:o s:s}", "client", row.name,
			"tokenExpiresAt", json_time(row.token),
			"secretExpiresAt", json_time(row.secret),
			"certificateExpiresAt", json_time(row.certificate),
			"lastErrorAt", json_time(row.error_at), "lastError",
			row.error));
	}
	json_decref(all);
	return (list);
}
