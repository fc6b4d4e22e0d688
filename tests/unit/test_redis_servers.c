/* The Redis sink and what servers are: replicas, loading, nodes of a cluster;
 * and what is asked of them before an event counts as stored. */
#include <sys/socket.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "redis_bench.h"
#include "sinks/sinks.h"

#define ONCE ", \"delivery\": \"exactly_once\""

static void
start_replica(struct redis_server *replica, const struct redis_bench *b)
{
	char options[128];

	(void)snprintf(options, sizeof(options), "--replicaof 127.0.0.1 %d",
	    b->server.port);
	redis_server_start(replica, options);
}

static void
assert_why(struct redis_bench *b, const char *text)
{
	contract_wait_int(&b->c, &b->c.state, 0, 10000);
	if (strstr(b->c.why, text) == NULL)
		fail_msg("%s: %s", text, b->c.why);
}

/* Written is not stored as long as no replica has it; when one has it, it is,
 * and nothing was sent again. */
static void
replicas(const char *more, int marks)
{
	struct contract_event e[2] = { contract_event("INBOX", 1, 100),
		contract_event("INBOX", 2, 100) };
	struct redis_server replica;
	struct redis_bench *b;
	char config[256];

	(void)snprintf(config, sizeof(config),
	    "%s, \"durability\": {\"replicas\": 1, \"timeout_seconds\": 1}",
	    more);
	b = redis_bench_make("--repl-diskless-sync-delay 0", config, marks);
	if (!marks) {
		contract_wait_int(&b->c, &b->c.state, 1, 5000);
		assert_true(contract_submit(&b->c, &e[0]));
	}
	assert_why(b, "only 0 of 1 replicas");
	assert_int_not_equal(e[0].answer, CONTRACT_STORED);
	start_replica(&replica, b);
	contract_wait_int(&b->c, &b->c.state, 1, 10000);
	if (marks)
		contract_store(&b->c, &e[0], 1, 5000);
	assert_int_equal(e[0].answer, CONTRACT_STORED);
	assert_int_equal(e[0].tries, 1);
	assert_int_equal(redis_server_do(&replica, "XLEN mail"), 1);

	kill(replica.pid, SIGSTOP);
	assert_true(contract_submit(&b->c, &e[1]));
	assert_why(b, "only 0 of 1 replicas");
	assert_int_equal(e[1].answer, CONTRACT_TAKEN);
	kill(replica.pid, SIGCONT);
	contract_wait_int(&b->c, &b->c.state, 1, 10000);
	assert_int_equal(e[1].answer, CONTRACT_STORED);
	assert_int_equal(redis_server_do(&replica, "XLEN mail"), 2);
	redis_bench_end(b);
	redis_server_end(&replica);
}

static void
test_replicas(void **state)
{
	(void)state;
	replicas("", 0);
}

static void
test_replicas_once(void **state)
{
	(void)state;
	replicas(ONCE, 1);
}

/* Closed while it waits: handed back. */
static void
test_replicas_close(void **state)
{
	struct contract_event e = contract_event("INBOX", 1, 100);
	struct redis_bench *b = redis_bench_make("",
	    ", \"durability\": {\"replicas\": 1, \"timeout_seconds\": 20}", 0);

	(void)state;
	contract_wait_int(&b->c, &b->c.state, 1, 5000);
	assert_true(contract_submit(&b->c, &e));
	contract_turn(&b->c);
	contract_close(&b->c, 0);
	assert_int_equal(e.answer, CONTRACT_RETRY);
	contract_end(&b->c);
	redis_bench_open(b, 0);
	redis_bench_end(b);
}

static int
has_waitaof(struct redis_bench *b)
{
	redisReply *r = redisCommand(b->server.admin, "COMMAND INFO WAITAOF");
	int has = r->element[0]->type != REDIS_REPLY_NIL;

	freeReplyObject(r);
	return (has);
}

/* On the server's disk, where it can say so; else it is not pretended. */
static void
test_fsync(void **state)
{
	struct contract_event e = contract_event("INBOX", 1, 100);
	struct redis_bench *b =
	    redis_bench_make("", ONCE ", \"durability\": {\"fsync\": true}", 1);

	(void)state;
	if (has_waitaof(b)) {
		contract_store(&b->c, &e, 1, 5000);
		redis_bench_close(b);
		redis_server_do(&b->server, "CONFIG SET appendonly no");
		redis_bench_open(b, 1);
		assert_why(b, "appendonly yes");
	} else {
		print_message("the server has no WAITAOF\n");
		assert_why(b, "needs Redis 7.2");
		assert_false(contract_submit(&b->c, &e));
	}
	redis_bench_end(b);
}

/* A replica takes no writes; the connection is made anew until it, or what its
 * name then stands for, is a master. */
static void
replica_of_another(const char *more, int marks)
{
	struct contract_event e = contract_event("INBOX", 1, 100);
	struct redis_bench *b = redis_bench_make(
	    "--replicaof 127.0.0.1 1 --replica-serve-stale-data yes", more,
	    marks);

	if (!marks) {
		contract_wait_int(&b->c, &b->c.state, 1, 5000);
		assert_true(contract_submit(&b->c, &e));
	}
	assert_why(b, "READONLY");
	assert_non_null(strstr(b->c.why, "sentinel"));
	redis_server_do(&b->server, "REPLICAOF NO ONE");
	contract_store(&b->c, &e, 1, 20000);
	assert_int_equal(b->c.state, 1);
	redis_bench_end(b);
}

static void
test_replica(void **state)
{
	(void)state;
	replica_of_another("", 0);
	replica_of_another(ONCE, 1);
}

/* A replica that has no master and says so. */
static void
test_replica_alone(void **state)
{
	struct redis_bench *b = redis_bench_make(
	    "--replicaof 127.0.0.1 1 --replica-serve-stale-data no", ONCE, 1);

	(void)state;
	assert_why(b, "MASTERDOWN");
	redis_bench_end(b);
}

/* It reads its file: nothing is refused, all is stored afterwards. */
static void
test_loading(void **state)
{
	static struct contract_event e[10];
	struct redis_bench *b = redis_bench_make("", ONCE, 1);
	redisContext *slow = redisConnectUnix(b->server.socket);
	size_t i;

	(void)state;
	for (i = 0; i < 10; i++)
		e[i] = contract_event("INBOX", (uint32_t)i + 1, 100);
	contract_store(&b->c, e, 5, 5000);
	redis_server_do(&b->server, "DEBUG POPULATE 10000");
	redis_server_do(&b->server,
	    "CONFIG SET loading-process-events-interval-bytes 1024");
	redis_server_do(&b->server, "CONFIG SET key-load-delay 150");
	assert_int_equal(redisAppendCommand(slow, "DEBUG RELOAD"), REDIS_OK);
	i = 0;
	while (i == 0)
		assert_int_equal(
		    redisBufferWrite(slow, (int *)(void *)&i), REDIS_OK);
	for (i = 5; i < 10; i++)
		(void)contract_submit(&b->c, &e[i]);
	assert_why(b, "LOADING");
	contract_store(&b->c, e, 10, 30000);
	assert_int_equal(redis_server_do(&b->server, "XLEN mail"), 10);
	redisFree(slow);
	redis_bench_end(b);
}

/* Nodes of a cluster: none has the stream's slot; then another one has it, and
 * we go there. */
static void
test_cluster(void **state)
{
	struct contract_event e[2] = { contract_event("INBOX", 1, 100),
		contract_event("INBOX", 2, 100) };
	struct redis_server other;
	struct redis_bench *b = redis_bench_make(
	    "--cluster-enabled yes", ONCE ", \"stream\": \"{mail}\"", 1);

	(void)state;
	redis_server_start(&other, "--cluster-enabled yes");
	assert_why(b, "CLUSTERDOWN");
	redis_server_do(&other, "CLUSTER ADDSLOTSRANGE 0 16383");
	redis_server_do(&b->server, "CLUSTER MEET 127.0.0.1 %d", other.port);
	contract_store(&b->c, &e[0], 1, 30000);
	assert_int_equal(redis_server_do(&other, "XLEN {mail}"), 1);
	assert_non_null(strstr(
	    redis_bench_text(&other, "HGET {mail}:checkpoint acct/INBOX"),
	    "\"uid\":1,"));
	redis_bench_close(b);

	redis_bench_open(b, 1);
	contract_store(&b->c, &e[1], 1, 10000);
	assert_int_equal(b->c.first.uid, 1);
	redis_bench_end(b);
	redis_server_end(&other);
}

/* Without a hash tag stream and checkpoint have no slot in common. */
static void
test_cluster_slots(void **state)
{
	struct redis_bench *b =
	    redis_bench_make("--cluster-enabled yes", ONCE, 1);
	struct contract_event e = contract_event("INBOX", 1, 100);

	(void)state;
	redis_bench_close(b);
	redis_server_do(&b->server, "CLUSTER ADDSLOTSRANGE 0 16383");
	while (strstr(redis_bench_text(&b->server, "CLUSTER INFO"),
		   "cluster_state:ok") == NULL)
		usleep(10000);
	redis_bench_open(b, 1);
	contract_wait_int(&b->c, &b->c.state, 1, 5000);
	assert_true(contract_submit(&b->c, &e));
	assert_why(b, "CROSSSLOT");
	assert_non_null(strstr(b->c.why, "{mail}"));
	redis_bench_end(b);
}

/* A user without the rights: told, and stored when it has them. */
static void
test_no_rights(void **state)
{
	struct redis_bench *b;
	struct contract_event e = contract_event("INBOX", 1, 100);

	(void)state;
	setenv("SINK_PASSWORD", "secret", 1);
	b = redis_bench_make(
	    "", ONCE ", \"password\": {\"env\": \"SINK_PASSWORD\"}", 1);
	redis_bench_close(b);
	redis_server_do(&b->server,
	    "ACL SETUSER m on >secret ~mail ~mail:checkpoint +ping +client "
	    "+eval +hget +hset +hgetall");
	(void)snprintf(b->config, sizeof(b->config),
	    "{\"url\": \"redis://m@127.0.0.1:%d\"" ONCE
	    ", \"password\": {\"env\": \"SINK_PASSWORD\"}}",
	    b->server.port);
	redis_bench_open(b, 1);
	contract_wait_int(&b->c, &b->c.state, 1, 5000);
	assert_true(contract_submit(&b->c, &e));
	assert_why(b, "ACL SETUSER");
	assert_int_equal(e.answer, CONTRACT_RETRY);
	assert_string_equal(
	    redis_bench_text(&b->server, "HGET mail:checkpoint acct/INBOX"),
	    "");
	redis_bench_close(b);
	redis_server_do(&b->server, "ACL SETUSER m +xadd");
	redis_bench_open(b, 1);
	contract_store(&b->c, &e, 1, 5000);
	redis_bench_end(b);
}

/* Say one thing to each who connects, and close. */
static pid_t
start_liar(const char *text, int *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int client, fd = socket(AF_INET, SOCK_STREAM, 0);
	char octets[1024];
	pid_t pid;

	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	*port = ntohs(sin.sin_port);
	if ((pid = fork()) == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			client = accept(fd, NULL, NULL);
			(void)!write(client, text, strlen(text));
			(void)shutdown(client, SHUT_WR);
			while (read(client, octets, sizeof(octets)) > 0)
				;
			close(client);
		}
	}
	close(fd);
	return (pid);
}

/* What a server says in place of a greeting. */
static void
test_unwanted(void **state)
{
	static const char *const texts[][2] = {
		{ "-DENIED Redis is running in protected mode because ...\r\n",
		    "requirepass" },
		{ "-ERR max number of clients reached\r\n", "maxclients" },
		{ "-NOAUTH Authentication required.\r\n", "set password" },
		{ "HTTP/1.1 400 Bad Request\r\n\r\n", "Protocol error" },
	};
	struct contract c;
	char config[64];
	pid_t pid;
	size_t i;
	int port;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		pid = start_liar(texts[i][0], &port);
		contract_init(&c);
		(void)snprintf(config, sizeof(config),
		    "{\"url\": \"redis://127.0.0.1:%d\"}", port);
		assert_non_null(contract_open(&c, &redis_ops, config));
		contract_wait_int(&c, &c.state, 0, 5000);
		if (strstr(c.why, texts[i][1]) == NULL)
			fail_msg("%s: %s", texts[i][0], c.why);
		contract_close(&c, 0);
		contract_end(&c);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replicas),
		cmocka_unit_test(test_replicas_once),
		cmocka_unit_test(test_replicas_close),
		cmocka_unit_test(test_fsync),
		cmocka_unit_test(test_replica),
		cmocka_unit_test(test_replica_alone),
		cmocka_unit_test(test_loading),
		cmocka_unit_test(test_cluster),
		cmocka_unit_test(test_cluster_slots),
		cmocka_unit_test(test_no_rights),
		cmocka_unit_test(test_unwanted),
	};

	return (
	    cmocka_run_group_tests_name("redis servers", tests, NULL, NULL));
}
