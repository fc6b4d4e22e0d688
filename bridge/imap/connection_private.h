/* connection_private.h - what connection.c (octets) and connection_open.c (the
 * way to them) share. */
#ifndef CONNECTION_PRIVATE_H
#define CONNECTION_PRIVATE_H

#include <curl/curl.h>
#include <openssl/ssl.h>

#include "bridge/buf.h"
#include "bridge/curl_loop.h"
#include "bridge/imap/connection.h"

struct net;
struct net_multi;

struct connection {
	struct net *net;
	struct connection_config config;
	const struct connection_ops *ops;
	void *arg;
	CURL *easy;
	struct curl_transfer transfer;
	struct net_multi *multi; /* NULL while it waits for its turn */
	struct gate *gate;	 /* of its server */
	struct opening *opening; /* until it stands */
	uv_poll_t poll;
	curl_socket_t fd;
	int open;     /* it stands, poll is initialised */
	int admitted; /* counted as connecting */
	int queued;   /* in the list of those with more to read */
	int waiting;  /* in the list of those that wait to connect */
	int paused;
	int want_write;
	int error; /* of the socket: only what came before it can be read */
	int closed;
	int dropped;		 /* before its greeting */
	struct connection *next; /* in either list */
};

/* What only a connection in the making needs. */
struct opening {
	struct buf greeting;
	X509_STORE *store;
	char error[CURL_ERROR_SIZE];
	char url[300];
};

/* In and out of a list of the net. */
void connection_list_put(struct connection **list, struct connection *);
void connection_list_remove(struct connection **list, struct connection *);

/* The connection is no more: stop polling, tell the owner. */
void connection_lose(struct connection *, const struct fault *f);

/* Poll for what is wanted now; read one turn's share. */
void connection_poll(struct connection *);
void connection_read_turn(struct connection *);

/* Free what only the opening needs. */
void connection_opening_free(struct connection *);

/* The transfer that is the opening has ended. */
void connection_opening_done(void *arg, CURLcode result);

/* Leave the gate; the connection that waits next starts. */
void connection_opening_leave(struct connection *);

#endif
