#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/auth/secret.h"
#include "bridge/config/section.h"
#include "sinks/redis/redis_config.h"
#include "sinks/redis/redis_tls.h"

#define SENTINEL_PORT 26379
#define DEFAULT_TIMEOUT_S 5
#define MAX_TIMEOUT_S 20 /* less than what a reply may take */
#define MAX_REPLICAS 100

static char *
copy(const char *text)
{
	return (text != NULL ? strdup(text) : NULL);
}

/* "host", "host:port", "[::1]:port" */
static int
parse_node(struct redis_node *node, const char *text)
{
	const char *host = text, *colon = strrchr(text, ':');
	size_t len = strlen(text);
	unsigned long port = SENTINEL_PORT;
	char *end = NULL;

	if (text[0] == '[') {
		if ((end = strchr(text, ']')) == NULL)
			return (-1);
		host = text + 1;
		len = (size_t)(end - host);
		colon = end[1] == ':' ? end + 1 : NULL;
		if (colon == NULL && end[1] != '\0')
			return (-1);
	} else if (colon != NULL)
		len = (size_t)(colon - text);
	if (colon != NULL) {
		port = strtoul(colon + 1, &end, 10);
		if (colon[1] < '0' || colon[1] > '9' || *end != '\0')
			return (-1);
	}
	if (len == 0 || port == 0 || port > UINT16_MAX)
		return (-1);
	node->host = strndup(host, len);
	node->port = (uint16_t)port;
	return (node->host != NULL ? 0 : -1);
}

static void
read_nodes(struct redis_sentinels *c, struct section *s)
{
	size_t i, n = json_array_size(section_list(s, "nodes"));

	if (!section_need(s, "nodes"))
		return;
	if (n == 0) {
		section_error(s, "nodes", "needs at least one HOST:PORT");
		return;
	}
	if ((c->nodes = calloc(n, sizeof(*c->nodes))) == NULL)
		return;
	c->nnodes = n;
	for (i = 0; i < n; i++) {
		if (parse_node(
			&c->nodes[i], section_item_string(s, "nodes", i)) == -1)
			section_item_error(
			    s, "nodes", i, "is not of the form HOST:PORT");
	}
}

static void
read_sentinels(struct redis_sentinels *c, struct section *parent)
{
	struct section *s = section_child(parent, "sentinel");

	if (s == NULL)
		return;
	c->master = strdup(section_required(s, "master"));
	read_nodes(c, s);
	c->user = copy(section_string(s, "user", NULL));
	c->password = section_secret(s, "password");
	if (c->user != NULL && c->password == NULL && !section_failed(s))
		section_error(s, "password", "is needed with user");
	(void)section_end(s, NULL);
}

/* With sentinels the url is not asked where the master is, only how to talk to
 * it, and so may be left out. */
static void
read_place(struct redis_config *c, struct section *s)
{
	char *url = NULL;

	read_sentinels(&c->sentinels, s);
	if (c->sentinels.master == NULL) {
		redis_url_read(&c->url, s, section_required(s, "url"));
		return;
	}
	if (asprintf(&url, "redis://%s", c->sentinels.master) == -1)
		return;
	redis_url_read(&c->url, s, section_string(s, "url", url));
	if (c->url.host == NULL || c->url.has_port ||
	    strcmp(c->url.host, c->sentinels.master) != 0)
		section_error(s, "url",
		    "with sentinel the host is the master's name, without a "
		    "port: redis://[USER@]%s[/DB]",
		    c->sentinels.master);
	free(url);
}

/* It is in the slot of the stream where that has a hash tag. */
static void
read_checkpoint(struct redis_config *c, struct section *s, int once)
{
	const char *key = section_string(s, "checkpoint_key", NULL);

	if (!once && key != NULL)
		section_error(
		    s, "checkpoint_key", "needs delivery: exactly_once");
	else if (key != NULL && strcmp(key, c->stream) == 0)
		section_error(s, "checkpoint_key", "is the stream's own name");
	else if (once && key != NULL)
		c->checkpoint = strdup(key);
	else if (once &&
	    asprintf(&c->checkpoint, "%s:checkpoint", c->stream) == -1)
		c->checkpoint = NULL;
}

static void
read_durability(struct redis_durability *c, struct section *parent)
{
	struct section *s = section_child(parent, "durability");

	if (s == NULL)
		return;
	c->replicas =
	    (unsigned)section_integer(s, "replicas", 0, 0, MAX_REPLICAS);
	c->fsync = section_bool(s, "fsync", 0);
	c->timeout_ms = 1000 *
	    (unsigned)section_integer(
		s, "timeout_seconds", DEFAULT_TIMEOUT_S, 1, MAX_TIMEOUT_S);
	if (c->replicas == 0 && !c->fsync && !section_failed(s))
		section_error(s, NULL,
		    "asks for nothing; it needs replicas: N or fsync: true");
	(void)section_end(s, NULL);
}

static void
read_client_certificate(struct redis_tls_config *t, struct section *parent)
{
	struct section *s = section_child(parent, "client_certificate");

	if (s == NULL)
		return;
	(void)section_need(s, "certificate");
	t->certificate = section_path(s, "certificate", NULL);
	if (section_need(s, "key"))
		t->key = section_secret(s, "key");
	(void)section_end(s, NULL);
}

static void
read_tls(struct redis_config *c, struct section *s)
{
	struct redis_tls_config *t = &c->tls;

	t->ca = section_path(s, "tls_ca", NULL);
	t->server_name = copy(section_string(s, "tls_server_name", NULL));
	read_client_certificate(t, s);
	if (!c->url.tls &&
	    (t->ca != NULL || t->certificate != NULL || t->server_name != NULL))
		section_error(s, "url",
		    "must begin with rediss:// where tls_ca, tls_server_name "
		    "or client_certificate are given");
	if (c->url.tls && !redis_tls_built)
		section_error(s, "url",
		    "rediss:// is not in this build, whose hiredis has no TLS "
		    "(1.0 has it, as in Debian 13); use redis:// through a TLS "
		    "proxy such as stunnel, or unix://");
}

void
redis_config_read(struct redis_config *c, struct section *s)
{
	static const char *const deliveries[] = { "at_least_once",
		"exactly_once", NULL };
	int once;

	memset(c, 0, sizeof(*c));
	read_place(c, s);
	c->password = section_secret(s, "password");
	if (c->url.user != NULL && c->password == NULL && !section_failed(s))
		section_error(s, "password",
		    "is needed with a user in the url: {file: PATH}");
	c->stream = strdup(section_string(s, "stream", "mail"));
	once = section_choice(s, "delivery", deliveries, 0);
	read_checkpoint(c, s, once);
	c->maxlen = (uint64_t)section_integer(s, "maxlen", 0, 0, INT64_MAX);
	read_durability(&c->durability, s);
	read_tls(c, s);
}

void
redis_config_clear(struct redis_config *c)
{
	size_t i;

	for (i = 0; i < c->sentinels.nnodes; i++)
		free(c->sentinels.nodes[i].host);
	free(c->sentinels.nodes);
	free(c->sentinels.master);
	free(c->sentinels.user);
	secret_free(c->sentinels.password);
	redis_url_clear(&c->url);
	secret_free(c->password);
	free(c->tls.ca);
	free(c->tls.certificate);
	secret_free(c->tls.key);
	free(c->tls.server_name);
	free(c->stream);
	free(c->checkpoint);
	memset(c, 0, sizeof(*c));
}
