/* What `mailbridge status` shows of the clients: written to the state
 * directory, "oauth2/status.json", whenever it changes. */
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bridge/auth/oauth2_private.h"
#include "bridge/config/client.h"
#include "bridge/config/config.h"
#include "bridge/ops/log.h"
#include "bridge/store/durable.h"

struct oauth2_status {
	uv_work_t work;
	struct oauth2 *owner;
	char *text;
	struct fault fault;
	int failed;
};

void
oauth2_facts(const struct oauth2 *o, size_t i, struct oauth2_facts *facts)
{
	const struct config_client *client = &o->config->clients[i];
	const struct oauth2_client *c = &o->clients[i];
	const struct oauth2_entry *e;

	*facts = (struct oauth2_facts){ .client = client->name,
		.certificate_until = c->certificate_until,
		.secret_until = client->expires_at,
		.error = "",
		.fetched = c->fetched,
		.unavailable = c->unavailable,
		.refused = c->refused,
		.misconfigured = c->misconfigured };
	for (e = o->entries; e != NULL; e = e->next) {
		if (e->client != client)
			continue;
		if (e->expires_at != 0 &&
		    (facts->token_until == 0 ||
			e->expires_at < facts->token_until))
			facts->token_until = e->expires_at;
		if (e->failed_at > facts->failed_at) {
			facts->failed_at = e->failed_at;
			facts->error = e->fault.text;
		}
	}
}

static json_t *
describe(const struct oauth2 *o, size_t i)
{
	struct oauth2_facts facts;
	json_t *json = json_object();

	oauth2_facts(o, i, &facts);
	if (facts.token_until != 0)
		json_object_set_new(
		    json, "tokenExpiresAt", json_integer(facts.token_until));
	if (facts.failed_at != 0) {
		json_object_set_new(
		    json, "lastErrorAt", json_integer(facts.failed_at));
		/* NULL, and so left out, if it is no UTF-8. */
		json_object_set_new(
		    json, "lastError", json_string(facts.error));
	}
	return (json);
}

static void
on_write(uv_work_t *work)
{
	struct oauth2_status *s = work->data;
	int dirfd;

	dirfd =
	    open(s->owner->config->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd == -1)
		return; /* `check`, before the first run */
	s->failed = durable_write(
	    dirfd, "oauth2/status.json", s->text, strlen(s->text), &s->fault);
	close(dirfd);
}

static void
on_written(uv_work_t *work, int status)
{
	struct oauth2_status *s = work->data;
	struct oauth2 *o = s->owner;

	(void)status;
	if (s->failed)
		log_write(LOG_WARN, "oauth2", NULL,
		    "the status cannot be written: %s", s->fault.text);
	free(s->text);
	free(s);
	o->status = NULL;
	if (o->status_again && !o->closing)
		oauth2_status(o);
	oauth2_part_closed(o);
}

void
oauth2_status(struct oauth2 *o)
{
	struct oauth2_status *s;
	json_t *all;
	size_t i;

	o->status_again = 1;
	if (o->status != NULL || !o->daemon)
		return;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return;
	all = json_object();
	for (i = 0; i < o->config->nclients; i++)
		json_object_set_new(
		    all, o->config->clients[i].name, describe(o, i));
	s->text = json_dumps(all, JSON_INDENT(2));
	json_decref(all);
	if (s->text == NULL) {
		free(s);
		return;
	}
	s->work.data = s;
	s->owner = o;
	o->status = s;
	o->status_again = 0;
	o->open++;
	uv_queue_work(o->loop, &s->work, on_write, on_written);
}
