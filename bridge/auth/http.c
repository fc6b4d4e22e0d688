#include <stdlib.h>
#include <string.h>
#include <curl/curl.h>

#include "bridge/auth/http.h"
#include "bridge/buf.h"
#include "bridge/fault.h"
#include "bridge/limits.h"
#include "bridge/version.h"

struct http {
	uv_loop_t *loop;
	uv_timer_t timer;
	CURLM *multi;
	void (*closed)(void *arg);
	void *closed_arg;
};

struct http_request {
	struct http *http;
	CURL *easy;
	struct curl_slist *headers;
	char *url;
	char *form;
	size_t form_len;
	struct buf body;
	int too_large;
	char error[CURL_ERROR_SIZE];
	http_done *done;
	void *arg;
};

/* One of libcurl's sockets, while libcurl polls it. */
struct socket {
	uv_poll_t poll;
	struct http *http;
	curl_socket_t fd;
};

static void
wipe(char *data, size_t len)
{
	if (data != NULL)
		explicit_bzero(data, len);
}

static void
request_free(struct http_request *r)
{
	if (r->easy != NULL)
		curl_easy_cleanup(r->easy);
	curl_slist_free_all(r->headers);
	wipe(r->form, r->form_len);
	free(r->form);
	wipe(r->body.data, r->body.cap);
	buf_free(&r->body);
	free(r->url);
	free(r);
}

static void
describe(const struct http_request *r, CURLcode result, struct fault *f)
{
	const char *advice = "";

	if (r->too_large) {
		fault_set(f, FAULT_RETRY,
		    "%s: the answer is larger than %u KiB: is this a token "
		    "endpoint?",
		    r->url, LIMIT_HTTP_ANSWER / 1024);
		return;
	}
	switch (result) {
	case CURLE_COULDNT_RESOLVE_HOST:
		advice = " (check `token_endpoint` and the DNS)";
		break;
	case CURLE_COULDNT_CONNECT:
		advice = " (is the way out open, or a proxy needed?  Then set "
			 "$https_proxy)";
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
		advice = " (for a CA of your own, or that of a proxy, set "
			 "`tls_ca`)";
		break;
	case CURLE_SSL_CACERT_BADFILE:
		fault_set(f, FAULT_CONFIG, "tls_ca: %s", r->error);
		return;
	default:
		break;
	}
	fault_set(f, FAULT_RETRY, "%s: %s%s", r->url,
	    r->error[0] != '\0' ? r->error : curl_easy_strerror(result),
	    advice);
}

static void
finish(struct http_request *r, CURLcode result)
{
	struct http_answer answer = { 0 };
	curl_off_t seconds = 0;
	struct fault f;

	curl_multi_remove_handle(r->http->multi, r->easy);
	if (result != CURLE_OK || r->too_large) {
		describe(r, result, &f);
		r->done(r->arg, NULL, &f);
		request_free(r);
		return;
	}
	curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &answer.status);
	curl_easy_getinfo(r->easy, CURLINFO_RETRY_AFTER, &seconds);
	if (seconds > LIMIT_RETRY_AFTER_SECONDS)
		seconds = LIMIT_RETRY_AFTER_SECONDS;
	answer.retry_ms = (unsigned long)seconds * 1000;
	answer.body = r->body.data != NULL ? r->body.data : "";
	answer.len = r->body.len;
	r->done(r->arg, &answer, NULL);
	request_free(r);
}

static void
finish_all(struct http *h)
{
	struct http_request *r;
	CURLMsg *msg;
	CURLcode result;
	char *private;
	int left;

	while ((msg = curl_multi_info_read(h->multi, &left)) != NULL) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		private = NULL;
		result = msg->data.result;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &private);
		if ((r = (struct http_request *)(void *)private) != NULL)
			finish(r, result);
	}
}

static void
on_socket_event(uv_poll_t *poll, int status, int events)
{
	struct socket *s = poll->data;
	struct http *h = s->http;
	int flags = 0, running;

	if (status < 0)
		flags = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	curl_multi_socket_action(h->multi, s->fd, flags, &running);
	finish_all(h);
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
	struct http *h = arg;
	struct socket *s = socket_arg;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (s != NULL) {
			curl_multi_assign(h->multi, fd, NULL);
			uv_close((uv_handle_t *)&s->poll, on_socket_closed);
		}
		return (0);
	}
	if (s == NULL) {
		if ((s = calloc(1, sizeof(*s))) == NULL)
			return (-1);
		s->http = h;
		s->fd = fd;
		if (uv_poll_init(h->loop, &s->poll, fd) != 0) {
			free(s);
			return (-1);
		}
		s->poll.data = s;
		curl_multi_assign(h->multi, fd, s);
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
	struct http *h = timer->data;
	int running;

	curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	finish_all(h);
}

static int
on_curl_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct http *h = arg;

	(void)multi;
	if (timeout_ms < 0)
		uv_timer_stop(&h->timer);
	else
		uv_timer_start(&h->timer, on_timeout, (uint64_t)timeout_ms, 0);
	return (0);
}

static size_t
on_body(char *data, size_t one, size_t len, void *arg)
{
	struct http_request *r = arg;

	(void)one;
	if (buf_put(&r->body, data, len) == 0)
		return (len);
	r->too_large = 1;
	return (0); /* ends the transfer */
}

struct http *
http_new(uv_loop_t *loop, struct fault *f)
{
	struct http *h;

	if ((h = calloc(1, sizeof(*h))) == NULL ||
	    (h->multi = curl_multi_init()) == NULL) {
		free(h);
		fault_set(f, FAULT_RETRY, "oauth2: out of memory");
		return (NULL);
	}
	h->loop = loop;
	uv_timer_init(loop, &h->timer);
	h->timer.data = h;
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	/* A service account may stand for thousands of users. */
	curl_multi_setopt(
	    h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)LIMIT_HTTP_OPEN);
	return (h);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	struct http *h = handle->data;

	h->closed(h->closed_arg);
	free(h);
}

void
http_close(struct http *h, void (*closed)(void *arg), void *arg)
{
	h->closed = closed;
	h->closed_arg = arg;
	curl_multi_cleanup(h->multi);
	uv_close((uv_handle_t *)&h->timer, on_timer_closed);
}

static void
set_options(struct http_request *r, const char *ca)
{
	CURL *easy = r->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, r);
	curl_easy_setopt(easy, CURLOPT_URL, r->url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(
	    easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (ca != NULL)
		curl_easy_setopt(easy, CURLOPT_CAINFO, ca);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)LIMIT_HTTP_SECONDS);
	curl_easy_setopt(
	    easy, CURLOPT_USERAGENT, "mailbridge/" MAILBRIDGE_VERSION);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, r->headers);
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, r->form);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)r->form_len);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, r->error);
}

struct http_request *
http_post(struct http *h, const char *url, const char *ca, struct buf *form,
    http_done *done, void *arg, struct fault *f)
{
	struct http_request *r;

	if ((r = calloc(1, sizeof(*r))) == NULL) {
		wipe(form->data, form->len);
		buf_free(form);
		fault_set(f, FAULT_RETRY, "oauth2: out of memory");
		return (NULL);
	}
	r->form_len = form->len;
	r->form = buf_take(form);
	r->http = h;
	r->done = done;
	r->arg = arg;
	buf_init(&r->body, LIMIT_HTTP_ANSWER);
	r->headers = curl_slist_append(NULL, "Accept: application/json");
	if (r->form == NULL || r->headers == NULL ||
	    (r->url = strdup(url)) == NULL ||
	    (r->easy = curl_easy_init()) == NULL)
		goto fail;
	set_options(r, ca);
	if (curl_multi_add_handle(h->multi, r->easy) != CURLM_OK)
		goto fail;
	return (r);

fail:
	request_free(r);
	fault_set(f, FAULT_RETRY, "oauth2: out of memory");
	return (NULL);
}

void
http_cancel(struct http_request *r)
{
	curl_multi_remove_handle(r->http->multi, r->easy);
	request_free(r);
}
