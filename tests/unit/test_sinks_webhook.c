#include <sys/socket.h>

#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "http_server.h"
#include "scratch.h"
#include "sink_contract.h"
#include "sinks/sinks.h"
#include "sinks/webhook_sign.h"
#include "sinks/webhook_verdict.h"

static void *
far_up(char *config, size_t size)
{
	struct http_server *s = http_server_new();

	(void)snprintf(
	    config, size, "{\"url\": \"http://127.0.0.1:%d/mail\"}", s->port);
	return (s);
}

static void
far_lose(void *far)
{
	http_server_lose(far);
}

static void
far_regain(void *far)
{
	http_server_regain(far);
}

static unsigned
far_count(void *far, const struct event *ev)
{
	struct http_server *s = far;
	const struct http_seen *seen;
	unsigned n = 0;
	char *source;
	size_t i, count = http_server_count(s);

	for (i = 0; i < count; i++) {
		seen = &s->seen[i];
		if (seen->status != 204 || seen->len != ev->len ||
		    memcmp(seen->body, ev->data, ev->len) != 0)
			continue;
		source = http_server_header(s, i, "ce-source");
		n += source != NULL &&
		    strncmp(source, ev->source, strcspn(source, "%")) == 0;
		free(source);
	}
	return (n);
}

static void
far_down(void *far)
{
	http_server_free(far);
}

static const struct sink_far far_side = {
	.ops = &webhook_ops,
	.up = far_up,
	.lose = far_lose,
	.regain = far_regain,
	.count = far_count,
	.down = far_down,
	.many = 1000,
};

/* A server, a sink on it, and what it is asked to do. */
struct bench {
	struct http_server *server;
	struct contract c;
};

static struct bench *
bench_make(const char *more)
{
	struct bench *b = calloc(1, sizeof(*b));
	char config[1024];

	assert_non_null(b);
	b->server = http_server_new();
	contract_init(&b->c);
	(void)snprintf(config, sizeof(config),
	    "{\"url\": \"http://127.0.0.1:%d/hook?key=hidden\"%s}",
	    b->server->port, more);
	if (contract_open(&b->c, &webhook_ops, config) == NULL)
		fail_msg("%s", b->c.why);
	contract_wait_int(&b->c, &b->c.state, 1, 5000);
	return (b);
}

static void
bench_end(struct bench *b)
{
	http_server_release(b->server);
	contract_close(&b->c, 0);
	contract_end(&b->c);
	http_server_free(b->server);
	free(b);
}

static int
is_answered(struct contract *c, void *arg)
{
	(void)c;
	return (((struct contract_event *)arg)->answer != CONTRACT_TAKEN);
}

/* The server answers ${status} to one event: what becomes of it. */
static enum contract_answer
answered(struct bench *b, unsigned status, const char *name, const char *value,
    struct contract_event *e)
{
	*e = contract_event("INBOX", 1, 100);
	http_server_answer(
	    b->server, status, name, value, "what\nthe \x01\xffserver says");
	assert_true(contract_submit(&b->c, e));
	contract_wait(&b->c, is_answered, e, 10000);
	return (e->answer);
}

static void
assert_header(struct bench *b, size_t i, const char *name, const char *value)
{
	char *found = http_server_header(b->server, i, name);

	if (value == NULL) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_string_equal(found, value);
	free(found);
}

/* The binary mode of the CloudEvents HTTP binding, and a header of the config.
 */
static void
test_request(void **state)
{
	struct bench *b = bench_make(", \"headers\": {\"X-Stage\": \"test\"}");
	struct contract_event e = contract_event("100% \xc3\xa9", 3, 100);

	(void)state;
	contract_store(&b->c, &e, 1, 5000);
	assert_header(b, 0, "content-type", "application/json");
	assert_header(b, 0, "ce-specversion", "1.0");
	assert_header(b, 0, "ce-id", "77-3");
	assert_header(b, 0, "ce-source", "/mailbridge/acct/100%25%20%C3%A9");
	assert_header(b, 0, "ce-type", EVENT_TYPE);
	assert_header(b, 0, "ce-time", "2026-01-02T03:04:05Z");
	assert_header(b, 0, "ce-datacontenttype", NULL);
	assert_header(b, 0, "webhook-signature", NULL);
	assert_header(b, 0, "x-stage", "test");
	bench_end(b);
}

static void
submit_bare(struct bench *b, struct contract_event *e, const char *type)
{
	e->contract = &b->c;
	e->ev = contract_make(e);
	e->ev->attributes = 0;
	e->ev->content_type = type;
	e->answer = CONTRACT_TAKEN;
	assert_true(b->c.sink->ops->submit(b->c.sink, e->ev, e));
	contract_wait(&b->c, is_answered, e, 5000);
	assert_int_equal(e->answer, CONTRACT_STORED);
}

/* Structured: the event says it all; none: only the data is sent. */
static void
test_other_modes(void **state)
{
	struct contract_event e = contract_event("INBOX", 1, 100);
	struct bench *b = bench_make("");
	char *id, *again;

	(void)state;
	submit_bare(b, &e, "application/cloudevents+json; charset=UTF-8");
	submit_bare(b, &e, "application/json");
	assert_header(b, 0, "content-type",
	    "application/cloudevents+json; charset=UTF-8");
	assert_header(b, 1, "content-type", "application/json");
	assert_header(b, 0, "ce-id", NULL);
	assert_header(b, 1, "ce-id", NULL);
	/* The key for consumers is there in any case, and stays. */
	id = http_server_header(b->server, 0, "webhook-id");
	again = http_server_header(b->server, 1, "webhook-id");
	assert_int_equal(strlen(id), 36);
	assert_string_equal(id, again);
	free(id);
	free(again);
	bench_end(b);
}

/* By OpenSSL's other interface. */
static void
assert_signed(struct bench *b, size_t i, const char *key, const char *signature)
{
	unsigned char mac[32], text[64];
	char *id = http_server_header(b->server, i, "webhook-id");
	char *at = http_server_header(b->server, i, "webhook-timestamp");
	char *signed_text;
	int len;

	assert_true(llabs(atoll(at) - (long long)time(NULL)) < 60);
	len = asprintf(&signed_text, "%s.%s.%.*s", id, at,
	    (int)b->server->seen[i].len, b->server->seen[i].body);
	HMAC(EVP_sha256(), key, (int)strlen(key),
	    (const unsigned char *)signed_text, (size_t)len, mac, NULL);
	EVP_EncodeBlock(text, mac, sizeof(mac));
	assert_memory_equal(signature, "v1,", 3);
	assert_int_equal(strncmp(signature + 3, (char *)text, 44), 0);
	free(signed_text);
	free(id);
	free(at);
}

#define OLD_KEY "the old key, which has 32 octets"
#define NEW_KEY "the new key has 32 octets, too.."
#define OLD_SECRET "whsec_dGhlIG9sZCBrZXksIHdoaWNoIGhhcyAzMiBvY3RldHM=\n"
#define NEW_SECRET "whsec_dGhlIG5ldyBrZXkgaGFzIDMyIG9jdGV0cywgdG9vLi4="

/* One signature a secret; after a change of the file the new one, and after a
 * broken one still that. */
static void
test_signature(void **state)
{
	struct contract_event e = contract_event("INBOX", 1, 70000);
	struct bench *b;
	struct fault f;
	char *found;

	(void)state;
	scratch_write("new", NEW_SECRET, strlen(NEW_SECRET), 0600);
	scratch_write("old", OLD_SECRET, strlen(OLD_SECRET), 0600);
	b = bench_make(", \"secret\": [{\"file\": \"new\"}, "
		       "{\"file\": \"old\"}]");
	contract_store(&b->c, &e, 1, 5000);
	found = http_server_header(b->server, 0, "webhook-signature");
	assert_int_equal(strlen(found), 47 + 1 + 47);
	assert_signed(b, 0, NEW_KEY, found);
	assert_signed(b, 0, OLD_KEY, found + 48);
	free(found);
	scratch_write("old", NEW_SECRET, strlen(NEW_SECRET), 0600);
	assert_int_equal(webhook_ops.reload(b->c.sink, &f), 0);
	e.answer = CONTRACT_NEW;
	contract_store(&b->c, &e, 1, 5000);
	found = http_server_header(b->server, 1, "webhook-signature");
	assert_signed(b, 1, NEW_KEY, found + 48);
	free(found);
	scratch_write("old", "whsec_short", 11, 0600);
	assert_int_equal(webhook_ops.reload(b->c.sink, &f), -1);
	assert_non_null(strstr(f.text, "24 to 64"));
	e.answer = CONTRACT_NEW;
	contract_store(&b->c, &e, 1, 5000);
	found = http_server_header(b->server, 2, "webhook-signature");
	assert_signed(b, 2, NEW_KEY, found + 48);
	free(found);
	bench_end(b);
}

static void
test_keys(void **state)
{
	struct webhook_key key;
	char text[2000];

	(void)state;
	assert_null(webhook_key_read(&key, OLD_SECRET, 50));
	assert_int_equal(key.len, 32);
	assert_null(webhook_key_read(&key, OLD_SECRET + 6, 43)); /* no pad */
	assert_non_null(webhook_key_read(&key, "whsec_", 6));
	assert_non_null(webhook_key_read(&key, "", 0));
	assert_non_null(webhook_key_read(&key, "whsec_!!!!", 10));
	assert_non_null(webhook_key_read(&key, "whsk_" OLD_SECRET, 48));
	memset(text, 'A', sizeof(text));
	assert_null(webhook_key_read(&key, text, 84)); /* 63 octets */
	assert_non_null(webhook_key_read(&key, text, 88));
	assert_non_null(webhook_key_read(&key, text, sizeof(text)));
}

/* The example of the specification's reference libraries. */
static void
test_known_signature(void **state)
{
	static const char secret[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
	char signature[WEBHOOK_SIGNATURE];
	struct webhook_key key;

	(void)state;
	assert_null(webhook_key_read(&key, secret, strlen(secret)));
	assert_int_equal(
	    webhook_sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
		"{\"test\": 2432232314}", 20, signature),
	    0);
	assert_string_equal(
	    signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

/* Of this event: the dead letter.  The others go on. */
static void
test_refused(void **state)
{
	struct contract_event e, next = contract_event("INBOX", 2, 100);
	struct bench *b = bench_make("");

	(void)state;
	assert_int_equal(answered(b, 422, NULL, NULL, &e), CONTRACT_REFUSED);
	assert_non_null(strstr(e.why, "sink test: http://127.0.0.1"));
	assert_non_null(strstr(e.why, "/hook: 422"));
	assert_non_null(strstr(e.why, "what the ??server says"));
	assert_null(strstr(e.why, "hidden"));
	assert_int_equal(answered(b, 413, NULL, NULL, &e), CONTRACT_REFUSED);
	assert_int_equal(b->c.state, 1);
	assert_int_equal(b->c.states, 1);
	http_server_answer(b->server, 202, NULL, NULL, "");
	contract_store(&b->c, &next, 1, 5000);
	bench_end(b);
	b = bench_make(", \"refused_status\": [400]");
	assert_int_equal(answered(b, 400, NULL, NULL, &e), CONTRACT_REFUSED);
	assert_int_equal(answered(b, 422, NULL, NULL, &e), CONTRACT_RETRY);
	bench_end(b);
}

/* A mistake of somebody or an outage: held, told, and no mail is given up. */
static void
test_held(void **state)
{
	static const unsigned statuses[] = { 301, 302, 307, 308, 400, 401, 403,
		404, 405, 407, 408, 409, 410, 415, 425, 429, 451, 500, 501, 502,
		503, 504, 599 };
	struct contract_event e;
	struct bench *b;
	char number[16];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		b = bench_make("");
		(void)snprintf(number, sizeof(number), "%u", statuses[i]);
		assert_int_equal(
		    answered(b, statuses[i], "Location",
			"http://127.0.0.1:1/elsewhere?token=x", &e),
		    CONTRACT_RETRY);
		assert_int_equal(b->c.state, 0);
		assert_non_null(strstr(b->c.why, number));
		assert_null(strstr(b->c.why, "token"));
		if (statuses[i] < 400)
			assert_non_null(strstr(b->c.why, "elsewhere"));
		/* It rests; nothing was sent to anybody else. */
		assert_false(contract_submit(&b->c, &e));
		assert_int_equal(http_server_count(b->server), 1);
		bench_end(b);
	}
}

/* 503, then 200: it heals by itself, one event at a time first. */
static void
test_heals(void **state)
{
	struct contract_event e[20], first;
	struct bench *b = bench_make("");
	size_t i;

	(void)state;
	assert_int_equal(answered(b, 503, NULL, NULL, &first), CONTRACT_RETRY);
	for (i = 0; i < 20; i++)
		e[i] = contract_event("INBOX", (uint32_t)i + 1, 100);
	http_server_answer(b->server, 200, NULL, NULL, "");
	contract_store(&b->c, e, 20, 10000);
	assert_int_equal(b->c.state, 1);
	assert_int_equal(b->c.states, 3);
	bench_end(b);
}

static uint64_t hint_ms;

static void
keep_hint(
    void *arg, void *ticket, enum sink_verdict verdict, const struct fault *why)
{
	struct contract *c = arg;

	(void)verdict;
	hint_ms = why->retry_ms;
	contract_free(((struct contract_event *)ticket)->ev);
	((struct contract_event *)ticket)->answer = CONTRACT_RETRY;
	c->ready = 0;
}

/* Seconds or a date; an hour at most, and never sooner than without it. */
static void
test_retry_after(void **state)
{
	struct contract_event e;
	char date[64];
	time_t then = time(NULL) + 1000;
	struct tm tm;
	struct bench *b;
	static const struct {
		const char *value;
		uint64_t least, most;
	} cases[] = { { "120", 120000, 120000 }, { "100000", 3600000, 3600000 },
		{ "nonsense", 50, 100 }, { "-5", 50, 100 }, { "0", 50, 100 },
		{ NULL, 900000, 1000000 } };
	size_t i;

	(void)state;
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT",
	    gmtime_r(&then, &tm));
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		b = bench_make("");
		((struct sink *)b->c.sink)->host.answer = keep_hint;
		hint_ms = 0;
		(void)answered(b, 503, "Retry-After",
		    cases[i].value != NULL ? cases[i].value : date, &e);
		if (hint_ms < cases[i].least || hint_ms > cases[i].most)
			fail_msg("%s: %llu ms",
			    cases[i].value != NULL ? cases[i].value : date,
			    (unsigned long long)hint_ms);
		bench_end(b);
	}
	b = bench_make("");
	((struct sink *)b->c.sink)->host.answer = keep_hint;
	(void)answered(b, 410, NULL, NULL, &e);
	assert_int_equal(hint_ms, 3600000);
	bench_end(b);
}

struct seen_count {
	struct http_server *server;
	size_t wanted;
};

static int
has_seen(struct contract *c, void *arg)
{
	struct seen_count *s = arg;

	(void)c;
	return (http_server_count(s->server) >= s->wanted);
}

/* Of a mailbox one request at a time, in order; of all max_in_flight. */
static void
run_order(const char *more, size_t mailboxes, size_t wanted)
{
	static const char *const names[] = { "A", "B", "C", "D", "E", "F" };
	static struct contract_event e[60];
	struct bench *b = bench_make(more);
	struct seen_count seen = { b->server, wanted };
	size_t i;

	for (i = 0; i < 60; i++)
		e[i] = contract_event(
		    names[i % mailboxes], (uint32_t)(i / mailboxes) + 1, 300);
	http_server_hold(b->server, 1);
	for (i = 0; i < 60; i++)
		assert_true(contract_submit(&b->c, &e[i]));
	contract_wait(&b->c, has_seen, &seen, 5000);
	for (i = 0; i < 10; i++)
		contract_turn(&b->c);
	assert_int_equal(http_server_count(b->server), wanted);
	http_server_release(b->server);
	contract_store(&b->c, e, 60, 20000);
	bench_end(b);
}

static void
test_in_flight(void **state)
{
	(void)state;
	run_order("", 1, 1);
	run_order("", 3, 3);
	run_order(", \"max_in_flight\": 4", 6, 4);
	run_order(", \"order\": \"none\"", 1, 8);
	run_order(", \"order\": \"none\", \"max_in_flight\": 20", 2, 20);
}

/* Even when one is asked for again: what waits behind it comes back too. */
static void
test_order_after_trouble(void **state)
{
	static struct contract_event e[40];
	struct bench *b = bench_make("");
	char *id, *last = NULL;
	size_t i, n;

	(void)state;
	for (i = 0; i < 40; i++)
		e[i] = contract_event("INBOX", (uint32_t)i + 10, 100);
	http_server_hold(b->server, 1);
	for (i = 0; i < 40; i++)
		assert_true(contract_submit(&b->c, &e[i]));
	http_server_answer(b->server, 503, NULL, NULL, "");
	http_server_release(b->server);
	contract_wait_int(&b->c, &b->c.state, 0, 5000);
	for (i = 0; i < 40; i++)
		assert_int_equal(e[i].answer, CONTRACT_RETRY);
	http_server_answer(b->server, 204, NULL, NULL, "");
	contract_store(&b->c, e, 40, 20000);
	n = http_server_count(b->server);
	assert_int_equal(n, 41);
	for (i = 1; i < n; i++) {
		id = http_server_header(b->server, i, "ce-id");
		assert_true(last == NULL || strcmp(last, id) < 0);
		free(last);
		last = id;
	}
	free(last);
	bench_end(b);
}

/* A server that says nothing: the time-out, and a timely close. */
static void
test_silence(void **state)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	struct contract_event e = contract_event("INBOX", 1, 100);
	struct contract c;
	char config[128];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(listen(fd, 10), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	contract_init(&c);
	(void)snprintf(config, sizeof(config),
	    "{\"url\": \"http://localhost:%d/\", \"timeout_seconds\": 1}",
	    ntohs(sin.sin_port));
	assert_non_null(contract_open(&c, &webhook_ops, config));
	contract_wait_int(&c, &c.state, 1, 5000);
	assert_true(contract_submit(&c, &e));
	contract_wait(&c, is_answered, &e, 3000);
	assert_int_equal(e.answer, CONTRACT_RETRY);
	assert_non_null(strstr(c.why, "timed out"));
	contract_wait_int(&c, &c.state, 1, 5000); /* it does listen */
	assert_true(contract_submit(&c, &e));
	contract_close(&c, 3500);
	assert_int_equal(e.answer, CONTRACT_RETRY);
	contract_end(&c);
	close(fd);
}

/* 10 MB of answer are neither kept nor waited for. */
static void
test_long_answer(void **state)
{
	static char page[100000];
	struct bench *b = bench_make("");
	struct contract_event e;

	(void)state;
	memset(page, 'x', sizeof(page) - 1);
	http_server_answer(b->server, 200, NULL, NULL, page);
	b->server->repeat = 100;
	e = contract_event("INBOX", 1, 100);
	contract_store(&b->c, &e, 1, 5000);
	http_server_answer(b->server, 500, NULL, NULL, page);
	b->server->repeat = 100;
	e = contract_event("INBOX", 2, 100);
	assert_true(contract_submit(&b->c, &e));
	contract_wait(&b->c, is_answered, &e, 5000);
	assert_int_equal(e.answer, CONTRACT_RETRY);
	assert_true(strlen(b->c.why) < 300);
	assert_non_null(strstr(b->c.why, "500; it says: xxx"));
	bench_end(b);
}

/* A server that repeats our secret header: it is not shown. */
static void
test_secret_header(void **state)
{
	struct contract_event e = contract_event("INBOX", 1, 100);
	struct bench *b;

	(void)state;
	scratch_text("token", "Bearer hunter22");
	b = bench_make(
	    ", \"headers\": {\"Authorization\": {\"file\": \"token\"}}");
	contract_store(&b->c, &e, 1, 5000);
	assert_header(b, 0, "authorization", "Bearer hunter22");
	/* Rotated: what the refusal is answered with. */
	scratch_text("token", "Bearer hunter33");
	http_server_answer(b->server, 401, NULL, NULL, "no: Bearer hunter22!");
	e.answer = CONTRACT_NEW;
	assert_true(contract_submit(&b->c, &e));
	contract_wait(&b->c, is_answered, &e, 5000);
	assert_non_null(strstr(b->c.why, "401 Unauthorized"));
	assert_null(strstr(b->c.why, "hunter"));
	assert_int_equal(webhook_ops.reload(b->c.sink, NULL), 0);
	http_server_answer(b->server, 200, NULL, NULL, "");
	contract_store(&b->c, &e, 1, 3000);
	assert_header(b, 2, "authorization", "Bearer hunter33");
	/* A line end in it would begin another header. */
	scratch_text("token", "Bearer a\nX-Admin: yes");
	assert_int_equal(webhook_ops.reload(b->c.sink, NULL), -1);
	bench_end(b);
}

static void
assert_mistake(struct contract *c, const char *config, const char *text)
{
	const char *mistake = contract_check(c, &webhook_ops, config);

	if (mistake == NULL)
		fail_msg("%s: accepted", config);
	else if (strstr(mistake, text) == NULL)
		fail_msg("%s: %s", config, mistake);
}

#define HTTPS "{\"url\": \"https://h.example/x\", "

static void
test_config(void **state)
{
	struct contract c;

	(void)state;
	contract_init(&c);
	assert_null(contract_check(&c, &webhook_ops,
	    HTTPS "\"secret\": {\"env\": \"S\"}, \"tls_ca\": \"ca.pem\", "
		  "\"client_certificate\": {\"certificate\": \"c.pem\", "
		  "\"key\": {\"file\": \"k.pem\"}}, \"max_in_flight\": 64, "
		  "\"proxy\": \"http://p:3128\", \"timeout_seconds\": 5, "
		  "\"max_event_bytes\": \"1MiB\", \"order\": \"none\", "
		  "\"refused_status\": [400, 418]}"));
	assert_null(contract_check(&c, &webhook_ops,
	    "{\"url\": \"http://h/\", \"allow_http\": true}"));
	assert_null(
	    contract_check(&c, &webhook_ops, "{\"url\": \"http://[::1]:8/\"}"));
	assert_mistake(&c, "{}", "url");
	assert_mistake(&c, "{\"url\": \"ftp://h/\"}", "https://");
	assert_mistake(&c, "{\"url\": \"https://\"}", "https://HOST");
	assert_mistake(&c, "{\"url\": \"http://h.example/\"}", "loopback");
	assert_mistake(&c, "{\"url\": \"http://127.0.0.1.evil/\"}", "loopback");
	assert_mistake(&c, "{\"url\": \"https://u:p@h/\"}", "Authorization");
	assert_mistake(&c, "{\"url\": \"https://h/#x\"}", "#fragment");
	assert_mistake(&c, HTTPS "\"secret\": \"whsec_abc\"}", "file");
	assert_null(strstr(c.why, "abc"));
	assert_mistake(&c, HTTPS "\"secret\": [\"whsec_abc\"]}", "secret[0]");
	assert_null(strstr(c.why, "abc"));
	assert_mistake(&c, HTTPS "\"secret\": []}", "1 to 8");
	assert_mistake(
	    &c, HTTPS "\"headers\": {\"X-Api-Key\": \"abc\"}}", "file");
	assert_null(strstr(c.why, "abc"));
	assert_mistake(&c, HTTPS "\"headers\": {\"ce-id\": \"1\"}}", "itself");
	assert_mistake(&c, HTTPS "\"headers\": {\"a b\": \"1\"}}", "name");
	assert_mistake(
	    &c, HTTPS "\"headers\": {\"X\": \"a\\nb\"}}", "printable");
	assert_mistake(&c, HTTPS "\"refused_status\": [401]}", "400, 413");
	assert_mistake(&c, HTTPS "\"refused_status\": [500]}", "400, 413");
	assert_mistake(&c, HTTPS "\"max_in_flight\": 65}", "64");
	assert_mistake(&c, HTTPS "\"max_event_bytes\": 100}", "16384");
	assert_mistake(&c, HTTPS "\"proxy\": \"nowhere\"}", "proxy");
	assert_mistake(&c,
	    HTTPS "\"client_certificate\": {\"certificate\": \"c\"}}", "key");
	/* Found only by reading it. */
	assert_null(contract_open(
	    &c, &webhook_ops, HTTPS "\"secret\": {\"file\": \"nowhere\"}}"));
	assert_non_null(strstr(c.why, "sink test: secret: file"));
	contract_end(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_other_modes),
		cmocka_unit_test_setup_teardown(
		    test_signature, scratch_setup, scratch_teardown),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_known_signature),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_heals),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_in_flight),
		cmocka_unit_test(test_order_after_trouble),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_long_answer),
		cmocka_unit_test_setup_teardown(
		    test_secret_header, scratch_setup, scratch_teardown),
		cmocka_unit_test(test_config),
	};

	return (sink_contract_run("webhook", &far_side) +
	    cmocka_run_group_tests_name("webhook sink", tests, NULL, NULL));
}
