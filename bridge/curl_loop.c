#include <stdlib.h>

#include "bridge/curl_loop.h"

struct curl_loop {
	uv_loop_t *loop;
	uv_timer_t timer;
	CURLM *multi;
	void (*closed)(void *arg);
	void *closed_arg;
};

/* One of libcurl's sockets, while libcurl polls it. */
struct socket {
	uv_poll_t poll;
	struct curl_loop *owner;
	curl_socket_t fd;
};

static void
finish_all(struct curl_loop *l)
{
	struct curl_transfer *t;
	CURLcode result;
	CURLMsg *msg;
	char *private;
	int left;

	while ((msg = curl_multi_info_read(l->multi, &left)) != NULL) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		private = NULL;
		result = msg->data.result;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &private);
		if ((t = (struct curl_transfer *)(void *)private) != NULL)
			t->done(t->arg, result);
	}
}

static void
on_socket_event(uv_poll_t *poll, int status, int events)
{
	struct socket *s = poll->data;
	struct curl_loop *l = s->owner;
	int flags = 0, running;

	if (status < 0)
		flags = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	curl_multi_socket_action(l->multi, s->fd, flags, &running);
	finish_all(l);
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
	struct curl_loop *l = arg;
	struct socket *s = socket_arg;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (s != NULL) {
			curl_multi_assign(l->multi, fd, NULL);
			uv_close((uv_handle_t *)&s->poll, on_socket_closed);
		}
		return (0);
	}
	if (s == NULL) {
		if ((s = calloc(1, sizeof(*s))) == NULL)
			return (-1);
		s->owner = l;
		s->fd = fd;
		if (uv_poll_init(l->loop, &s->poll, fd) != 0) {
			free(s);
			return (-1);
		}
		s->poll.data = s;
		curl_multi_assign(l->multi, fd, s);
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
	struct curl_loop *l = timer->data;
	int running;

	curl_multi_socket_action(l->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	finish_all(l);
}

static int
on_curl_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct curl_loop *l = arg;

	(void)multi;
	if (timeout_ms < 0)
		uv_timer_stop(&l->timer);
	else
		uv_timer_start(&l->timer, on_timeout, (uint64_t)timeout_ms, 0);
	return (0);
}

struct curl_loop *
curl_loop_new(uv_loop_t *loop, long open)
{
	struct curl_loop *l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return (NULL);
	if ((l->multi = curl_multi_init()) == NULL) {
		free(l);
		return (NULL);
	}
	l->loop = loop;
	uv_timer_init(loop, &l->timer);
	l->timer.data = l;
	curl_multi_setopt(l->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	curl_multi_setopt(l->multi, CURLMOPT_SOCKETDATA, l);
	curl_multi_setopt(l->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	curl_multi_setopt(l->multi, CURLMOPT_TIMERDATA, l);
	curl_multi_setopt(l->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, open);
	return (l);
}

int
curl_loop_add(struct curl_loop *l, CURL *easy, struct curl_transfer *t)
{
	curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	if (curl_multi_add_handle(l->multi, easy) != CURLM_OK)
		return (-1);
	t->easy = easy;
	t->loop = l;
	return (0);
}

void
curl_loop_remove(struct curl_transfer *t)
{
	if (t->loop == NULL)
		return;
	curl_multi_remove_handle(t->loop->multi, t->easy);
	t->loop = NULL;
	t->easy = NULL;
}

static void
on_timer_closed(uv_handle_t *handle)
{
	struct curl_loop *l = handle->data;

	l->closed(l->closed_arg);
	free(l);
}

void
curl_loop_close(struct curl_loop *l, void (*closed)(void *arg), void *arg)
{
	l->closed = closed;
	l->closed_arg = arg;
	curl_multi_cleanup(l->multi);
	uv_close((uv_handle_t *)&l->timer, on_timer_closed);
}
