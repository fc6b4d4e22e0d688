/* Signatures, secret headers, and the keys of the config. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "bridge/fault.h"
#include "scratch.h"
#include "sinks/sinks.h"
#include "sinks/webhook/webhook_sign.h"
#include "webhook_bench.h"

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
	bench_assert_header(b, 0, "authorization", "Bearer hunter22");
	/* Rotated: what the refusal is answered with. */
	scratch_text("token", "Bearer hunter33");
	http_server_answer(b->server, 401, NULL, NULL, "no: Bearer hunter22!");
	e.answer = CONTRACT_NEW;
	assert_true(contract_submit(&b->c, &e));
	bench_wait(b, &e);
	assert_non_null(strstr(b->c.why, "401 Unauthorized"));
	assert_null(strstr(b->c.why, "hunter"));
	assert_int_equal(webhook_ops.reload(b->c.sink, NULL), 0);
	http_server_answer(b->server, 200, NULL, NULL, "");
	contract_store(&b->c, &e, 1, 3000);
	bench_assert_header(b, 2, "authorization", "Bearer hunter33");
	/* A line end in it would begin another header. */
	scratch_text("token", "Bearer a\nX-Admin: yes");
	assert_int_equal(webhook_ops.reload(b->c.sink, NULL), -1);
	bench_end(b);
}

static void
assert_mistake(struct contract *c, const char *config, const char *text)
{
	contract_mistake(c, &webhook_ops, config, text);
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
		cmocka_unit_test_setup_teardown(
		    test_signature, scratch_setup, scratch_teardown),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_known_signature),
		cmocka_unit_test_setup_teardown(
		    test_secret_header, scratch_setup, scratch_teardown),
		cmocka_unit_test(test_config),
	};

	return (
	    cmocka_run_group_tests_name("webhook secrets", tests, NULL, NULL));
}
