/* The write-ahead log of the checkpoint, as a crash leaves it, with a byte
 * changed or its end missing: the store is refused, or its marks are some that
 * were committed once.  A mailbox never vanishes: it would start at "now". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "bridge/fault.h"
#include "bridge/store/checkpoint.h"
#include "scratch.h"

#define DIR "state"
#define DB DIR "/checkpoint.db"
#define LOG DB "-wal"
#define BOXES 8
#define ROUNDS 5

struct file {
	char *data;
	size_t len;
};

static struct file db, wal;

static void
commit(struct checkpoint_store *store, uint32_t round)
{
	struct checkpoint_row rows[BOXES] = { 0 };
	char names[BOXES][16];
	struct fault f;
	uint32_t i;

	for (i = 0; i < BOXES; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "box %u", i);
		rows[i].account = "support";
		rows[i].mailbox = names[i];
		rows[i].has_checkpoint = 1;
		rows[i].checkpoint.uidvalidity = 7;
		rows[i].checkpoint.uid = round * 100 + i;
	}
	assert_int_equal(checkpoint_write(store, rows, BOXES, &f), 0);
}

/* The files as they are while the daemon runs. */
static int
setup(void **state)
{
	struct checkpoint_store *store;
	struct fault f;
	uint32_t round;

	(void)state;
	(void)scratch_enter();
	store = checkpoint_open(DIR, CHECKPOINT_WRITE, &f);
	assert_non_null(store);
	for (round = 1; round <= ROUNDS; round++)
		commit(store, round);
	db.data = scratch_read(DB, &db.len);
	wal.data = scratch_read(LOG, &wal.len);
	assert_true(wal.len > 4096);
	checkpoint_close(store);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	free(db.data);
	free(wal.data);
	scratch_leave();
	return (0);
}

static void
put_back(const struct file *log, size_t len)
{
	unlink(DB "-shm");
	unlink(DB "-journal");
	scratch_write(DB, db.data, db.len, 0600);
	scratch_write(LOG, log->data, len, 0600);
}

/* The round whose marks the store has; 0 if it is refused. */
static uint32_t
round_of(const char *what, size_t at)
{
	struct checkpoint_store *store;
	struct checkpoint *rows;
	struct fault f = { 0 };
	uint32_t i, round = 0;
	char name[16];
	size_t n;

	if ((store = checkpoint_open(DIR, CHECKPOINT_WRITE, &f)) == NULL) {
		if (f.kind != FAULT_DATA && f.kind != FAULT_RETRY)
			fail_msg("%s at %zu: %s", what, at, f.text);
		return (0);
	}
	for (i = 0; i < BOXES; i++) {
		(void)snprintf(name, sizeof(name), "box %u", i);
		rows = checkpoint_load(store, "support", name, &n, &f);
		if (rows == NULL)
			fail_msg("%s at %zu: %s has vanished", what, at, name);
		if (i == 0)
			round = rows[0].uid / 100;
		if (n != 1 || rows[0].uidvalidity != 7 ||
		    rows[0].uid != round * 100 + i)
			fail_msg("%s at %zu: %s is at %u", what, at, name,
			    rows[0].uid);
		free(rows);
	}
	checkpoint_close(store);
	if (round < 1 || round > ROUNDS)
		fail_msg("%s at %zu: round %u never was", what, at, round);
	return (round);
}

static void
test_whole(void **state)
{
	(void)state;
	put_back(&wal, wal.len);
	assert_int_equal(round_of("whole", 0), ROUNDS);
}

static void
test_changed(void **state)
{
	size_t step = getenv("EVERY_BYTE") != NULL ? 1 : 397;
	size_t at, older = 0;

	(void)state;
	for (at = 0; at < wal.len; at += at < 64 ? 1 : step) {
		wal.data[at] ^= 0x40;
		put_back(&wal, wal.len);
		older += round_of("changed", at) < ROUNDS;
		wal.data[at] ^= 0x40;
	}
	assert_true(older > 0);
}

static void
test_cut(void **state)
{
	size_t at;

	(void)state;
	for (at = 0; at < wal.len; at += 397) {
		put_back(&wal, at);
		(void)round_of("cut", at);
	}
	unlink(LOG);
	scratch_write(DB, db.data, db.len, 0600);
	assert_true(round_of("gone", 0) >= 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_cut),
	};

	return (cmocka_run_group_tests_name(
	    "checkpoint log", tests, setup, teardown));
}
