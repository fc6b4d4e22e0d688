/* http_server.h - an HTTP/1.1 server in this process (libmicrohttpd's) that
 * keeps what was posted to it and answers as it is told. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <microhttpd.h>
#include <pthread.h>
#include <stddef.h>

struct http_seen {
	char *head; /* "Name: value\n" for each header, as they were sent */
	char *body;
	size_t len;
	unsigned status; /* of the answer */
	struct MHD_Connection *held;
};

struct http_server {
	int port;
	struct MHD_Daemon *daemon; /* NULL: nobody listens */
	pthread_mutex_t lock;
	struct http_seen *seen;
	size_t nseen;
	/* Of the answers from now on. */
	unsigned status;
	const char *name, *value; /* a header, or NULL */
	const char *body;
	size_t repeat; /* the body, so many times */
	int hold;      /* answer only after http_server_release() */
};

struct http_server *http_server_new(void);
void http_server_free(struct http_server *);

/* Nobody listens any more; and again, at the same port. */
void http_server_lose(struct http_server *);
void http_server_regain(struct http_server *);

/* Answer in this way from now on. */
void http_server_answer(struct http_server *, unsigned status, const char *name,
    const char *value, const char *body);

void http_server_hold(struct http_server *, int hold);

/* Let all that is held have its answer. */
void http_server_release(struct http_server *);

/* How many requests came; the value of a header of request ${i}, to be freed,
 * or NULL. */
size_t http_server_count(struct http_server *);
char *http_server_header(struct http_server *, size_t i, const char *name);

/* A port that nobody listens at. */
int http_server_free_port(void);

#endif
