#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bridge/fault.h"
#include "bridge/imap/connection_private.h"
#include "bridge/imap/gate.h"
#include "bridge/imap/net.h"
#include "bridge/limits.h"

void
connection_list_put(struct connection **list, struct connection *c)
{
	while (*list != NULL)
		list = &(*list)->next;
	c->next = NULL;
	*list = c;
}

void
connection_list_remove(struct connection **list, struct connection *c)
{
	for (; *list != NULL; list = &(*list)->next) {
		if (*list == c) {
			*list = c->next;
			return;
		}
	}
}

void
connection_lose(struct connection *c, const struct fault *f)
{
	if (c->open)
		uv_poll_stop(&c->poll);
	c->ops->lost(c->arg, f);
}

/* libuv tells each error of a socket as EBADF; the socket knows which. */
static int
poll_error(int fd, int status)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (status == UV_EBADF &&
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 &&
	    error != 0)
		return (error);
	return (-status);
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct connection *c = poll->data;

	if (status < 0) {
		/* libuv polls no more.  What came before the error is still
		 * there; after it the socket is at its end. */
		c->error = poll_error(c->fd, status);
		if (!c->closed && !c->paused && !c->queued)
			connection_read_turn(c);
		return;
	}
	if ((events & UV_WRITABLE) && c->want_write) {
		c->want_write = 0;
		connection_poll(c);
		c->ops->writable(c->arg);
	}
	if ((events & UV_READABLE) && !c->closed && !c->paused && !c->queued)
		connection_read_turn(c);
}

void
connection_poll(struct connection *c)
{
	int events;

	if (c->error != 0)
		return;
	events =
	    (c->paused ? 0 : UV_READABLE) | (c->want_write ? UV_WRITABLE : 0);
	if (events != 0)
		uv_poll_start(&c->poll, events, on_poll);
	else
		uv_poll_stop(&c->poll);
}

/* Read what there is, up to one turn's share; what libcurl then still holds
 * decrypted no poll shows, so the loop is asked for another turn. */
void
connection_read_turn(struct connection *c)
{
	struct fault f;
	size_t size, n, total = 0;
	CURLcode result;
	char *buffer;

	buffer = net_buffer(c->net, &size);
	while (!c->closed && !c->paused && total < LIMIT_READ_TURN) {
		result = curl_easy_recv(c->easy, buffer, size, &n);
		if (result == CURLE_AGAIN && c->error == 0)
			return;
		if (result != CURLE_OK || n == 0) {
			fault_set(&f, FAULT_RETRY, "connection: %s",
			    c->error != 0 ? strerror(c->error)
				: result == CURLE_OK
				? "closed by the server"
				: curl_easy_strerror(result));
			connection_lose(c, &f);
			return;
		}
		total += n;
		c->ops->data(c->arg, buffer, n);
	}
	if (!c->closed && !c->paused && !c->queued) {
		c->queued = 1;
		connection_list_put(net_ready(c->net), c);
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
		connection_read_turn(c);
	}
}

struct net *
connection_net(uv_loop_t *loop, struct fault *f)
{
	return (net_new(loop, on_turn, f));
}

int
connection_send(struct connection *c, struct buf *out, struct fault *f)
{
	CURLcode result;
	size_t n;

	while (out->len > 0 && !c->want_write) {
		/* After an error nobody gets it; the reader will tell. */
		n = out->len;
		result = c->error != 0
		    ? CURLE_OK
		    : curl_easy_send(c->easy, out->data, out->len, &n);
		if (result == CURLE_AGAIN) {
			c->want_write = 1;
			connection_poll(c);
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
	connection_poll(c);
	/* What TLS holds already, no poll will show. */
	if (!paused && !c->queued) {
		c->queued = 1;
		connection_list_put(net_ready(c->net), c);
		net_wake(c->net);
	}
}

int
connection_was_dropped(const struct connection *c)
{
	return (c->dropped);
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
		connection_list_remove(net_ready(net), c);
	if (c->waiting)
		connection_list_remove(gate_waiting(c->gate), c);
	if (c->open)
		uv_poll_stop(&c->poll);
	/* libcurl would say LOGOUT on a connection that stands, and wait for
	 * the answer, holding the loop. */
	if (c->fd != CURL_SOCKET_BAD)
		(void)shutdown(c->fd, SHUT_RDWR);
	if (c->multi != NULL)
		net_remove(c->multi, &c->transfer);
	curl_easy_cleanup(c->easy);
	connection_opening_free(c);
	if (c->admitted)
		connection_opening_leave(c);
	if (c->open)
		uv_close((uv_handle_t *)&c->poll, on_poll_closed);
	else
		free(c);
}
