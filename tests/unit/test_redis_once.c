/* delivery: exactly_once of the Redis sink: the marks, the owner, and what
 * becomes of batches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/envelope/event.h"
#include "redis_bench.h"
#include "redis_relay.h"
#include "sinks/sinks.h"

#define ONCE ", \"delivery\": \"exactly_once\""

static struct redis_bench *
once(const char *options)
{
	return (redis_bench_make(options, ONCE, 1));
}

static void
make(struct contract_event *e, size_t n, uint32_t first)
{
	size_t i;

	for (i = 0; i < n; i++)
		e[i] = contract_event("INBOX", first + (uint32_t)i, 100);
}

static void
assert_each_once(struct redis_bench *b, struct contract_event *e, size_t n)
{
	struct event *ev;
	size_t i;

	for (i = 0; i < n; i++) {
		ev = contract_make(&e[i]);
		assert_int_equal(redis_bench_count(&b->server, ev), 1);
		event_free(ev);
	}
}

static const char *
mark_of(struct redis_bench *b, const char *mailbox)
{
	return (redis_bench_text(
	    &b->server, "HGET mail:checkpoint acct/%s", mailbox));
}

/* The mark is stored with the events, and told to the next process. */
static void
test_mark(void **state)
{
	static struct contract_event e[20];
	struct redis_bench *b = once("");

	(void)state;
	make(e, 20, 10);
	b->c.epoch = 3;
	contract_store(&b->c, e, 20, 5000);
	assert_int_equal(b->c.found, 0);
	assert_string_equal(mark_of(b, "INBOX"),
	    "{\"account\":\"acct\",\"mailbox\":\"INBOX\",\"uidValidity\":77,"
	    "\"uid\":29,\"above\":\"\",\"epoch\":3}");
	redis_bench_close(b);

	redis_bench_open(b, 1);
	contract_wait_int(&b->c, &b->c.loaded, 1, 5000);
	assert_int_equal(b->c.found, 1);
	assert_string_equal(b->c.first.mailbox, "INBOX");
	assert_int_equal(b->c.first.uid, 29);
	assert_int_equal(b->c.first.epoch, 3);
	redis_bench_end(b);
}

/* A mail that its server shows late has a lower UID; one that was restored has
 * one for the second time; and the UIDs of another UIDVALIDITY begin anew.  It
 * is the host that knows; the sink stores. */
static void
test_lower_uids(void **state)
{
	static struct contract_event e[4];
	struct redis_bench *b = once("");

	(void)state;
	make(e, 2, 100);
	make(e + 2, 2, 7);
	contract_store(&b->c, e, 2, 5000);
	contract_store(&b->c, e + 2, 1, 5000);
	e[3].uidvalidity = 78;
	contract_store(&b->c, e + 3, 1, 5000);
	assert_int_equal(redis_server_do(&b->server, "XLEN mail"), 4);
	assert_each_once(b, e, 4);
	redis_bench_end(b);
}

/* One call stores the mail of several mailboxes, and the mark of each. */
static void
test_mailboxes(void **state)
{
	static struct contract_event e[90];
	struct redis_bench *b = once("");
	size_t i;

	(void)state;
	for (i = 0; i < 90; i++)
		e[i] = contract_event(
		    i % 3 == 0 ? "A" : "B", (uint32_t)i + 1, 100);
	contract_store(&b->c, e, 90, 5000);
	assert_each_once(b, e, 90);
	assert_non_null(strstr(mark_of(b, "A"), "\"uid\":88,"));
	assert_non_null(strstr(mark_of(b, "B"), "\"uid\":90,"));
	assert_true(b->c.marks < 90);
	redis_bench_end(b);
}

/* Again and again memory runs out while mail is under way. */
static void
test_out_of_memory(void **state)
{
	static struct contract_event e[200];
	struct redis_bench *b = once("");
	size_t i, round;

	(void)state;
	make(e, 200, 1);
	contract_wait_int(&b->c, &b->c.loaded, 1, 5000);
	for (round = 0; round < 6; round++) {
		redis_server_do(&b->server, "CONFIG SET maxmemory %d",
		    round % 2 == 0 ? 1 : 0);
		for (i = 0; i < 200; i++) {
			if (e[i].answer == CONTRACT_NEW ||
			    e[i].answer == CONTRACT_RETRY)
				(void)contract_submit(&b->c, &e[i]);
		}
		redis_server_do(&b->server, "CONFIG SET maxmemory %d",
		    round % 2 == 0 ? 0 : 1);
		contract_turn(&b->c);
	}
	redis_server_do(&b->server, "CONFIG SET maxmemory 0");
	contract_store(&b->c, e, 200, 60000);
	assert_each_once(b, e, 200);
	redis_bench_end(b);
}

/* The server has stored the batch, and nobody tells: the owner's record does,
 * after the reconnect. */
static void
test_reply_lost(void **state)
{
	static struct contract_event e[60];
	struct redis_bench *b = once("");
	struct redis_relay relay;
	size_t i;

	(void)state;
	redis_bench_close(b);
	redis_relay_start(&relay, b->server.port);
	(void)snprintf(b->config, sizeof(b->config),
	    "{\"url\": \"redis://127.0.0.1:%d\"" ONCE "}", relay.port);
	redis_bench_open(b, 1);
	make(e, 60, 1);
	for (i = 0; i < 60; i += 20) {
		contract_wait_int(&b->c, &b->c.state, 1, 5000);
		*relay.cut = 1;
		contract_store(&b->c, e + i, 20, 20000);
		assert_int_equal(*relay.cut, 0);
		/* It was the first batch, which was not sent again. */
		assert_int_equal(e[i].tries, 1);
	}
	assert_each_once(b, e, 60);
	redis_bench_end(b);
	redis_relay_end(&relay);
}

/* Nor does it matter which reply of the start is lost. */
static void
test_start_reply_lost(void **state)
{
	static struct contract_event e[1];
	struct redis_bench *b = once("");
	struct redis_relay relay;
	int i;

	(void)state;
	redis_bench_close(b);
	redis_relay_start(&relay, b->server.port);
	(void)snprintf(b->config, sizeof(b->config),
	    "{\"url\": \"redis://127.0.0.1:%d\"" ONCE "}", relay.port);
	for (i = 1; i <= 5; i++) {
		*relay.cut = i;
		redis_bench_open(b, 1);
		make(e, 1, (uint32_t)i);
		contract_store(&b->c, e, 1, 10000);
		if (i < 5)
			redis_bench_close(b);
	}
	assert_int_equal(redis_server_do(&b->server, "XLEN mail"), 5);
	redis_bench_end(b);
	redis_relay_end(&relay);
}

/* ... and when the sink is closed instead, the next process hears of it. */
static void
test_reply_lost_at_the_end(void **state)
{
	static struct contract_event e[1];
	struct redis_bench *b = once("");

	(void)state;
	make(e, 1, 5);
	contract_wait_int(&b->c, &b->c.loaded, 1, 5000);
	assert_true(contract_submit(&b->c, &e[0]));
	redis_server_kill(&b->server);
	contract_wait_int(&b->c, &b->c.state, 0, 5000);
	assert_int_equal(e[0].answer, CONTRACT_TAKEN);
	contract_close(&b->c, 1000);
	assert_int_equal(e[0].answer, CONTRACT_RETRY);
	contract_end(&b->c);
	redis_server_again(&b->server);
	redis_bench_open(b, 1);
	contract_wait_int(&b->c, &b->c.loaded, 1, 5000);
	assert_int_equal(b->c.found, redis_server_do(&b->server, "XLEN mail"));
	redis_bench_end(b);
}

/* Whoever starts later works; the other one stores nothing more and says why,
 * even after a reconnect. */
static void
test_two(void **state)
{
	static struct contract_event e[30];
	struct redis_bench *b = once("");
	struct contract other;

	(void)state;
	make(e, 30, 1);
	contract_store(&b->c, e, 10, 5000);
	contract_init(&other);
	contract_give_marks(&other);
	assert_non_null(contract_open(&other, &redis_ops, b->config));
	contract_wait_int(&other, &other.loaded, 1, 5000);
	assert_int_equal(other.first.uid, 10);
	contract_store(&other, e + 10, 10, 5000);

	assert_true(contract_submit(&b->c, &e[20]));
	contract_wait_int(&b->c, &b->c.state, 0, 5000);
	assert_non_null(strstr(b->c.why, "another mailbridge ("));
	assert_non_null(strstr(b->c.why, "mail:checkpoint"));
	assert_int_equal(e[20].answer, CONTRACT_RETRY);
	assert_false(contract_submit(&b->c, &e[21]));
	redis_server_kill(&b->server);
	redis_server_again(&b->server);
	contract_store(&other, e + 22, 8, 10000);
	assert_non_null(strstr(b->c.why, "another mailbridge ("));
	assert_false(contract_submit(&b->c, &e[21]));
	assert_int_equal(redis_server_do(&b->server, "XLEN mail"), 28);
	contract_close(&other, 0);
	contract_end(&other);
	redis_bench_end(b);
}

/* All that Redis had is gone: there is no other owner, so it goes on. */
static void
test_all_lost(void **state)
{
	static struct contract_event e[20];
	struct redis_bench *b = once("");

	(void)state;
	make(e, 20, 1);
	contract_store(&b->c, e, 10, 5000);
	redis_server_do(&b->server, "FLUSHALL");
	redis_server_do(&b->server, "SCRIPT FLUSH");
	contract_store(&b->c, e + 10, 10, 5000);
	assert_each_once(b, e + 10, 10);
	assert_non_null(strstr(mark_of(b, "INBOX"), "\"epoch\":0"));
	redis_bench_end(b);
}

/* What older versions and others have left there is not taken for a mark. */
static void
test_other_records(void **state)
{
	static struct contract_event e[1];
	struct redis_bench *b = once("");

	(void)state;
	redis_bench_close(b);
	redis_server_do(
	    &b->server, "HSET mail:checkpoint acct/INBOX 77:58:3,5");
	redis_server_do(&b->server, "HSET mail:checkpoint acct/Other hello");
	redis_server_do(&b->server, "HSET mail:checkpoint /owner {]");
	redis_bench_open(b, 1);
	contract_wait_int(&b->c, &b->c.loaded, 1, 5000);
	assert_int_equal(b->c.found, 0);
	make(e, 1, 7);
	contract_store(&b->c, e, 1, 5000);
	assert_each_once(b, e, 1);
	assert_non_null(strstr(mark_of(b, "INBOX"), "\"uid\":7,"));
	redis_bench_end(b);
}

/* One of a batch is over the server's limit: that one is refused, the others
 * are stored. */
static void
test_too_large(void **state)
{
	static struct contract_event e[20];
	struct redis_bench *b = once("--proto-max-bulk-len 1mb");
	size_t i, left = 20;

	(void)state;
	make(e, 20, 1);
	e[7].len = 1100000;
	while (left > 0) {
		for (i = left = 0; i < 20; i++) {
			if (e[i].answer == CONTRACT_NEW ||
			    e[i].answer == CONTRACT_RETRY)
				(void)contract_submit(&b->c, &e[i]);
			left += e[i].answer != CONTRACT_STORED &&
			    e[i].answer != CONTRACT_REFUSED;
		}
		contract_turn(&b->c);
	}
	for (i = 0; i < 20; i++)
		assert_int_equal(
		    e[i].answer, i == 7 ? CONTRACT_REFUSED : CONTRACT_STORED);
	assert_non_null(strstr(e[7].why, "proto-max-bulk-len"));
	assert_int_equal(redis_server_do(&b->server, "XLEN mail"), 19);
	redis_bench_end(b);
}

/* Nothing of a batch is stored where the server refuses part of it. */
static void
test_wrong_type(void **state)
{
	static struct contract_event e[10];
	struct redis_bench *b = once("");

	(void)state;
	make(e, 10, 1);
	contract_wait_int(&b->c, &b->c.loaded, 1, 5000);
	redis_server_do(&b->server, "SET mail x");
	assert_true(contract_submit(&b->c, &e[0]));
	contract_wait_int(&b->c, &b->c.state, 0, 5000);
	assert_non_null(strstr(b->c.why, "WRONGTYPE"));
	assert_int_equal(e[0].answer, CONTRACT_RETRY);
	assert_string_equal(mark_of(b, "INBOX"), "");
	redis_bench_end(b);
}

/* Without marks (replay, check) it is at least once, and the owner stays. */
static void
test_no_marks(void **state)
{
	static struct contract_event e[2];
	struct redis_bench *b = once("");
	char before[512];

	(void)state;
	make(e, 2, 1);
	contract_store(&b->c, e, 1, 5000);
	(void)snprintf(before, sizeof(before), "%s",
	    redis_bench_text(&b->server, "HGET mail:checkpoint /owner"));
	assert_non_null(strstr(before, "\"batch\":1,"));
	redis_bench_close(b);
	redis_bench_open(b, 0);
	contract_store(&b->c, e, 2, 5000);
	assert_string_equal(before,
	    redis_bench_text(&b->server, "HGET mail:checkpoint /owner"));
	assert_int_equal(redis_server_do(&b->server, "XLEN mail"), 2);
	redis_bench_end(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mark),
		cmocka_unit_test(test_lower_uids),
		cmocka_unit_test(test_mailboxes),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_reply_lost),
		cmocka_unit_test(test_start_reply_lost),
		cmocka_unit_test(test_reply_lost_at_the_end),
		cmocka_unit_test(test_two),
		cmocka_unit_test(test_all_lost),
		cmocka_unit_test(test_other_records),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_wrong_type),
		cmocka_unit_test(test_no_marks),
	};

	return (cmocka_run_group_tests_name(
	    "redis, exactly once", tests, NULL, NULL));
}
