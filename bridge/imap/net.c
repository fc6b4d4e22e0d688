#include <stdlib.h>

#include "bridge/fault.h"
#include "bridge/imap/gate.h"
#include "bridge/imap/net.h"
#include "bridge/imap/trust.h"
#include "bridge/limits.h"

/* curl_easy_recv() and curl_easy_send() search their multi's connections one
 * by one: keep the multis small. */
#define MULTI_CONNECTIONS 128

#define BUFFER_SIZE (64U * 1024)

struct net_multi {
	struct net_multi *next;
	struct net *net;
	CURLM *curlm;
	uv_timer_t timer;
	unsigned connections;
};

/* One of libcurl's sockets, while libcurl polls it. */
struct net_socket {
	uv_poll_t poll;
	struct net_multi *multi;
	curl_socket_t fd;
};

struct net {
	uv_loop_t *loop;
	const struct net_ops *ops;
	struct trust *trust;
	struct net_multi *multis;
	uv_idle_t idle;
	struct connection *ready;
	struct gates *gates;
	unsigned open_handles;
	void (*closed)(void *arg);
	void *closed_arg;
	char buffer[BUFFER_SIZE];
};

static void
finish_transfers(struct net_multi *m)
{
	struct connection *c;
	CURLMsg *msg;
	char *private;
	int left;

	while ((msg = curl_multi_info_read(m->curlm, &left)) != NULL) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		private = NULL;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &private);
		c = (struct connection *)(void *)private;
		if (c != NULL)
			m->net->ops->done(c, msg->data.result);
	}
}

static void
on_socket_event(uv_poll_t *poll, int status, int events)
{
	struct net_socket *s = poll->data;
	struct net_multi *m = s->multi;
	int flags = 0, running;

	if (status < 0)
		flags = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	curl_multi_socket_action(m->curlm, s->fd, flags, &running);
	finish_transfers(m);
}

static void
on_socket_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static int
on_curl_socket(
    CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct net_multi *m = arg;
	struct net_socket *s = socket_arg;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (s != NULL) {
			curl_multi_assign(m->curlm, fd, NULL);
			uv_close((uv_handle_t *)&s->poll, on_socket_closed);
		}
		return (0);
	}
	if (s == NULL) {
		if ((s = calloc(1, sizeof(*s))) == NULL)
			return (-1);
		s->multi = m;
		s->fd = fd;
		if (uv_poll_init(m->net->loop, &s->poll, fd) != 0) {
			free(s);
			return (-1);
		}
		s->poll.data = s;
		curl_multi_assign(m->curlm, fd, s);
	}
	if (what & CURL_POLL_IN)
		events |= UV_READABLE;
	if (what & CURL_POLL_OUT)
		events |= UV_WRITABLE;
	uv_poll_start(&s->poll, events, on_socket_event);
	return (0);
}

static void
on_timeout(uv_timer_t *timer)
{
	struct net_multi *m = timer->data;
	int running;

	curl_multi_socket_action(m->curlm, CURL_SOCKET_TIMEOUT, 0, &running);
	finish_transfers(m);
}

static int
on_curl_timer(CURLM *curlm, long timeout_ms, void *arg)
{
	struct net_multi *m = arg;

	(void)curlm;
	if (timeout_ms < 0)
		uv_timer_stop(&m->timer);
	else
		uv_timer_start(&m->timer, on_timeout, (uint64_t)timeout_ms, 0);
	return (0);
}

struct net *
net_new(uv_loop_t *loop, const struct net_ops *ops, struct fault *f)
{
	struct net *net;

	if ((net = calloc(1, sizeof(*net))) == NULL ||
	    (net->trust = trust_new()) == NULL ||
	    (net->gates = gates_new()) == NULL) {
		if (net != NULL)
			trust_free(net->trust);
		free(net);
		fault_set(f, FAULT_RETRY, "network: out of memory");
		return (NULL);
	}
	net->loop = loop;
	net->ops = ops;
	uv_idle_init(loop, &net->idle);
	net->idle.data = net;
	net->open_handles = 1;
	return (net);
}

static void
on_handle_closed(uv_handle_t *handle)
{
	struct net *net = handle->data;
	struct net_multi *m;

	if (--net->open_handles > 0)
		return;
	while ((m = net->multis) != NULL) {
		net->multis = m->next;
		free(m);
	}
	trust_free(net->trust);
	gates_free(net->gates);
	net->closed(net->closed_arg);
	free(net);
}

void
net_close(struct net *net, void (*closed)(void *arg), void *arg)
{
	struct net_multi *m;

	net->closed = closed;
	net->closed_arg = arg;
	for (m = net->multis; m != NULL; m = m->next) {
		curl_multi_cleanup(m->curlm);
		m->timer.data = net;
		uv_close((uv_handle_t *)&m->timer, on_handle_closed);
	}
	uv_close((uv_handle_t *)&net->idle, on_handle_closed);
}

uv_loop_t *
net_loop(struct net *net)
{
	return (net->loop);
}

void *
net_store(struct net *net, const char *ca, struct fault *f)
{
	return (trust_store(net->trust, ca, f));
}

static struct net_multi *
multi_new(struct net *net)
{
	struct net_multi *m;

	if ((m = calloc(1, sizeof(*m))) == NULL)
		return (NULL);
	if ((m->curlm = curl_multi_init()) == NULL) {
		free(m);
		return (NULL);
	}
	m->net = net;
	uv_timer_init(net->loop, &m->timer);
	m->timer.data = m;
	net->open_handles++;
	curl_multi_setopt(m->curlm, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	curl_multi_setopt(m->curlm, CURLMOPT_SOCKETDATA, m);
	curl_multi_setopt(m->curlm, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	curl_multi_setopt(m->curlm, CURLMOPT_TIMERDATA, m);
	m->next = net->multis;
	net->multis = m;
	return (m);
}

struct net_multi *
net_add(struct net *net, CURL *easy)
{
	struct net_multi *m;

	for (m = net->multis; m != NULL; m = m->next) {
		if (m->connections < MULTI_CONNECTIONS)
			break;
	}
	if (m == NULL && (m = multi_new(net)) == NULL)
		return (NULL);
	if (curl_multi_add_handle(m->curlm, easy) != CURLM_OK)
		return (NULL);
	m->connections++;
	return (m);
}

void
net_remove(struct net *net, struct net_multi *m, CURL *easy)
{
	(void)net;
	curl_multi_remove_handle(m->curlm, easy);
	m->connections--;
}

char *
net_buffer(struct net *net, size_t *size)
{
	*size = sizeof(net->buffer);
	return (net->buffer);
}

struct connection **
net_ready(struct net *net)
{
	return (&net->ready);
}

static void
on_idle(uv_idle_t *idle)
{
	struct net *net = idle->data;

	net->ops->turn(net);
	if (net->ready == NULL)
		uv_idle_stop(idle);
}

void
net_wake(struct net *net)
{
	uv_idle_start(&net->idle, on_idle);
}

struct gate *
net_gate(struct net *net, const char *host, uint16_t port)
{
	return (gate_find(net->gates, host, port));
}
