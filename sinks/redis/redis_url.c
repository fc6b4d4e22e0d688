#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/config/section.h"
#include "sinks/redis/redis_url.h"

#define DEFAULT_PORT 6379
#define UNIX_PREFIX "unix://"
#define MAX_DB 65535

/* One part of the URL as our own string, or NULL if it is not there. */
static char *
part(CURLU *u, CURLUPart what, unsigned flags)
{
	char *text = NULL, *copy = NULL;

	if (curl_url_get(u, what, &text, flags) == CURLUE_OK && text != NULL)
		copy = strdup(text);
	curl_free(text);
	return (copy);
}

/* "/3" or "3": -1 if it is no number of a database. */
static int
parse_db(const char *text, unsigned *db)
{
	unsigned long n;
	char *end;

	text += *text == '/';
	if (*text == '\0')
		return (0);
	if (*text < '0' || *text > '9')
		return (-1);
	n = strtoul(text, &end, 10);
	if (*end != '\0' || n > MAX_DB)
		return (-1);
	*db = (unsigned)n;
	return (0);
}

/* unix:///run/redis/redis.sock, perhaps with ?db=3 */
static void
read_unix(struct redis_url *c, struct section *s, const char *url)
{
	const char *path = url + strlen(UNIX_PREFIX);
	const char *query = strchr(path, '?');

	if (path[0] != '/')
		section_error(s, "url", "unix:// needs an absolute path");
	if (query != NULL &&
	    (strncmp(query, "?db=", 4) != 0 ||
		parse_db(query + 4, &c->db) == -1))
		section_error(
		    s, "url", "after the path only ?db=NUMBER may come");
	c->path =
	    strndup(path, query != NULL ? (size_t)(query - path) : SIZE_MAX);
	if (asprintf(&c->address, "unix://%s", c->path) == -1)
		c->address = NULL;
}

static void
read_host(struct redis_url *c, CURLU *u)
{
	size_t len;

	if ((c->host = part(u, CURLUPART_HOST, 0)) == NULL)
		return;
	len = strlen(c->host);
	if (len > 2 && c->host[0] == '[') {
		memmove(c->host, c->host + 1, len - 2);
		c->host[len - 2] = '\0';
	}
}

void
redis_url_read(struct redis_url *c, struct section *s, const char *url)
{
	char *port = NULL, *path = NULL, *password = NULL;
	CURLU *u;

	if (strncmp(url, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0) {
		read_unix(c, s, url);
		return;
	}
	c->tls = strncmp(url, "rediss://", 9) == 0;
	if (!c->tls && strncmp(url, "redis://", 8) != 0) {
		section_error(
		    s, "url", "must begin with redis://, rediss:// or unix://");
		return;
	}
	if ((u = curl_url()) == NULL ||
	    curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) !=
		CURLUE_OK) {
		section_error(s, "url",
		    "is not of the form redis://[USER@]HOST[:PORT][/DB]");
		curl_url_cleanup(u);
		return;
	}
	read_host(c, u);
	c->user = part(u, CURLUPART_USER, CURLU_URLDECODE);
	if (c->user != NULL && c->user[0] == '\0') {
		free(c->user);
		c->user = NULL;
	}
	if ((password = part(u, CURLUPART_PASSWORD, 0)) != NULL)
		section_error(s, "url",
		    "must not hold the password; write it as "
		    "password: {file: PATH} beside the url");
	port = part(u, CURLUPART_PORT, 0);
	c->has_port = port != NULL;
	c->port =
	    port != NULL ? (uint16_t)strtoul(port, NULL, 10) : DEFAULT_PORT;
	path = part(u, CURLUPART_PATH, 0);
	if (path != NULL && parse_db(path, &c->db) == -1)
		section_error(s, "url",
		    "after the host only the number of a database may come");
	if (c->host != NULL &&
	    asprintf(&c->address, "%s://%s:%u", c->tls ? "rediss" : "redis",
		c->host, c->port) == -1)
		c->address = NULL;
	free(port);
	free(path);
	free(password);
	curl_url_cleanup(u);
}

void
redis_url_clear(struct redis_url *c)
{
	free(c->host);
	free(c->path);
	free(c->user);
	free(c->address);
	memset(c, 0, sizeof(*c));
}
