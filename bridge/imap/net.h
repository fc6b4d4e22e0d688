/* net.h - what all IMAP connections of a loop share: the multis, for libcurl
 * opens them (DNS, happy eyeballs, proxy, TLS, STARTTLS, greeting and
 * CAPABILITY) and then hands over. */
#ifndef NET_H
#define NET_H

#include <curl/curl.h>
#include <uv.h>

struct connection;
struct curl_transfer;
struct fault;
struct gate;
struct net;
struct net_multi;

/* On ${loop}.  ${turn} goes on reading; it is called as long as net_ready() is
 * no empty list.  NULL with ${f}. */
struct net *net_new(
    uv_loop_t *loop, void (*turn)(struct net *), struct fault *f);

/* All transfers must have been removed.  ${closed} is called, from the loop,
 * when the last handle is gone and the net is freed. */
void net_close(struct net *, void (*closed)(void *arg), void *arg);

uv_loop_t *net_loop(struct net *);

/* The certificate store (X509_STORE *) for a CA file, see trust.h. */
void *net_store(struct net *, const char *ca, struct fault *f);

/* Start the transfer ${easy}, a CONNECT_ONLY one; curl_loop.h says how.  It
 * stays in its multi until net_remove(), before which its socket must not be
 * polled any more.  NULL if memory is out. */
struct net_multi *net_add(
    struct net *, CURL *easy, struct curl_transfer *transfer);
void net_remove(struct net_multi *, struct curl_transfer *transfer);

/* A place for octets just read; one for all, since one is read at a time. */
char *net_buffer(struct net *, size_t *size);

/* The connections that have more to read than one turn allows, of which no
 * poll tells; call net_wake() after putting the first one there. */
struct connection **net_ready(struct net *);
void net_wake(struct net *);

/* The gate of a server (gate.h); NULL if memory is out. */
struct gate *net_gate(struct net *, const char *host, uint16_t port);

#endif
