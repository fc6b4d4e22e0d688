#include <sys/socket.h>

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "http_server.h"

/* A request under way. */
struct incoming {
	char *body;
	size_t len;
	size_t index; /* in seen, once it is whole */
	int whole;
};

int
http_server_free_port(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	close(fd);
	return (ntohs(sin.sin_port));
}

static enum MHD_Result
on_header(
    void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	char **head = arg, *longer;

	(void)kind;
	if (asprintf(&longer, "%s%s: %s\n", *head != NULL ? *head : "", name,
		value != NULL ? value : "") == -1)
		abort();
	free(*head);
	*head = longer;
	return (MHD_YES);
}

static void
keep(struct http_server *s, struct MHD_Connection *connection,
    struct incoming *in)
{
	struct http_seen *seen;

	s->seen = realloc(s->seen, (s->nseen + 1) * sizeof(*s->seen));
	if (s->seen == NULL)
		abort();
	in->whole = 1;
	in->index = s->nseen++;
	seen = &s->seen[in->index];
	memset(seen, 0, sizeof(*seen));
	seen->body = in->body;
	seen->len = in->len;
	in->body = NULL;
	MHD_get_connection_values(
	    connection, MHD_HEADER_KIND, on_header, &seen->head);
	if (s->hold) {
		seen->held = connection;
		MHD_suspend_connection(connection);
	}
}

static enum MHD_Result
answer(struct http_server *s, struct MHD_Connection *connection,
    const struct incoming *in)
{
	struct MHD_Response *response;
	size_t i, one = strlen(s->body), len = one * s->repeat;
	char *body = malloc(len + 1);
	enum MHD_Result rc;

	if (body == NULL)
		abort();
	for (i = 0; i < s->repeat; i++)
		memcpy(body + i * one, s->body, one);
	response =
	    MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE);
	if (s->name != NULL)
		MHD_add_response_header(response, s->name, s->value);
	s->seen[in->index].status = s->status;
	rc = MHD_queue_response(connection, s->status, response);
	MHD_destroy_response(response);
	return (rc);
}

static enum MHD_Result
on_request(void *arg, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *len,
    void **state)
{
	struct http_server *s = arg;
	struct incoming *in = *state;
	enum MHD_Result rc = MHD_YES;

	(void)url;
	(void)version;
	if (in == NULL) {
		*state = calloc(1, sizeof(*in));
		return (*state != NULL && strcmp(method, "POST") == 0 ? MHD_YES
								      : MHD_NO);
	}
	if (*len > 0) {
		in->body = realloc(in->body, in->len + *len);
		if (in->body == NULL)
			return (MHD_NO);
		memcpy(in->body + in->len, data, *len);
		in->len += *len;
		*len = 0;
		return (MHD_YES);
	}
	pthread_mutex_lock(&s->lock);
	if (!in->whole)
		keep(s, connection, in);
	if (s->seen[in->index].held == NULL)
		rc = answer(s, connection, in);
	pthread_mutex_unlock(&s->lock);
	return (rc);
}

static void
on_end(void *arg, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode code)
{
	struct incoming *in = *state;

	(void)arg;
	(void)connection;
	(void)code;
	if (in != NULL)
		free(in->body);
	free(in);
}

void
http_server_regain(struct http_server *s)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)s->port) };

	s->daemon = MHD_start_daemon(
	    MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME,
	    (uint16_t)s->port, NULL, NULL, on_request, s, MHD_OPTION_SOCK_ADDR,
	    &sin, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U,
	    MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_END);
	assert_non_null(s->daemon);
}

void
http_server_lose(struct http_server *s)
{
	http_server_release(s);
	MHD_stop_daemon(s->daemon);
	s->daemon = NULL;
}

struct http_server *
http_server_new(void)
{
	struct http_server *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	pthread_mutex_init(&s->lock, NULL);
	s->port = http_server_free_port();
	s->status = 204;
	s->body = "";
	s->repeat = 1;
	http_server_regain(s);
	return (s);
}

void
http_server_free(struct http_server *s)
{
	size_t i;

	if (s->daemon != NULL)
		http_server_lose(s);
	for (i = 0; i < s->nseen; i++) {
		free(s->seen[i].head);
		free(s->seen[i].body);
	}
	free(s->seen);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

void
http_server_answer(struct http_server *s, unsigned status, const char *name,
    const char *value, const char *body)
{
	pthread_mutex_lock(&s->lock);
	s->status = status;
	s->name = name;
	s->value = value;
	s->body = body;
	s->repeat = 1;
	pthread_mutex_unlock(&s->lock);
}

void
http_server_hold(struct http_server *s, int hold)
{
	pthread_mutex_lock(&s->lock);
	s->hold = hold;
	pthread_mutex_unlock(&s->lock);
}

void
http_server_release(struct http_server *s)
{
	size_t i;

	pthread_mutex_lock(&s->lock);
	s->hold = 0;
	for (i = 0; i < s->nseen; i++) {
		if (s->seen[i].held != NULL)
			MHD_resume_connection(s->seen[i].held);
		s->seen[i].held = NULL;
	}
	pthread_mutex_unlock(&s->lock);
}

size_t
http_server_count(struct http_server *s)
{
	size_t n;

	pthread_mutex_lock(&s->lock);
	n = s->nseen;
	pthread_mutex_unlock(&s->lock);
	return (n);
}

char *
http_server_header(struct http_server *s, size_t i, const char *name)
{
	const char *p, *end;
	char *value = NULL;

	pthread_mutex_lock(&s->lock);
	assert_true(i < s->nseen);
	for (p = s->seen[i].head; *p != '\0'; p = end + 1) {
		end = strchr(p, '\n');
		if (strncasecmp(p, name, strlen(name)) == 0 &&
		    p[strlen(name)] == ':') {
			p += strlen(name) + 2;
			value = strndup(p, (size_t)(end - p));
			break;
		}
	}
	pthread_mutex_unlock(&s->lock);
	return (value);
}
