/* connection.h - octets to and from an IMAP server.
 *
 * Opening is libcurl's: DNS, proxy, TLS with verification, STARTTLS with its
 * defences, greeting and CAPABILITY.  Login is not: no user name is ever given
 * to it.  All calls and callbacks are on the loop's thread; no callback comes
 * from inside a call below. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct buf;
struct connection;
struct fault;
struct net;

enum connection_tls {
	CONNECTION_TLS_IMPLICIT,
	CONNECTION_TLS_STARTTLS,
	CONNECTION_TLS_NONE
};

struct connection_config {
	const char *host;
	uint16_t port;
	enum connection_tls tls;
	const char *ca;		  /* CA file; NULL: the system's */
	const char *proxy;	  /* URL, or NULL */
	unsigned connect_seconds; /* until the greeting is complete */
};

struct connection_ops {
	/* The connection stands; ${greeting} is what the server said so far:
	 * its greeting and the answer to CAPABILITY, as lines. */
	void (*opened)(void *arg, const char *greeting, size_t len);
	/* Octets came; borrowed for the call. */
	void (*data)(void *arg, const char *data, size_t len);
	/* After connection_send() left octets unsent: try again. */
	void (*writable)(void *arg);
	/* It could not be made, or is lost.  Nothing more comes; it is still to
	 * be closed. */
	void (*lost)(void *arg, const struct fault *f);
};

/* The net for connection_open(); see net_close(). */
struct net *connection_net(uv_loop_t *loop, struct fault *f);

/* Begin to connect.  The config's strings are borrowed for the connection's
 * life.  NULL with ${f}. */
struct connection *connection_open(struct net *,
    const struct connection_config *, const struct connection_ops *, void *arg,
    struct fault *f);

/* Send from ${out}, wiping and removing what was sent.  What is left is sent
 * from ops->writable on.  0, or -1 with ${f} when the connection is lost (then
 * ops->lost is not called for it). */
int connection_send(struct connection *, struct buf *out, struct fault *f);

/* Stop reading, so that the server must wait; and go on. */
void connection_pause(struct connection *, int paused);

/* In ops->lost: did the server take the connection, and close it without a
 * word?  So do some that count connections. */
int connection_was_dropped(const struct connection *);

/* Close at once and free; no callback comes any more. */
void connection_close(struct connection *);

#endif
