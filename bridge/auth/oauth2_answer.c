#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/auth/advice.h"
#include "bridge/auth/http.h"
#include "bridge/auth/oauth2_answer.h"
#include "bridge/fault.h"

/* What the endpoint says in its own words, cut where only ids follow. */
#define SAID_MAX 220

/* A year; nobody lets a token live longer. */
#define EXPIRES_MAX (365UL * 86400)

int
oauth2_answer_valid(const char *token)
{
	if (*token == '\0')
		return (0);
	for (; *token != '\0'; token++) {
		if (*token <= ' ' || *token > '~')
			return (0);
	}
	return (1);
}

static char *
copy_token(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	if (text == NULL || !oauth2_answer_valid(text))
		return (NULL);
	return (strdup(text));
}

/* A number; some send it as a string. */
static unsigned long
expires(const json_t *json)
{
	const json_t *value = json_object_get(json, "expires_in");
	double n = json_number_value(value);

	if (json_is_string(value))
		n = strtod(json_string_value(value), NULL);
	if (!(n >= 1))
		return (OAUTH2_DEFAULT_SECONDS);
	return (n > EXPIRES_MAX ? EXPIRES_MAX : (unsigned long)n);
}

/* jansson frees strings unwiped. */
static void
wipe(json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	if (text != NULL)
		explicit_bzero((char *)(uintptr_t)text, strlen(text));
}

static int
read_token(json_t *json, struct oauth2_answer *a, struct fault *f)
{
	const char *type;

	type = json_string_value(json_object_get(json, "token_type"));
	if (type != NULL && strcasecmp(type, "Bearer") != 0)
		return (fault_set(f, FAULT_CONFIG,
		    "the token endpoint gives tokens of the type \"%.40s\", "
		    "IMAP takes Bearer",
		    type));
	a->access_token = copy_token(json, "access_token");
	a->refresh_token = copy_token(json, "refresh_token");
	a->expires_seconds = expires(json);
	if (a->access_token != NULL)
		return (0);
	oauth2_answer_clear(a);
	return (fault_set(f, FAULT_RETRY,
	    "the token endpoint says 200 but gives no access_token"));
}

/* Microsoft's texts go on with "Trace ID: ... Correlation ID: ...". */
static int
said_length(const char *said)
{
	const char *end;
	size_t len;

	len = strcspn(said, "\r\n");
	if ((end = strstr(said, " Trace ID:")) != NULL &&
	    (size_t)(end - said) < len)
		len = (size_t)(end - said);
	return ((int)(len < SAID_MAX ? len : SAID_MAX));
}

static int
refused(const json_t *json, const struct http_answer *h, struct fault *f)
{
	const char *error, *said, *advice;
	enum fault_kind kind = FAULT_AUTH;

	error = json_string_value(json_object_get(json, "error"));
	said = json_string_value(json_object_get(json, "error_description"));
	if (error == NULL)
		error = "no error code";
	if (said == NULL)
		said = "";
	if (strcmp(error, "temporarily_unavailable") == 0 ||
	    strcmp(error, "server_error") == 0 ||
	    strcmp(error, "slow_down") == 0 || advice_is_temporary(said))
		kind = FAULT_RETRY;
	advice = advice_find(error, said);
	fault_set(f, kind, "the token endpoint refuses: %.60s%s%.*s%s%s%s",
	    error, said[0] != '\0' ? ": " : "", said_length(said), said,
	    advice != NULL ? " (" : "", advice != NULL ? advice : "",
	    advice != NULL ? ")" : "");
	f->retry_ms = h->retry_ms;
	return (-1);
}

static int
not_json(const struct http_answer *h, struct fault *f)
{
	if (h->status >= 300 && h->status < 400)
		return (fault_set(f, FAULT_CONFIG,
		    "the token endpoint answers with a redirect (%ld), which "
		    "is not followed: check `token_endpoint`",
		    h->status));
	if (h->status == 404 || h->status == 405)
		return (fault_set(f, FAULT_CONFIG,
		    "there is no token endpoint (HTTP %ld): check "
		    "`token_endpoint` and `tenant`",
		    h->status));
	fault_set(f, FAULT_RETRY,
	    "the token endpoint answers HTTP %ld with what is no JSON object",
	    h->status);
	f->retry_ms = h->retry_ms;
	return (-1);
}

int
oauth2_answer_read(
    const struct http_answer *h, struct oauth2_answer *a, struct fault *f)
{
	json_t *json;
	int result;

	*a = (struct oauth2_answer){ 0 };
	if (h->status == 429 || h->status >= 500) {
		fault_set(f, FAULT_RETRY, "the token endpoint is %s (HTTP %ld)",
		    h->status == 429 ? "throttling us" : "out of order",
		    h->status);
		f->retry_ms = h->retry_ms;
		return (-1);
	}
	json = json_loadb(h->body, h->len, JSON_REJECT_DUPLICATES, NULL);
	if (h->status == 200 && json_is_object(json))
		result = read_token(json, a, f);
	else if (h->status >= 400 && json_object_get(json, "error") != NULL)
		result = refused(json, h, f);
	else
		result = not_json(h, f);
	wipe(json, "access_token");
	wipe(json, "refresh_token");
	wipe(json, "id_token");
	json_decref(json);
	return (result);
}

static void
wipe_text(char **text)
{
	if (*text == NULL)
		return;
	explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

void
oauth2_answer_clear(struct oauth2_answer *a)
{
	wipe_text(&a->access_token);
	wipe_text(&a->refresh_token);
}
