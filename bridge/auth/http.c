#include <stdlib.h>
#include <string.h>
#include <curl/curl.h>

#include "bridge/auth/http.h"
#include "bridge/buf.h"
#include "bridge/curl_loop.h"
#include "bridge/fault.h"
#include "bridge/limits.h"
#include "bridge/version.h"

struct http {
	struct curl_loop *loop;
};

struct http_request {
	struct curl_transfer transfer;
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
on_done(void *arg, CURLcode result)
{
	struct http_request *r = arg;
	struct http_answer answer = { 0 };
	curl_off_t seconds = 0;
	struct fault f;

	curl_loop_remove(&r->transfer);
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

	/* A service account may stand for thousands of users. */
	if ((h = calloc(1, sizeof(*h))) == NULL ||
	    (h->loop = curl_loop_new(loop, LIMIT_HTTP_OPEN)) == NULL) {
		free(h);
		fault_set(f, FAULT_RETRY, "oauth2: out of memory");
		return (NULL);
	}
	return (h);
}

void
http_close(struct http *h, void (*closed)(void *arg), void *arg)
{
	curl_loop_close(h->loop, closed, arg);
	free(h);
}

static void
set_options(struct http_request *r, const char *ca)
{
	CURL *easy = r->easy;

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
	r->transfer.done = on_done;
	r->transfer.arg = r;
	r->done = done;
	r->arg = arg;
	buf_init(&r->body, LIMIT_HTTP_ANSWER);
	r->headers = curl_slist_append(NULL, "Accept: application/json");
	if (r->form == NULL || r->headers == NULL ||
	    (r->url = strdup(url)) == NULL ||
	    (r->easy = curl_easy_init()) == NULL)
		goto fail;
	set_options(r, ca);
	if (curl_loop_add(h->loop, r->easy, &r->transfer) == -1)
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
	curl_loop_remove(&r->transfer);
	request_free(r);
}
