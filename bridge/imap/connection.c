#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <openssl/ssl.h>

#include "bridge/buf.h"
#include "bridge/fault.h"
#include "bridge/imap/connection.h"
#include "bridge/imap/net.h"
#include "bridge/limits.h"

struct connection {
	struct net *net;
	struct connection_config config;
	const struct connection_ops *ops;
	void *arg;
	CURL *easy;
	struct net_multi *multi; /* NULL while it waits for its turn */
	struct opening *opening; /* until it stands */
	uv_poll_t poll;
	curl_socket_t fd;
	int open;     /* it stands, poll is initialised */
	int admitted; /* counted as connecting */
	int queued;   /* in the list of those with more to read */
	int waiting;  /* in the list of those that wait to connect */
	int paused;
	int want_write;
	int closed;
	struct connection *next; /* in either list */
};

/* What only a connection in the making needs. */
struct opening {
	struct buf greeting;
	X509_STORE *store;
	char error[CURL_ERROR_SIZE];
	char url[300];
};

static void read_turn(struct connection *);

static void
list_put(struct connection **list, struct connection *c)
{
	while (*list != NULL)
		list = &(*list)->next;
	c->next = NULL;
	*list = c;
}

static void
list_remove(struct connection **list, struct connection *c)
{
	for (; *list != NULL; list = &(*list)->next) {
		if (*list == c) {
			*list = c->next;
			return;
		}
	}
}

static void
opening_free(struct connection *c)
{
	if (c->opening == NULL)
		return;
	buf_free(&c->opening->greeting);
	free(c->opening);
	c->opening = NULL;
}

static void
lose(struct connection *c, const struct fault *f)
{
	if (c->open)
		uv_poll_stop(&c->poll);
	c->ops->lost(c->arg, f);
}

static void poll_events(struct connection *c);

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct connection *c = poll->data;
	struct fault f;

	if (status < 0) {
		fault_set(
		    &f, FAULT_RETRY, "connection: %s", uv_strerror(status));
		lose(c, &f);
		return;
	}
	if ((events & UV_WRITABLE) && c->want_write) {
		c->want_write = 0;
		poll_events(c);
		c->ops->writable(c->arg);
	}
	if ((events & UV_READABLE) && !c->closed && !c->paused && !c->queued)
		read_turn(c);
}

static void
poll_events(struct connection *c)
{
	int events;

	events =
	    (c->paused ? 0 : UV_READABLE) | (c->want_write ? UV_WRITABLE : 0);
	if (events != 0)
		uv_poll_start(&c->poll, events, on_poll);
	else
		uv_poll_stop(&c->poll);
}

/* Read what there is, up to one turn's share; what libcurl then still holds
 * decrypted no poll shows, so the loop is asked for another turn. */
static void
read_turn(struct connection *c)
{
	struct fault f;
	size_t size, n, total = 0;
	CURLcode result;
	char *buffer;

	buffer = net_buffer(c->net, &size);
	while (!c->closed && !c->paused && total < LIMIT_READ_TURN) {
		result = curl_easy_recv(c->easy, buffer, size, &n);
		if (result == CURLE_AGAIN)
			return;
		if (result != CURLE_OK || n == 0) {
			fault_set(&f, FAULT_RETRY, "connection: %s",
			    result == CURLE_OK ? "closed by the server"
					       : curl_easy_strerror(result));
			lose(c, &f);
			return;
		}
		total += n;
		c->ops->data(c->arg, buffer, n);
	}
	if (!c->closed && !c->paused && !c->queued) {
		c->queued = 1;
		list_put(net_ready(c->net), c);
		net_wake(c->net);
	}
}

static void
on_turn(struct net *net)
{
	struct connection **list = net_ready(net), *c;
	size_t n = 0;

	/* Each one once: those that have still more are put back. */
	for (c = *list; c != NULL; c = c->next)
		n++;
	for (; n > 0 && (c = *list) != NULL; n--) {
		*list = c->next;
		c->queued = 0;
		read_turn(c);
	}
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
	opening_free(c);
	lose(c, &f);
}

static void
on_done(struct connection *c, CURLcode result)
{
	struct opening *o = c->opening;
	struct fault f;

	c->admitted = 0;
	net_admit_end(c->net);
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
		lose(c, &f);
		return;
	}
	c->poll.data = c;
	c->open = 1;
	/* The error buffer goes away with what was needed for the opening. */
	curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, NULL);
	curl_easy_setopt(c->easy, CURLOPT_HEADERFUNCTION, NULL);
	curl_easy_setopt(c->easy, CURLOPT_HEADERDATA, NULL);
	c->opening = NULL;
	poll_events(c);
	c->ops->opened(c->arg, o->greeting.data, o->greeting.len);
	buf_free(&o->greeting);
	free(o);
	/* The server may have said more meanwhile, TLS holding it. */
	if (!c->closed && !c->paused)
		read_turn(c);
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
	curl_easy_setopt(e, CURLOPT_PRIVATE, c);
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

static void
on_start(struct connection *c)
{
	struct fault f;

	if (c->waiting)
		list_remove(net_waiting(c->net), c);
	c->waiting = 0;
	c->admitted = 1;
	if ((c->multi = net_add(c->net, c->easy)) == NULL) {
		c->admitted = 0;
		net_admit_end(c->net);
		fault_set(&f, FAULT_RETRY, "connect to %s: out of memory",
		    c->config.host);
		lose(c, &f);
	}
}

struct net *
connection_net(uv_loop_t *loop, struct fault *f)
{
	static const struct net_ops ops = { on_done, on_start, on_turn };

	return (net_new(loop, &ops, f));
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
	if (net_admit(net, c)) {
		c->admitted = 1;
		if ((c->multi = net_add(net, c->easy)) == NULL) {
			net_admit_end(net);
			fault_set(f, FAULT_RETRY, "connect: out of memory");
			goto fail;
		}
	} else {
		c->waiting = 1;
		list_put(net_waiting(net), c);
	}
	return (c);

fail:
	if (c != NULL) {
		opening_free(c);
		curl_easy_cleanup(c->easy);
	}
	free(c);
	return (NULL);
}

int
connection_send(struct connection *c, struct buf *out, struct fault *f)
{
	CURLcode result;
	size_t n;

	while (out->len > 0 && !c->want_write) {
		result = curl_easy_send(c->easy, out->data, out->len, &n);
		if (result == CURLE_AGAIN) {
			c->want_write = 1;
			poll_events(c);
			return (0);
		}
		if (result != CURLE_OK)
			return (fault_set(f, FAULT_RETRY, "connection: %s",
			    curl_easy_strerror(result)));
		explicit_bzero(out->data, n);
		buf_consume(out, n);
	}
	if (out->len == 0)
		buf_free(out);
	return (0);
}

void
connection_pause(struct connection *c, int paused)
{
	if (c->paused == paused || c->closed)
		return;
	c->paused = paused;
	if (!c->open)
		return;
	poll_events(c);
	/* What TLS holds already, no poll will show. */
	if (!paused && !c->queued) {
		c->queued = 1;
		list_put(net_ready(c->net), c);
		net_wake(c->net);
	}
}

static void
on_poll_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void
connection_close(struct connection *c)
{
	struct net *net;

	if (c == NULL || c->closed)
		return;
	net = c->net;
	c->closed = 1;
	if (c->queued)
		list_remove(net_ready(net), c);
	if (c->waiting)
		list_remove(net_waiting(net), c);
	if (c->open)
		uv_poll_stop(&c->poll);
	/* libcurl would say LOGOUT and wait for the answer, holding the loop.
	 */
	if (c->fd != CURL_SOCKET_BAD)
		(void)shutdown(c->fd, SHUT_RDWR);
	if (c->multi != NULL)
		net_remove(net, c->multi, c->easy);
	curl_easy_cleanup(c->easy);
	opening_free(c);
	if (c->admitted)
		net_admit_end(net);
	if (c->open)
		uv_close((uv_handle_t *)&c->poll, on_poll_closed);
	else
		free(c);
}
