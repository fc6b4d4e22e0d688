#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bridge/auth/http.h"
#include "bridge/auth/oauth2_private.h"
#include "bridge/config/client.h"
#include "bridge/config/config.h"
#include "bridge/ops/log.h"
#include "bridge/watch/chance.h"

/* A token younger than this is not the reason for a refusal. */
#define FRESH_MS 10000

/* A token is not used in the last moments of its life. */
#define MARGIN_MS 30000

/* A token whose end is unknown is asked for again after this. */
#define UNKNOWN_MS 300000

static uint64_t
boot_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_BOOTTIME, &ts);
	return ((uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000);
}

/* Life */

struct oauth2 *
oauth2_new(
    uv_loop_t *loop, const struct config *config, int daemon, struct fault *f)
{
	struct oauth2 *o;

	if ((o = calloc(1, sizeof(*o))) == NULL) {
		fault_set(f, FAULT_RETRY, "oauth2: out of memory");
		return (NULL);
	}
	o->clients = calloc(config->nclients + 1, sizeof(*o->clients));
	if (o->clients == NULL) {
		free(o);
		fault_set(f, FAULT_RETRY, "oauth2: out of memory");
		return (NULL);
	}
	if ((o->http = http_new(loop, f)) == NULL) {
		free(o->clients);
		free(o);
		return (NULL);
	}
	o->loop = loop;
	o->config = config;
	o->open = 2;
	uv_timer_init(loop, &o->timer);
	o->timer.data = o;
	o->daemon = daemon;
	if (daemon)
		oauth2_watch_expiry(o);
	uv_unref((uv_handle_t *)&o->timer);
	return (o);
}

static void
wipe(char **text)
{
	if (*text == NULL)
		return;
	explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

void
oauth2_part_closed(void *arg)
{
	struct oauth2 *o = arg;
	struct oauth2_entry *e;

	if (--o->open > 0)
		return;
	while ((e = o->entries) != NULL) {
		o->entries = e->next;
		wipe(&e->text);
		free(e->user);
		free(e);
	}
	o->closed(o->closed_arg);
	free(o->clients);
	free(o);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	oauth2_part_closed(handle->data);
}

void
oauth2_close(struct oauth2 *o, void (*closed)(void *arg), void *arg)
{
	struct oauth2_entry *e;

	o->closing = 1;
	o->closed = closed;
	o->closed_arg = arg;
	for (e = o->entries; e != NULL; e = e->next)
		oauth2_abandon(e);
	http_close(o->http, oauth2_part_closed, o);
	uv_close((uv_handle_t *)&o->timer, on_timer_closed);
}

static struct oauth2_entry *
find(struct oauth2 *o, const struct config_client *client, const char *user)
{
	struct oauth2_entry *e;

	if (client->grant != CLIENT_SERVICE_ACCOUNT)
		user = "";
	for (e = o->entries; e != NULL; e = e->next) {
		if (e->client == client && strcmp(e->user, user) == 0)
			return (e);
	}
	if ((e = calloc(1, sizeof(*e))) == NULL ||
	    (e->user = strdup(user)) == NULL) {
		free(e);
		return (NULL);
	}
	e->owner = o;
	e->client = client;
	e->ladder.retry = &o->config->retry;
	e->next = o->entries;
	o->entries = e;
	return (e);
}

/* Tokens */

static void
give(const struct oauth2_entry *e, struct oauth2_token *token)
{
	uint64_t now = boot_ms(), at = e->renew;

	if (e->expires != UINT64_MAX) {
		at += chance_part((e->expires - e->renew) / 2);
		/* The renewal is late: the session may use what is left. */
		if (at < now)
			at = e->expires;
	}
	*token = (struct oauth2_token){ .text = e->text,
		.serial = e->serial,
		.fresh = now - e->issued < FRESH_MS ||
		    e->client->grant == CLIENT_TOKEN_FILE,
		.renew_ms = UINT64_MAX,
		.expires_at = e->expires_at };
	if (e->expires != UINT64_MAX)
		token->renew_ms = at > now ? at - now : 0;
}

/* Is there a token that may still be used? */
static int
usable(const struct oauth2_entry *e, uint64_t refused)
{
	return (
	    e->text != NULL && e->serial != refused && boot_ms() < e->expires);
}

static int
under_way(const struct oauth2_entry *e)
{
	return (e->request != NULL || e->command != NULL || e->write != NULL);
}

int
oauth2_keep(struct oauth2_entry *e, const char *text, unsigned long seconds)
{
	uint64_t life = (uint64_t)seconds * 1000;
	char *copy;

	if ((copy = strdup(text)) == NULL)
		return (-1);
	/* An endpoint may give the same text again, of its own store: asked for
	 * anew it is a new token, which may be shown once more.  A file is read
	 * at each use. */
	if (e->client->grant != CLIENT_TOKEN_FILE || e->text == NULL ||
	    strcmp(e->text, text) != 0) {
		e->serial = ++e->owner->last_serial;
		e->issued = boot_ms();
	}
	wipe(&e->text);
	e->text = copy;
	e->expires = UINT64_MAX;
	e->expires_at = 0;
	e->renew = boot_ms() + UNKNOWN_MS;
	if (life == 0)
		return (0);
	e->expires_at = time(NULL) + (int64_t)seconds;
	e->expires =
	    boot_ms() + life - (life / 10 < MARGIN_MS ? life / 10 : MARGIN_MS);
	/* Ahead of its end, and not at the same moment as everybody else. */
	e->renew = boot_ms() + life / 4 * 3 + chance_part(life / 10);
	return (0);
}

/* All who wait get what there is; those who ask again wait anew. */
static void
tell(struct oauth2_entry *e, const struct fault *f)
{
	struct oauth2_waiter *w, *list = NULL;
	struct oauth2_token token;

	/* In the order of coming. */
	while ((w = e->waiters) != NULL) {
		e->waiters = w->next;
		w->next = list;
		list = w;
	}
	/* One may cancel another while it is told. */
	e->waiters = list;
	while ((w = e->waiters) != NULL) {
		e->waiters = w->next;
		w->entry = NULL;
		if (f == NULL || usable(e, w->refused)) {
			give(e, &token);
			w->done(w->arg, &token, NULL);
		} else
			w->done(w->arg, NULL, f);
		if (under_way(e))
			return;
	}
}

void
oauth2_fetched(struct oauth2_entry *e)
{
	oauth2_client(e->owner, e->client)->fetched++;
	ladder_reset(&e->ladder);
	e->retry_at = 0;
	oauth2_certificate(e->owner, e->client);
	log_write(LOG_DEBUG, "oauth2", e->client->name,
	    "a new token, for %lld s",
	    e->expires_at == 0 ? -1LL
			       : (long long)(e->expires_at - time(NULL)));
	oauth2_status(e->owner);
	tell(e, NULL);
}

/* Remember the failure, so that it is not repeated for each who asks. */
static void
note(struct oauth2_entry *e, const struct fault *f)
{
	struct oauth2_client *c = oauth2_client(e->owner, e->client);
	uint64_t ms;

	*(f->kind == FAULT_AUTH		  ? &c->refused
		: f->kind == FAULT_CONFIG ? &c->misconfigured
					  : &c->unavailable) += 1;
	ms = ladder_next(&e->ladder, f->kind == FAULT_AUTH, chance());
	if (ms == LADDER_GIVE_UP)
		ms = 0; /* the accounts count for themselves */
	if (ms < f->retry_ms)
		ms = f->retry_ms;
	e->fault = *f;
	fault_prefix(&e->fault, "oauth2.%s", e->client->name);
	e->retry_at = boot_ms() + ms;
	e->fault.retry_ms = (unsigned long)ms;
	e->failed_at = time(NULL);
	oauth2_status(e->owner);
	if (e->text != NULL && boot_ms() < e->expires)
		log_write(LOG_WARN, "oauth2", e->client->name,
		    "%s; the present token is used on", f->text);
}

void
oauth2_failed(struct oauth2_entry *e, const struct fault *f)
{
	note(e, f);
	tell(e, &e->fault);
}

int
oauth2_get(struct oauth2 *o, const struct config_client *client,
    const char *user, uint64_t refused, struct oauth2_waiter *waiter,
    struct oauth2_token *token, struct fault *f)
{
	struct oauth2_entry *e;
	uint64_t now = boot_ms();
	int result;

	if ((e = find(o, client, user)) == NULL)
		return (fault_set(f, FAULT_RETRY, "oauth2: out of memory"));
	if (usable(e, refused) && client->grant != CLIENT_TOKEN_FILE &&
	    (now < e->renew || now < e->retry_at || waiter == NULL)) {
		give(e, token);
		return (1);
	}
	if (!under_way(e)) {
		if (now < e->retry_at) {
			*f = e->fault;
			/* A timer may be a little early. */
			f->retry_ms = (unsigned long)(e->retry_at - now) + 20;
			return (-1);
		}
		if (waiter == NULL && client->grant != CLIENT_TOKEN_FILE)
			return (0);
		result = oauth2_fetch(e, f);
		if (result == -1) {
			note(e, f);
			*f = e->fault;
			return (-1);
		}
		if (result == 1) {
			give(e, token);
			return (1);
		}
	}
	if (waiter == NULL)
		return (0);
	waiter->entry = e;
	waiter->refused = refused;
	waiter->next = e->waiters;
	e->waiters = waiter;
	return (0);
}

void
oauth2_hurry(struct oauth2 *o)
{
	struct oauth2_entry *e;

	for (e = o->entries; e != NULL; e = e->next)
		e->retry_at = 0;
}

void
oauth2_cancel(struct oauth2_waiter *w)
{
	struct oauth2_waiter **p;

	if (w->entry == NULL)
		return;
	for (p = &w->entry->waiters; *p != NULL; p = &(*p)->next) {
		if (*p == w) {
			*p = w->next;
			break;
		}
	}
	w->entry = NULL;
}
