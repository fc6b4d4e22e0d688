/* net.h - libcurl's multi interface on a libuv loop, for connections that
 * libcurl opens (DNS, happy eyeballs, proxy, TLS, STARTTLS, greeting and
 * CAPABILITY) and then hands over. */
#ifndef NET_H
#define NET_H

#include <curl/curl.h>
#include <uv.h>

struct connection;
struct fault;
struct gate;
struct net;
struct net_multi;

/* What connection.c does for the net. */
struct net_ops {
	/* The transfer whose CURLOPT_PRIVATE is ${c} has ended: the connection
	 * stands (CURLE_OK) or failed. */
	void (*done)(struct connection *c, CURLcode result);
	/* Go on reading; called as long as net_ready() is no empty list. */
	void (*turn)(struct net *);
};

/* On ${loop}; NULL with ${f}. */
struct net *net_new(uv_loop_t *loop, const struct net_ops *, struct fault *f);

/* All transfers must have been removed.  ${closed} is called, from the loop,
 * when the last handle is gone and the net is freed. */
void net_close(struct net *, void (*closed)(void *arg), void *arg);

uv_loop_t *net_loop(struct net *);

/* The certificate store (X509_STORE *) for a CA file, see trust.h. */
void *net_store(struct net *, const char *ca, struct fault *f);

/* Start the transfer ${easy}, a CONNECT_ONLY one.  It stays in its multi until
 * net_remove(), before which its socket must not be polled any more.  NULL if
 * memory is out. */
struct net_multi *net_add(struct net *, CURL *easy);
void net_remove(struct net *, struct net_multi *, CURL *easy);

/* A place for octets just read; one for all, since one is read at a time. */
char *net_buffer(struct net *, size_t *size);

/* The connections that have more to read than one turn allows, of which no
 * poll tells; call net_wake() after putting the first one there. */
struct connection **net_ready(struct net *);
void net_wake(struct net *);

/* The gate of a server (gate.h); NULL if memory is out. */
struct gate *net_gate(struct net *, const char *host, uint16_t port);

#endif
