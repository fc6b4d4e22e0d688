/* How a token is got: by HTTP, from a program, from a file. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bridge/auth/command.h"
#include "bridge/auth/http.h"
#include "bridge/auth/jwt.h"
#include "bridge/auth/oauth2_answer.h"
#include "bridge/auth/oauth2_form.h"
#include "bridge/auth/oauth2_private.h"
#include "bridge/auth/oauth2_store.h"
#include "bridge/auth/secret.h"
#include "bridge/buf.h"
#include "bridge/config/client.h"
#include "bridge/config/config.h"
#include "bridge/limits.h"
#include "bridge/ops/log.h"

/* A rotated refresh token on its way to the disk.  It outlives its entry's
 * interest: what the server gave must not be lost by a stop. */
struct oauth2_write {
	uv_work_t work;
	struct oauth2 *owner;
	struct oauth2_entry *entry; /* NULL: nobody waits for it */
	const char *name;	    /* the client's */
	const char *state;
	char *origin;
	struct oauth2_answer answer;
	struct fault fault;
	int failed;
};

/* Seconds until the token's own "exp"; 0 if it tells none. */
static unsigned long
own_life(const char *token)
{
	json_int_t exp, now = time(NULL);
	json_t *claims;

	if ((claims = jwt_claims(token)) == NULL)
		return (0);
	exp = json_integer_value(json_object_get(claims, "exp"));
	json_decref(claims);
	return (exp > now ? (unsigned long)(exp - now) : 0);
}

/* From a program or a file: one line. */
static int
keep_line(struct oauth2_entry *e, const char *text, struct fault *f)
{
	char *line;
	int result;

	text += strspn(text, " \t\r\n");
	if ((line = strndup(text, strcspn(text, " \t\r\n"))) == NULL)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	if (!oauth2_answer_valid(line) ||
	    text[strlen(line) + strspn(text + strlen(line), " \t\r\n")] != '\0')
		result = fault_set(f, FAULT_CONFIG,
		    "what was read is no access token: one word was expected");
	else if ((result = oauth2_keep(e, line, own_life(line))) == -1)
		fault_set(f, FAULT_RETRY, "out of memory");
	explicit_bzero(line, strlen(line));
	free(line);
	return (result);
}

static int
read_file(struct oauth2_entry *e, struct fault *f)
{
	char *text;
	size_t len;
	int result;

	if ((text = secret_read(e->client->token, &len, f)) == NULL)
		return (fault_prefix(f, "token"));
	if ((result = keep_line(e, text, f)) == -1)
		fault_prefix(f, "token: %s", secret_where(e->client->token));
	secret_wipe(text, len);
	return (result == -1 ? -1 : 1);
}

static void
on_output(void *arg, const char *output, const struct fault *why)
{
	struct oauth2_entry *e = arg;
	struct fault f;

	e->command = NULL;
	if (why != NULL) {
		oauth2_failed(e, why);
	} else if (keep_line(e, output, &f) == -1) {
		fault_prefix(&f, "command %s", e->client->command[0]);
		oauth2_failed(e, &f);
	} else
		oauth2_fetched(e);
}

/* The refresh token that holds now, and the configured one it goes back to. */
static char *
refresh_token(
    const struct oauth2_entry *e, char **origin, size_t *len, struct fault *f)
{
	char *token;
	size_t origin_len;

	*origin = secret_read(e->client->refresh_token, &origin_len, f);
	if (*origin == NULL) {
		fault_prefix(f, "refresh_token");
		return (NULL);
	}
	token = oauth2_store_read(
	    e->owner->config->state, e->client->name, *origin, len);
	if (token == NULL && (token = strdup(*origin)) == NULL)
		fault_set(f, FAULT_RETRY, "out of memory");
	*len = token != NULL ? strlen(token) : 0;
	if (token == NULL) {
		secret_wipe(*origin, origin_len);
		*origin = NULL;
	}
	return (token);
}

static void
write_free(struct oauth2_write *w)
{
	oauth2_answer_clear(&w->answer);
	if (w->origin != NULL)
		secret_wipe(w->origin, strlen(w->origin));
	free(w);
}

static void
on_write(uv_work_t *work)
{
	struct oauth2_write *w = work->data;

	w->failed = oauth2_store_write(
	    w->state, w->name, w->origin, w->answer.refresh_token, &w->fault);
}

static void
on_written(uv_work_t *work, int status)
{
	struct oauth2_write *w = work->data;
	struct oauth2_entry *e = w->entry;
	struct oauth2 *o = w->owner;
	struct fault f;

	(void)status;
	if (w->failed)
		log_write(LOG_ERROR, "oauth2", w->name,
		    "the new refresh token cannot be stored: %s; after a "
		    "restart the configured one may be refused",
		    w->fault.text);
	if (e != NULL) {
		e->write = NULL;
		if (oauth2_keep(e, w->answer.access_token,
			w->answer.expires_seconds) == 0)
			oauth2_fetched(e);
		else {
			fault_set(&f, FAULT_RETRY, "out of memory");
			oauth2_failed(e, &f);
		}
	}
	write_free(w);
	oauth2_part_closed(o);
}

/* The server has forgotten the old refresh token, or will: the new one must be
 * on the disk before anything else is done with the answer.  Takes ${a}. */
static int
store(struct oauth2_entry *e, struct oauth2_answer *a, struct fault *f)
{
	struct oauth2_write *w;
	char *token;
	size_t len;

	if ((w = calloc(1, sizeof(*w))) == NULL ||
	    (token = refresh_token(e, &w->origin, &len, f)) == NULL) {
		free(w);
		return (-1);
	}
	secret_wipe(token, len);
	w->work.data = w;
	w->owner = e->owner;
	w->entry = e;
	w->name = e->client->name;
	w->state = e->owner->config->state;
	w->answer = *a;
	*a = (struct oauth2_answer){ 0 };
	e->write = w;
	e->owner->open++;
	uv_queue_work(e->owner->loop, &w->work, on_write, on_written);
	return (0);
}

static void
on_answer(void *arg, const struct http_answer *answer, const struct fault *why)
{
	struct oauth2_entry *e = arg;
	struct oauth2_answer a = { 0 };
	struct fault f;

	e->request = NULL;
	if (why != NULL) {
		oauth2_failed(e, why);
		return;
	}
	if (oauth2_answer_read(answer, &a, &f) == -1) {
		oauth2_failed(e, &f);
		return;
	}
	if (a.refresh_token != NULL &&
	    e->client->grant == CLIENT_REFRESH_TOKEN && store(e, &a, &f) == 0)
		return;
	if (oauth2_keep(e, a.access_token, a.expires_seconds) == 0)
		oauth2_fetched(e);
	else {
		fault_set(&f, FAULT_RETRY, "out of memory");
		oauth2_failed(e, &f);
	}
	oauth2_answer_clear(&a);
}

static int
ask(struct oauth2_entry *e, struct fault *f)
{
	char *url = NULL, *token = NULL, *origin = NULL;
	struct buf form;
	size_t len = 0;
	int result = -1;

	/* Reserved at once, so that no copy is left behind by growing. */
	buf_init(&form, LIMIT_SECRET * 4);
	(void)buf_reserve(&form, LIMIT_SECRET);
	if (e->client->grant == CLIENT_REFRESH_TOKEN &&
	    (token = refresh_token(e, &origin, &len, f)) == NULL)
		goto fail;
	if (oauth2_form(
		e->client, e->user, token, time(NULL), &form, &url, f) == -1)
		goto fail;
	e->request = http_post(
	    e->owner->http, url, e->client->tls_ca, &form, on_answer, e, f);
	result = e->request != NULL ? 0 : -1;

fail:
	if (form.data != NULL)
		explicit_bzero(form.data, form.cap);
	buf_free(&form);
	secret_wipe(token, len);
	if (origin != NULL)
		secret_wipe(origin, strlen(origin));
	free(url);
	return (result);
}

int
oauth2_fetch(struct oauth2_entry *e, struct fault *f)
{
	switch (e->client->grant) {
	case CLIENT_TOKEN_FILE:
		return (read_file(e, f));
	case CLIENT_COMMAND:
		e->command = command_start(
		    e->owner->loop, e->client->command, on_output, e, f);
		return (e->command != NULL ? 0 : -1);
	default:
		return (ask(e, f));
	}
}

void
oauth2_abandon(struct oauth2_entry *e)
{
	if (e->request != NULL)
		http_cancel(e->request);
	if (e->command != NULL)
		command_cancel(e->command);
	if (e->write != NULL)
		e->write->entry = NULL;
	e->request = NULL;
	e->command = NULL;
	e->write = NULL;
}
