/* One POST, and what its answer means. */
#include <string.h>

#include "bridge/envelope/event.h"
#include "bridge/limits.h"
#include "bridge/version.h"
#include "sinks/webhook/webhook_private.h"
#include "sinks/webhook/webhook_verdict.h"

/* A request may take this much longer for the octets of its event. */
#define SLOW_BYTES_PER_MS 100

static size_t
on_body(char *data, size_t one, size_t len, void *arg)
{
	struct webhook_request *r = arg;
	size_t room = r->body < WEBHOOK_SHOWN ? WEBHOOK_SHOWN - r->body : 0;

	(void)one;
	memcpy(r->shown + WEBHOOK_SHOWN - room, data, len < room ? len : room);
	r->body += len;
	/* The connection is worth reading a page of error text, no more. */
	return (r->body <= LIMIT_HTTP_ANSWER ? len : 0);
}

/* One line of printable ASCII; nothing, if the server repeats a secret. */
static void
make_showable(struct webhook_request *r)
{
	size_t len = r->body < WEBHOOK_SHOWN ? r->body : WEBHOOK_SHOWN;
	char *p;

	r->shown[len] = '\0';
	if (memchr(r->shown, '\0', len) != NULL ||
	    webhook_secrets_in(&r->webhook->secrets, r->shown))
		r->shown[0] = '\0';
	for (p = r->shown; *p != '\0'; p++) {
		if (*p == '\n' || *p == '\r' || *p == '\t')
			*p = ' ';
		else if (*p < ' ' || *p > '~')
			*p = '?';
	}
}

/* No answer: why, and is it a person's to mend?  1 if so. */
static int
describe(const struct webhook_request *r, CURLcode result, struct fault *f)
{
	enum fault_kind kind = FAULT_RETRY;
	const char *advice = "";
	int person = 0;

	switch (result) {
	case CURLE_COULDNT_RESOLVE_HOST:
		advice = " (check `url` and the DNS)";
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
		person = 1;
		advice = " (for a CA of your own set `tls_ca`)";
		break;
	case CURLE_SSL_CACERT_BADFILE:
		kind = FAULT_CONFIG;
		person = 1;
		advice = " (check `tls_ca`)";
		break;
	case CURLE_SSL_CERTPROBLEM:
		kind = FAULT_CONFIG;
		person = 1;
		advice = " (check `client_certificate`)";
		break;
	default:
		break;
	}
	fault_set(f, kind, "%s%s",
	    r->error[0] != '\0' ? r->error : curl_easy_strerror(result),
	    advice);
	return (person);
}

/* What is known of the answer beyond its status, behind ${f}'s text. */
static void
add_details(struct webhook_request *r, struct fault *f)
{
	struct fault said = *f;
	char *target = NULL;

	make_showable(r);
	curl_easy_getinfo(r->easy, CURLINFO_REDIRECT_URL, &target);
	if (target != NULL)
		fault_set(f, said.kind, "%s (%.*s)", said.text,
		    (int)strcspn(target, "?#"), target);
	else if (r->shown[0] != '\0')
		fault_set(f, said.kind, "%s; it says: %s", said.text, r->shown);
	f->retry_ms = said.retry_ms;
}

static unsigned long
retry_after_ms(CURL *easy)
{
	curl_off_t seconds = 0;

	curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
	if (seconds > LIMIT_RETRY_AFTER_SECONDS)
		seconds = LIMIT_RETRY_AFTER_SECONDS;
	return (seconds > 0 ? (unsigned long)seconds * 1000 : 0);
}

/* A server may answer before it has read the event, and then end the stream,
 * which libcurl calls an error (RFC 9113 section 8.1).  For a refusal its
 * status is enough; an acknowledgement has to be whole. */
static int
is_complete(const struct webhook_request *r, CURLcode result, long status)
{
	curl_off_t len = -1;

	/* The end of a body that is too long was ours. */
	if (result == CURLE_OK || r->body > LIMIT_HTTP_ANSWER || status == 204)
		return (1);
	curl_easy_getinfo(r->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &len);
	return (len >= 0 && (curl_off_t)r->body == len);
}

static enum sink_verdict
judge(struct webhook_request *r, const struct webhook_op *op, CURLcode result,
    struct fault *f)
{
	struct webhook *w = r->webhook;
	enum webhook_verdict verdict;
	long status = 0;

	curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200 || (status < 300 && !is_complete(r, result, status))) {
		webhook_life_unreached(w, describe(r, result, f), f);
		return (SINK_RETRY);
	}
	verdict = webhook_judge(status, w->config.refused, f);
	if (verdict == WEBHOOK_STORED) {
		webhook_life_good(w);
		return (SINK_STORED);
	}
	f->retry_ms = retry_after_ms(r->easy);
	if (verdict == WEBHOOK_GONE)
		f->retry_ms = LIMIT_RETRY_AFTER_SECONDS * 1000UL;
	add_details(r, f);
	if (verdict != WEBHOOK_REFUSED) {
		webhook_life_trouble(w, op, verdict != WEBHOOK_PASSING, f);
		return (SINK_RETRY);
	}
	webhook_life_good(w);
	fault_prefix(f, "sink %s: %s", w->sink.host.name, w->config.address);
	return (SINK_REFUSED);
}

static void
on_done(void *arg, CURLcode result)
{
	struct webhook_request *r = arg;
	struct webhook *w = r->webhook;
	struct webhook_op *op = r->op;
	enum sink_verdict verdict;
	struct fault f;

	r->op = NULL;
	w->sent--;
	verdict = judge(r, op, result, &f);
	curl_loop_remove(&r->transfer);
	curl_slist_free_all(r->headers);
	r->headers = NULL;
	webhook_settle(w, op, verdict, &f);
	webhook_go_on(w);
}

static void
on_probed(void *arg, CURLcode result)
{
	struct webhook_request *r = arg;
	struct webhook *w = r->webhook;
	struct fault f;

	/* With the handle ends the connection, which is of no more use. */
	webhook_request_free(r);
	if (result == CURLE_OK)
		webhook_life_connected(w);
	else
		webhook_life_unreached(w, describe(r, result, &f), &f);
	webhook_go_on(w);
}

static void
set_options(struct webhook_request *r)
{
	const struct webhook_config *c = &r->webhook->config;
	CURL *easy = r->easy;

	curl_easy_setopt(easy, CURLOPT_URL, c->url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https,http");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(
	    easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (c->ca != NULL)
		curl_easy_setopt(easy, CURLOPT_CAINFO, c->ca);
	if (c->proxy != NULL)
		curl_easy_setopt(easy, CURLOPT_PROXY, c->proxy);
	if (c->certificate != NULL)
		curl_easy_setopt(easy, CURLOPT_SSLCERT, c->certificate);
	/* HTTP/2 where the server offers it; then one connection carries all
	 * requests, and the others wait for the first one's handshake, which
	 * tells.  (Without TLS only the first answer would.) */
	curl_easy_setopt(
	    easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(easy, CURLOPT_PIPEWAIT,
	    (long)(strncasecmp(c->url, "https", 5) == 0));
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(
	    easy, CURLOPT_USERAGENT, "mailbridge/" MAILBRIDGE_VERSION);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, r->error);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, r);
}

int
webhook_request_init(struct webhook_request *r, struct webhook *w, int probe)
{
	r->webhook = w;
	r->transfer.arg = r;
	r->transfer.done = probe ? on_probed : on_done;
	if ((r->easy = curl_easy_init()) == NULL)
		return (-1);
	set_options(r);
	if (probe)
		curl_easy_setopt(r->easy, CURLOPT_CONNECT_ONLY, 1L);
	else
		curl_easy_setopt(r->easy, CURLOPT_POST, 1L);
	return (0);
}

void
webhook_request_free(struct webhook_request *r)
{
	curl_loop_remove(&r->transfer);
	if (r->easy != NULL)
		curl_easy_cleanup(r->easy);
	curl_slist_free_all(r->headers);
	r->easy = NULL;
	r->headers = NULL;
}

int
webhook_request_start(struct webhook_request *r, struct webhook_op *op)
{
	const struct webhook *w = r->webhook;
	struct curl_blob key = { w->secrets.client_key,
		w->secrets.client_key_len, CURL_BLOB_COPY };
	uint64_t ms = w->config.timeout_ms;

	r->error[0] = '\0';
	r->body = 0;
	if (key.data != NULL)
		curl_easy_setopt(r->easy, CURLOPT_SSLKEY_BLOB, &key);
	if (op != NULL) {
		if (webhook_headers(r, op->ev) == -1)
			goto fail;
		ms += op->ev->len / SLOW_BYTES_PER_MS;
		curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->headers);
		curl_easy_setopt(r->easy, CURLOPT_POSTFIELDS, op->ev->data);
		curl_easy_setopt(r->easy, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)op->ev->len);
	}
	curl_easy_setopt(r->easy, CURLOPT_TIMEOUT_MS, (long)ms);
	if (curl_loop_add(w->loop, r->easy, &r->transfer) == -1)
		goto fail;
	r->op = op;
	return (0);

fail:
	curl_slist_free_all(r->headers);
	r->headers = NULL;
	return (-1);
}
