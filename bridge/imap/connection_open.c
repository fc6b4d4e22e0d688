/* The way to a connection that stands: libcurl's part. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bridge/fault.h"
#include "bridge/imap/connection_private.h"
#include "bridge/imap/gate.h"
#include "bridge/imap/net.h"
#include "bridge/limits.h"

void
connection_opening_free(struct connection *c)
{
	if (c->opening == NULL)
		return;
	buf_free(&c->opening->greeting);
	free(c->opening);
	c->opening = NULL;
}

static const char *
advice(CURLcode result, const struct connection_config *config)
{
	switch (result) {
	case CURLE_PEER_FAILED_VERIFICATION:
		return (config->ca != NULL
			? " (is the certificate for this `host`, and signed by "
			  "a "
			  "CA in `tls_ca`?)"
			: " (is the certificate for this `host`?  For a CA of "
			  "your own set `tls_ca`)");
	case CURLE_COULDNT_RESOLVE_HOST:
		return (" (check `host` and the DNS)");
	case CURLE_COULDNT_CONNECT:
		return (" (check `host` and `port`, and that the server runs)");
	case CURLE_SSL_CONNECT_ERROR:
		return (" (is it a TLS port?  See `tls` and `port`)");
	case CURLE_USE_SSL_FAILED:
		return (
		    " (the server offers no STARTTLS: use `tls: implicit`)");
	case CURLE_OPERATION_TIMEDOUT:
		return (" (the server does not answer)");
	default:
		return ("");
	}
}

/* Was somebody there, who said nothing and closed? */
static int
is_drop(const struct opening *o, CURLcode result)
{
	return (o->greeting.len == 0 &&
	    (result == CURLE_RECV_ERROR || result == CURLE_SEND_ERROR ||
		result == CURLE_GOT_NOTHING ||
		result == CURLE_WEIRD_SERVER_REPLY ||
		result == CURLE_SSL_CONNECT_ERROR));
}

static void
opening_failed(struct connection *c, CURLcode result)
{
	struct opening *o = c->opening;
	struct fault f;
	const char *said = "", *reason;

	reason = o->error[0] != '\0' ? o->error : curl_easy_strerror(result);
	if (o->greeting.len > 0)
		said = "; the server said: ";
	fault_set(&f, FAULT_RETRY, "connect to %s:%u: %s%s%s%.200s",
	    c->config.host, c->config.port, reason, advice(result, &c->config),
	    said, o->greeting.len > 0 ? o->greeting.data : "");
	c->dropped = is_drop(o, result);
	connection_opening_free(c);
	connection_lose(c, &f);
}

void
connection_opening_done(void *arg, CURLcode result)
{
	struct connection *c = arg;
	struct opening *o = c->opening;
	struct fault f;

	connection_opening_leave(c);
	if (result == CURLE_OK)
		result =
		    curl_easy_getinfo(c->easy, CURLINFO_ACTIVESOCKET, &c->fd);
	if (result != CURLE_OK) {
		opening_failed(c, result);
		return;
	}
	if (uv_poll_init(net_loop(c->net), &c->poll, c->fd) != 0) {
		fault_set(&f, FAULT_RETRY, "connect to %s: cannot poll",
		    c->config.host);
		connection_lose(c, &f);
		return;
	}
	c->poll.data = c;
	c->open = 1;
	/* The error buffer goes away with what was needed for the opening. */
	curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, NULL);
	curl_easy_setopt(c->easy, CURLOPT_HEADERFUNCTION, NULL);
	curl_easy_setopt(c->easy, CURLOPT_HEADERDATA, NULL);
	c->opening = NULL;
	connection_poll(c);
	c->ops->opened(c->arg, o->greeting.data, o->greeting.len);
	buf_free(&o->greeting);
	free(o);
	/* The server may have said more meanwhile, TLS holding it. */
	if (!c->closed && !c->paused)
		connection_read_turn(c);
}

static size_t
on_header(char *data, size_t size, size_t n, void *arg)
{
	struct opening *o = arg;

	return (buf_put(&o->greeting, data, size * n) == 0 ? size * n : 0);
}

static CURLcode
on_ssl_ctx(CURL *easy, void *ctx, void *arg)
{
	struct opening *o = arg;

	(void)easy;
	X509_STORE_up_ref(o->store);
	SSL_CTX_set_cert_store(ctx, o->store);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	return (CURLE_OK);
}

static int
on_socket_options(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	unsigned timeout_ms = LIMIT_TCP_USER_TIMEOUT_MS;

	(void)arg;
	(void)purpose;
	/* A peer that is gone without a word is noticed by what we send. */
	(void)setsockopt(
	    fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
	return (CURL_SOCKOPT_OK);
}

static void
set_options(struct connection *c)
{
	struct opening *o = c->opening;
	CURL *e = c->easy;

	curl_easy_setopt(e, CURLOPT_URL, o->url);
	curl_easy_setopt(e, CURLOPT_PORT, (long)c->config.port);
	curl_easy_setopt(e, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, o->error);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, o);
	curl_easy_setopt(
	    e, CURLOPT_CONNECTTIMEOUT, (long)c->config.connect_seconds);
	curl_easy_setopt(e, CURLOPT_TIMEOUT, (long)c->config.connect_seconds);
	curl_easy_setopt(e, CURLOPT_BUFFERSIZE, 4096L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPIDLE, 120L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPINTVL, 30L);
	curl_easy_setopt(e, CURLOPT_SOCKOPTFUNCTION, on_socket_options);
	/* Only what the config says: no proxy from the environment. */
	curl_easy_setopt(
	    e, CURLOPT_PROXY, c->config.proxy != NULL ? c->config.proxy : "");
	if (c->config.tls == CONNECTION_TLS_NONE)
		return;
	curl_easy_setopt(e, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(e, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	/* The store comes from the callback.  libcurl's own cache of stores
	 * would give one account's CA to another. */
	curl_easy_setopt(e, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(e, CURLOPT_CA_CACHE_TIMEOUT, 0L);
	curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
	curl_easy_setopt(e, CURLOPT_SSL_CTX_DATA, o);
}

/* Hand the transfer to libcurl.  0, or -1 with ${f}. */
static int
start(struct connection *c, struct fault *f)
{
	c->admitted = 1;
	c->transfer.done = connection_opening_done;
	c->transfer.arg = c;
	if ((c->multi = net_add(c->net, c->easy, &c->transfer)) != NULL)
		return (0);
	return (fault_set(
	    f, FAULT_RETRY, "connect to %s: out of memory", c->config.host));
}

void
connection_opening_leave(struct connection *c)
{
	struct connection *next;
	struct fault f;

	c->admitted = 0;
	if ((next = gate_leave(c->gate)) == NULL)
		return;
	connection_list_remove(gate_waiting(next->gate), next);
	next->waiting = 0;
	/* Its owner closes it when it is told, and the one after it goes in. */
	if (start(next, &f) == -1)
		connection_lose(next, &f);
}

struct connection *
connection_open(struct net *net, const struct connection_config *config,
    const struct connection_ops *ops, void *arg, struct fault *f)
{
	struct connection *c;
	struct opening *o;
	int v6;

	if ((c = calloc(1, sizeof(*c))) == NULL ||
	    (c->opening = calloc(1, sizeof(*c->opening))) == NULL ||
	    (c->easy = curl_easy_init()) == NULL) {
		fault_set(f, FAULT_RETRY, "connect to %s: out of memory",
		    config->host);
		goto fail;
	}
	o = c->opening;
	c->net = net;
	c->config = *config;
	c->ops = ops;
	c->arg = arg;
	c->fd = CURL_SOCKET_BAD;
	buf_init(&o->greeting, LIMIT_IMAP_LINE);
	v6 = strchr(config->host, ':') != NULL;
	(void)snprintf(o->url, sizeof(o->url), "%s://%s%s%s/",
	    config->tls == CONNECTION_TLS_IMPLICIT ? "imaps" : "imap",
	    v6 ? "[" : "", config->host, v6 ? "]" : "");
	if (config->tls != CONNECTION_TLS_NONE &&
	    (o->store = net_store(net, config->ca, f)) == NULL)
		goto fail;
	set_options(c);
	if ((c->gate = net_gate(net, config->host, config->port)) == NULL) {
		fault_set(f, FAULT_RETRY, "connect: out of memory");
		goto fail;
	}
	if (!gate_enter(c->gate)) {
		c->waiting = 1;
		connection_list_put(gate_waiting(c->gate), c);
	} else if (start(c, f) == -1) {
		goto fail;
	}
	return (c);

fail:
	if (c != NULL) {
		if (c->admitted)
			connection_opening_leave(c);
		connection_opening_free(c);
		curl_easy_cleanup(c->easy);
	}
	free(c);
	return (NULL);
}
