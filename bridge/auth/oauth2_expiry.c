/* What expires and a person must replace: seen daily, told in the log ahead of
 * time, in `mailbridge status` and in the metrics. */
#include <time.h>

#include "bridge/auth/keypair.h"
#include "bridge/auth/oauth2_private.h"
#include "bridge/config/client.h"
#include "bridge/config/config.h"
#include "bridge/ops/log.h"

/* How long before something expires its warnings begin. */
#define WARN_SECONDS (30 * 86400)
#define DAY_MS (86400 * 1000)

struct oauth2_client *
oauth2_client(struct oauth2 *o, const struct config_client *c)
{
	return (&o->clients[c - o->config->clients]);
}

void
oauth2_certificate(struct oauth2 *o, const struct config_client *c)
{
	if (c->certificate != NULL)
		oauth2_client(o, c)->certificate_until =
		    keypair_not_after(c->certificate);
}

static void
warn_expiry(const struct config_client *c, const char *what, int64_t at)
{
	int64_t left = at - time(NULL);

	if (at == 0 || left > WARN_SECONDS)
		return;
	if (left <= 0)
		log_write(LOG_ERROR, "oauth2", c->name,
		    "the %s has expired: replace it", what);
	else
		log_write(LOG_WARN, "oauth2", c->name,
		    "the %s expires in %lld days: replace it in time", what,
		    (long long)left / 86400);
}

static void
on_day(uv_timer_t *timer)
{
	struct oauth2 *o = timer->data;
	const struct config_client *c;
	size_t i;

	for (i = 0; i < o->config->nclients; i++) {
		c = &o->config->clients[i];
		warn_expiry(c, "client secret", c->expires_at);
		oauth2_certificate(o, c);
		warn_expiry(
		    c, "client certificate", o->clients[i].certificate_until);
	}
}

void
oauth2_watch_expiry(struct oauth2 *o)
{
	uv_timer_start(&o->timer, on_day, 0, DAY_MS);
}
