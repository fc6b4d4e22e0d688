#include <curl/curl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/auth/secret.h"
#include "bridge/config/endpoint.h"
#include "bridge/config/section.h"
#include "bridge/limits.h"
#include "sinks/webhook/webhook_config.h"

#define DEFAULT_IN_FLIGHT 8
#define DEFAULT_TIMEOUT_SECONDS 30

/* What RFC 9110 section 5.6.2 calls a token. */
static int
is_token(const char *s)
{
	return (*s != '\0' &&
	    s[strspn(s,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789!#$%&'*+-.^_`|~")] == '\0');
}

/* ASCII only: in a header line anything else means something else to each
 * server. */
static int
is_printable(const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s < ' ' || *s > '~')
			return (0);
	}
	return (1);
}

static int
begins(const char *s, const char *prefix)
{
	return (strncasecmp(s, prefix, strlen(prefix)) == 0);
}

/* Headers that are made from the event, or by libcurl. */
static int
is_ours(const char *name)
{
	static const char *const names[] = { "content-type", "content-length",
		"transfer-encoding", "connection", "expect", "te", "upgrade" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcasecmp(names[i], name) == 0)
			return (1);
	}
	return (begins(name, "ce-") || begins(name, "webhook-"));
}

/* Would a person put a secret there? */
static int
is_secret(const char *name)
{
	static const char *const words[] = { "auth", "cookie", "token",
		"secret", "key", "password", "signature" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasestr(name, words[i]) != NULL)
			return (1);
	}
	return (0);
}

static void
read_header(struct webhook_header *h, struct section *s, const char *name)
{
	h->name = strdup(name);
	if (!is_token(name))
		section_error(s, name, "is no name of a header");
	else if (is_ours(name))
		section_error(s, name, "is set by mailbridge itself");
	if (json_is_object(section_value(s, name)) || is_secret(name)) {
		h->secret = section_secret(s, name);
		return;
	}
	h->value = strdup(section_string(s, name, ""));
	if (h->value != NULL && !is_printable(h->value))
		section_error(s, name, "may hold printable ASCII only");
}

static void
read_headers(struct webhook_config *c, struct section *parent)
{
	struct section *s;
	json_t *object, *value;
	const char *name;

	object = section_value(parent, "headers");
	if ((s = section_child(parent, "headers")) == NULL)
		return;
	c->headers = calloc(json_object_size(object) + 1, sizeof(*c->headers));
	if (c->headers == NULL)
		section_error(s, NULL, "out of memory");
	else {
		json_object_foreach(object, name, value)
		{
			read_header(&c->headers[c->nheaders++], s, name);
		}
	}
	(void)section_end(s, NULL);
}

/* secret: {file: ...}, or a list of them while one takes the other's place. */
static void
read_secrets(struct webhook_config *c, struct section *s)
{
	json_t *value = section_value(s, "secret");
	size_t i, n;

	if (value == NULL)
		return;
	n = json_is_array(value) ? json_array_size(value) : 1;
	if (n == 0 || n > LIMIT_WEBHOOK_SECRETS) {
		section_error(s, "secret", "must be 1 to %d references",
		    LIMIT_WEBHOOK_SECRETS);
		return;
	}
	if ((c->secrets = calloc(n, sizeof(struct secret *))) == NULL) {
		section_error(s, "secret", "out of memory");
		return;
	}
	for (i = 0; i < n; i++)
		c->secrets[i] = json_is_array(value)
		    ? section_item_secret(s, "secret", i)
		    : section_secret(s, "secret");
	c->nsecrets = n;
}

/* client_certificate: {certificate: c.pem, key: {file: k.pem}} */
static void
read_certificate(struct webhook_config *c, struct section *parent)
{
	struct section *s;

	if ((s = section_child(parent, "client_certificate")) == NULL)
		return;
	section_need(s, "certificate");
	section_need(s, "key");
	c->certificate = section_path(s, "certificate", NULL);
	c->key = section_secret(s, "key");
	(void)section_end(s, NULL);
}

/* One part of the URL, or NULL; for curl_free(). */
static char *
part(CURLU *u, CURLUPart what)
{
	char *text = NULL;

	return (curl_url_get(u, what, &text, 0) == CURLUE_OK ? text : NULL);
}

static void
check_plain(struct section *s, char *host, int allowed)
{
	size_t len = strlen(host);

	if (len > 2 && host[0] == '[') {
		memmove(host, host + 1, len - 2);
		host[len - 2] = '\0';
	}
	if (!allowed && !endpoint_is_loopback(host))
		section_error(s, "url",
		    "http:// is for loopback hosts only (localhost, 127.0.0.1, "
		    "::1): mail would cross the network in the clear.  Use "
		    "https://, or allow_http: true where the way is safe");
}

static void
read_url(struct webhook_config *c, struct section *s)
{
	char *host = NULL, *user = NULL, *password = NULL, *fragment = NULL;
	int allowed = section_bool(s, "allow_http", 0);
	CURLU *u;

	c->url = strdup(section_required(s, "url"));
	c->address =
	    c->url != NULL ? strndup(c->url, strcspn(c->url, "?#")) : NULL;
	if (c->url == NULL || c->url[0] == '\0')
		return;
	if (!begins(c->url, "https://") && !begins(c->url, "http://")) {
		section_error(s, "url", "must begin with https://");
		return;
	}
	if ((u = curl_url()) == NULL || !is_printable(c->url) ||
	    curl_url_set(u, CURLUPART_URL, c->url, 0) != CURLUE_OK ||
	    (host = part(u, CURLUPART_HOST)) == NULL)
		section_error(s, "url", "is not of the form https://HOST/PATH");
	else if ((user = part(u, CURLUPART_USER)) != NULL ||
	    (password = part(u, CURLUPART_PASSWORD)) != NULL)
		section_error(s, "url",
		    "must not hold a user or a password; write headers: "
		    "{Authorization: {file: PATH}} with \"Basic ...\" in the "
		    "file");
	else if ((fragment = part(u, CURLUPART_FRAGMENT)) != NULL)
		section_error(s, "url", "has a #fragment, which is never sent");
	else if (begins(c->url, "http://"))
		check_plain(s, host, allowed);
	curl_free(host);
	curl_free(user);
	curl_free(password);
	curl_free(fragment);
	curl_url_cleanup(u);
}

/* Whatever a server says: these are never about one event. */
static int
is_never_refusal(int64_t status)
{
	static const int never[] = { 401, 403, 404, 405, 407, 408, 410, 421,
		425, 426, 429 };
	size_t i;

	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		if (never[i] == status)
			return (1);
	}
	return (status < 400 || status > 499);
}

static void
read_refused(struct webhook_config *c, struct section *s)
{
	json_t *list, *item;
	int64_t status;
	size_t i;

	if (!section_has(s, "refused_status")) {
		c->refused[413 - 400] = c->refused[422 - 400] = 1;
		return;
	}
	if ((list = section_list(s, "refused_status")) == NULL)
		return;
	json_array_foreach(list, i, item)
	{
		status = json_integer_value(item);
		if (is_never_refusal(status))
			section_item_error(s, "refused_status", i,
			    "must be a status from 400 to 499 that a server "
			    "can mean for one event, as 400, 413 or 422");
		else
			c->refused[status - 400] = 1;
	}
}

void
webhook_config_read(struct webhook_config *c, struct section *s)
{
	static const char *const orders[] = { "mailbox", "none", NULL };
	const char *proxy;

	memset(c, 0, sizeof(*c));
	read_url(c, s);
	read_secrets(c, s);
	read_headers(c, s);
	c->ca = section_path(s, "tls_ca", NULL);
	read_certificate(c, s);
	if ((proxy = section_string(s, "proxy", NULL)) != NULL) {
		endpoint_check_proxy(s, proxy);
		c->proxy = strdup(proxy);
	}
	c->any_order = section_choice(s, "order", orders, 0);
	c->in_flight = (unsigned)section_integer(
	    s, "max_in_flight", DEFAULT_IN_FLIGHT, 1, LIMIT_WEBHOOK_IN_FLIGHT);
	c->timeout_ms = 1000 *
	    (unsigned)section_integer(s, "timeout_seconds",
		DEFAULT_TIMEOUT_SECONDS, 1, LIMIT_SINK_TIMEOUT_SECONDS);
	c->max_event_bytes = (size_t)section_bytes(
	    s, "max_event_bytes", 0, LIMIT_EVENT_BYTES_MIN, SIZE_MAX / 2);
	read_refused(c, s);
}

void
webhook_config_clear(struct webhook_config *c)
{
	size_t i;

	for (i = 0; i < c->nsecrets; i++)
		secret_free(c->secrets[i]);
	for (i = 0; i < c->nheaders; i++) {
		free(c->headers[i].name);
		free(c->headers[i].value);
		secret_free(c->headers[i].secret);
	}
	free(c->secrets);
	free(c->headers);
	free(c->url);
	free(c->address);
	free(c->ca);
	free(c->proxy);
	free(c->certificate);
	secret_free(c->key);
	memset(c, 0, sizeof(*c));
}
