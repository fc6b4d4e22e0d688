#include <stdlib.h>

#include "bridge/curl_loop.h"
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
	struct curl_loop *loop;
	unsigned connections;
};

struct net {
	uv_loop_t *loop;
	void (*turn)(struct net *);
	struct trust *trust;
	struct net_multi *multis;
	uv_idle_t idle;
	struct connection *ready;
	struct gates *gates;
	unsigned open_parts;
	void (*closed)(void *arg);
	void *closed_arg;
	char buffer[BUFFER_SIZE];
};

struct net *
net_new(uv_loop_t *loop, void (*turn)(struct net *), struct fault *f)
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
	net->turn = turn;
	uv_idle_init(loop, &net->idle);
	net->idle.data = net;
	net->open_parts = 1;
	return (net);
}

static void
on_part_closed(void *arg)
{
	struct net *net = arg;
	struct net_multi *m;

	if (--net->open_parts > 0)
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

static void
on_idle_closed(uv_handle_t *handle)
{
	on_part_closed(handle->data);
}

void
net_close(struct net *net, void (*closed)(void *arg), void *arg)
{
	struct net_multi *m;

	net->closed = closed;
	net->closed_arg = arg;
	for (m = net->multis; m != NULL; m = m->next)
		curl_loop_close(m->loop, on_part_closed, net);
	uv_close((uv_handle_t *)&net->idle, on_idle_closed);
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
	if ((m->loop = curl_loop_new(net->loop, 0)) == NULL) {
		free(m);
		return (NULL);
	}
	net->open_parts++;
	m->next = net->multis;
	net->multis = m;
	return (m);
}

struct net_multi *
net_add(struct net *net, CURL *easy, struct curl_transfer *transfer)
{
	struct net_multi *m;

	for (m = net->multis; m != NULL; m = m->next) {
		if (m->connections < MULTI_CONNECTIONS)
			break;
	}
	if (m == NULL && (m = multi_new(net)) == NULL)
		return (NULL);
	if (curl_loop_add(m->loop, easy, transfer) == -1)
		return (NULL);
	m->connections++;
	return (m);
}

void
net_remove(struct net_multi *m, struct curl_transfer *transfer)
{
	curl_loop_remove(transfer);
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

	net->turn(net);
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
