/* TLS to Redis, where hiredis has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/buf.h"
#include "redis_bench.h"
#include "scratch.h"
#include "sinks/redis/redis_tls.h"
#include "sinks/sinks.h"

/* An authority, certificates by it for the server (${1}) and for us, and one
 * that nobody has signed. */
static const char make_certificates[] =
    "cd '%s' && exec 2>log && set -e\n"
    "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=test -days 2"
    " -keyout ca.key -out ca.pem\n"
    "for name in server client; do\n"
    "  openssl req -newkey rsa:2048 -nodes -subj /CN=$name -keyout $name.key"
    " -out $name.csr\n"
    "  printf 'subjectAltName=DNS:redis.example,IP:127.0.0.1' >ext\n"
    "  openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -days 2"
    " -extfile ext -out $name.pem\n"
    "done\n"
    "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=other -days 2"
    " -keyout other.key -out other.pem\n"
    "chmod 600 *.key\n";

static struct redis_server server;
static char folder[64];
static int port;

static int
start(void **state)
{
	char options[512], command[2048];

	(void)state;
	if (!redis_tls_built)
		return (0);
	scratch_folder(folder, sizeof(folder));
	(void)snprintf(command, sizeof(command), make_certificates, folder);
	assert_int_equal(system(command), 0);
	port = redis_server_free_port();
	(void)snprintf(options, sizeof(options),
	    "--tls-port %d --tls-cert-file %s/server.pem --tls-key-file "
	    "%s/server.key --tls-ca-cert-file %s/ca.pem",
	    port, folder, folder, folder);
	redis_server_start(&server, options);
	return (0);
}

static int
stop(void **state)
{
	(void)state;
	if (!redis_tls_built)
		return (0);
	redis_server_end(&server);
	return (scratch_remove(folder));
}

/* A sink on rediss://127.0.0.1; "@" in ${more} is the folder. */
static void
open_sink(struct contract *c, const char *more)
{
	struct buf config;

	buf_init(&config, 4096);
	buf_printf(&config, "{\"url\": \"rediss://127.0.0.1:%d\"", port);
	for (; *more != '\0'; more++) {
		if (*more == '@')
			buf_puts(&config, folder);
		else
			buf_putc(&config, *more);
	}
	buf_putc(&config, '}');
	contract_init(c);
	assert_non_null(contract_open(c, &redis_ops, config.data));
	buf_free(&config);
}

static void
expect_stored(const char *more)
{
	struct contract_event e[50];
	struct contract c;
	size_t i;

	for (i = 0; i < 50; i++)
		e[i] = contract_event("INBOX", (uint32_t)i + 1, 200000);
	redis_server_do(&server, "DEL mail");
	open_sink(&c, more);
	contract_store(&c, e, 50, 20000);
	assert_int_equal(redis_server_do(&server, "XLEN mail"), 50);
	contract_close(&c, 0);
	contract_end(&c);
}

static void
expect_why(const char *more, const char *why)
{
	struct contract c;

	open_sink(&c, more);
	contract_wait_int(&c, &c.state, 0, 10000);
	if (strstr(c.why, why) == NULL)
		fail_msg("%s: %s", why, c.why);
	contract_close(&c, 0);
	contract_end(&c);
}

#define CLIENT                                                     \
	", \"tls_ca\": \"@/ca.pem\", \"client_certificate\": "     \
	"{\"certificate\": \"@/client.pem\", \"key\": {\"file\": " \
	"\"@/client.key\"}}"

static void
test_stores(void **state)
{
	(void)state;
	if (!redis_tls_built)
		skip();
	expect_stored(CLIENT);
	expect_stored(CLIENT ", \"tls_server_name\": \"redis.example\"");
}

static void
test_refused(void **state)
{
	(void)state;
	if (!redis_tls_built)
		skip();
	/* Not signed by whom we trust; for another name; without ours. */
	expect_why(", \"tls_ca\": \"@/other.pem\"", "is not accepted");
	expect_why("", "is not accepted");
	expect_why(CLIENT ", \"tls_server_name\": \"other.example\"",
	    "is not accepted");
	expect_why(", \"tls_ca\": \"@/ca.pem\"", "rediss://");
	expect_why(", \"tls_ca\": \"@/none.pem\"", "none.pem");
	expect_why(", \"tls_ca\": \"@/ca.pem\", \"client_certificate\": "
		   "{\"certificate\": \"@/client.pem\", \"key\": {\"file\": "
		   "\"@/server.key\"}}",
	    "key");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stores),
		cmocka_unit_test(test_refused),
	};

	return (cmocka_run_group_tests_name("redis, TLS", tests, start, stop));
}
