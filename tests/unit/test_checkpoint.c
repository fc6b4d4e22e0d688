#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "bridge/checkpoint.h"
#include "bridge/fault.h"
#include "scratch.h"

#define DIR "state"
#define DB DIR "/checkpoint.db"

static struct checkpoint_store *
open_good(enum checkpoint_mode mode)
{
	struct checkpoint_store *store;
	struct fault f = { 0 };

	store = checkpoint_open(DIR, mode, &f);
	assert_string_equal(f.text, "");
	assert_non_null(store);
	return (store);
}

/* It must be refused with ${kind}, and the text must hold ${text}. */
static void
open_bad(enum checkpoint_mode mode, enum fault_kind kind, const char *text)
{
	struct fault f = { 0 };

	assert_null(checkpoint_open(DIR, mode, &f));
	assert_int_equal(f.kind, kind);
	if (strstr(f.text, text) == NULL)
		fail_msg("%s: has no \"%s\"", f.text, text);
}

static void
put(struct checkpoint_store *store, const char *account, const char *mailbox,
    uint64_t uidvalidity, uint32_t uid)
{
	struct checkpoint_row row = { .account = account,
		.mailbox = mailbox,
		.has_checkpoint = 1,
		.checkpoint = { .uidvalidity = uidvalidity,
		    .uid = uid,
		    .since_below = 9,
		    .since = "05-Jan-2026",
		    .committed_at = 1700000000 },
		.has_status = 1,
		.status = { .state = "idle",
		    .uidvalidity = uidvalidity,
		    .uid = uid,
		    .lag = 3,
		    .last_success = 1700000001,
		    .last_error_at = 1700000002,
		    .last_error = "no route" } };
	struct fault f = { 0 };

	assert_int_equal(checkpoint_write(store, &row, 1, &f), 0);
}

/* The newest row of the mailbox must be this; uidvalidity 0: there is none. */
static void
expect(struct checkpoint_store *store, const char *account, const char *mailbox,
    uint64_t uidvalidity, uint32_t uid)
{
	struct checkpoint *rows;
	struct fault f = { 0 };
	size_t n;

	rows = checkpoint_load(store, account, mailbox, &n, &f);
	assert_int_equal(f.kind, FAULT_NONE);
	if (uidvalidity == 0) {
		assert_null(rows);
		assert_int_equal(n, 0);
		return;
	}
	assert_non_null(rows);
	assert_int_equal(rows[0].uidvalidity, uidvalidity);
	assert_int_equal(rows[0].uid, uid);
	assert_int_equal(rows[0].since_below, 9);
	assert_string_equal(rows[0].since, "05-Jan-2026");
	assert_int_equal(rows[0].committed_at, 1700000000);
	free(rows);
}

static void
test_roundtrip(void **state)
{
	struct checkpoint_store *store = open_good(CHECKPOINT_WRITE);

	(void)state;
	expect(store, "a", "INBOX", 0, 0);
	put(store, "a", "INBOX", 7, 1);
	put(store, "a", "INBOX", 7, UINT32_MAX);
	put(store, "a", "B\303\244r/'\"", UINT64_MAX, 0);
	expect(store, "a", "INBOX", 7, UINT32_MAX);
	/* A newer UIDVALIDITY, in the same second and a smaller number. */
	put(store, "a", "INBOX", 5, 2);
	expect(store, "a", "INBOX", 5, 2);
	put(store, "a", "INBOX", 7, 3);
	expect(store, "a", "INBOX", 7, 3);
	checkpoint_close(store);
	store = open_good(CHECKPOINT_READ);
	expect(store, "a", "INBOX", 7, 3);
	expect(store, "a", "B\303\244r/'\"", UINT64_MAX, 0);
	expect(store, "b", "INBOX", 0, 0);
	checkpoint_close(store);
	checkpoint_close(NULL);
	/* The order of writing is known after a restart too. */
	store = open_good(CHECKPOINT_WRITE);
	put(store, "a", "INBOX", 5, 4);
	expect(store, "a", "INBOX", 5, 4);
	checkpoint_close(store);
}

struct seen {
	char text[512];
};

static void
note(struct seen *seen, const char *account, const char *mailbox,
    unsigned long long uidvalidity, unsigned uid, const char *more)
{
	size_t len = strlen(seen->text);

	(void)snprintf(seen->text + len, sizeof(seen->text) - len,
	    "%s/%s %llu %u %s;", account, mailbox, uidvalidity, uid, more);
}

static void
each(void *arg, const char *account, const char *mailbox,
    const struct checkpoint *c)
{
	note(arg, account, mailbox, c->uidvalidity, c->uid, c->since);
}

static void
each_status(void *arg, const char *account, const char *mailbox,
    const struct checkpoint_status *s)
{
	assert_int_equal(s->lag, 3);
	assert_int_equal(s->last_success, 1700000001);
	assert_int_equal(s->last_error_at, 1700000002);
	assert_string_equal(s->last_error, "no route");
	note(arg, account, mailbox, s->uidvalidity, s->uid, s->state);
}

static void
test_lists(void **state)
{
	struct checkpoint_store *store = open_good(CHECKPOINT_WRITE);
	struct seen seen = { "" };
	struct fault f;

	(void)state;
	put(store, "b", "INBOX", 1, 1);
	put(store, "a", "z", 2, 2);
	put(store, "a", "INBOX", 3, 3);
	put(store, "a", "INBOX", 2, 4);
	assert_int_equal(checkpoint_each(store, each, &seen, &f), 0);
	assert_string_equal(seen.text,
	    "a/INBOX 2 4 05-Jan-2026;a/INBOX 3 3 05-Jan-2026;a/z 2 2 "
	    "05-Jan-2026;b/INBOX 1 1 05-Jan-2026;");
	seen.text[0] = '\0';
	assert_int_equal(
	    checkpoint_each_status(store, each_status, &seen, &f), 0);
	assert_string_equal(
	    seen.text, "a/INBOX 2 4 idle;a/z 2 2 idle;b/INBOX 1 1 idle;");
	seen.text[0] = '\0';
	assert_int_equal(checkpoint_reset(store, "a", "INBOX", &f), 0);
	assert_int_equal(checkpoint_each(store, each, &seen, &f), 0);
	assert_int_equal(
	    checkpoint_each_status(store, each_status, &seen, &f), 0);
	assert_string_equal(seen.text,
	    "a/z 2 2 05-Jan-2026;b/INBOX 1 1 05-Jan-2026;a/z 2 2 idle;"
	    "b/INBOX 1 1 idle;");
	checkpoint_close(store);
}

static void
test_permissions(void **state)
{
	struct checkpoint_store *store = open_good(CHECKPOINT_WRITE);
	static const char *const files[] = { DB, DB "-wal", DB "-shm",
		DIR "/lock", DIR "/initialized" };
	struct stat st;
	size_t i;

	(void)state;
	put(store, "a", "INBOX", 1, 1);
	assert_int_equal(stat(DIR, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		assert_int_equal(stat(files[i], &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
	checkpoint_close(store);
	chmod(DIR, 0770);
	open_bad(CHECKPOINT_WRITE, FAULT_CONFIG, "chmod 700 state");
	chmod(DIR, 0702);
	open_bad(CHECKPOINT_WRITE, FAULT_CONFIG, "mode 0702");
	chmod(DIR, 0755);
	checkpoint_close(open_good(CHECKPOINT_WRITE));
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(DIR, 12345, 0), 0);
	open_bad(CHECKPOINT_WRITE, FAULT_CONFIG, "belongs to uid 12345");
}

static void
test_nothing_there(void **state)
{
	(void)state;
	open_bad(CHECKPOINT_READ, FAULT_NONE, "");
	mkdir(DIR, 0700);
	open_bad(CHECKPOINT_READ, FAULT_NONE, "");
	rmdir(DIR);
	scratch_text(DIR, "a file\n");
	open_bad(CHECKPOINT_WRITE, FAULT_CONFIG, "Not a directory");
	unlink(DIR);
	assert_int_equal(checkpoint_owner(DIR), 0);
}

static void
test_lock(void **state)
{
	struct checkpoint_store *store = open_good(CHECKPOINT_WRITE);
	char text[64];
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(checkpoint_owner(DIR), getpid());
	(void)snprintf(
	    text, sizeof(text), "in use by process %ld", (long)getpid());
	open_bad(CHECKPOINT_WRITE, FAULT_CONFIG, text);
	checkpoint_close(open_good(CHECKPOINT_READ));
	checkpoint_close(store);
	assert_int_equal(checkpoint_owner(DIR), 0);
	/* The lock of a process that was killed is free. */
	if ((pid = fork()) == 0) {
		store = open_good(CHECKPOINT_WRITE);
		put(store, "a", "INBOX", 1, 1);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(checkpoint_owner(DIR), 0);
	store = open_good(CHECKPOINT_WRITE);
	expect(store, "a", "INBOX", 1, 1);
	checkpoint_close(store);
}

/* A store with enough rows for several pages of a tree; closed. */
static void
make_store(void)
{
	struct checkpoint_store *store = open_good(CHECKPOINT_WRITE);
	char mailbox[32];
	uint32_t i;

	for (i = 1; i <= 60; i++) {
		(void)snprintf(mailbox, sizeof(mailbox), "box %u", i);
		put(store, "support", mailbox, i, i * 1000);
	}
	checkpoint_close(store);
}

/* Open what is there now: it must be refused as damaged, or hold all rows as
 * they were.  1 if it was refused. */
static int
refused_or_whole(enum checkpoint_mode mode, const char *what, size_t where)
{
	struct checkpoint_store *store;
	struct fault f = { 0 };
	char mailbox[32];
	uint32_t i;

	if ((store = checkpoint_open(DIR, mode, &f)) == NULL) {
		if (f.kind != FAULT_DATA && f.kind != FAULT_RETRY)
			fail_msg("%s at %zu: %s", what, where, f.text);
		return (1);
	}
	for (i = 1; i <= 60; i++) {
		(void)snprintf(mailbox, sizeof(mailbox), "box %u", i);
		expect(store, "support", mailbox, i, i * 1000);
	}
	checkpoint_close(store);
	return (0);
}

static void
put_back(const char *data, size_t len)
{
	unlink(DB "-wal");
	unlink(DB "-shm");
	unlink(DB "-journal");
	scratch_write(DB, data, len, 0600);
}

static void
test_truncated(void **state)
{
	size_t len, at;
	char *data;

	(void)state;
	make_store();
	data = scratch_read(DB, &len);
	assert_in_range(len, 12288, 1 << 20);
	for (at = 0; at < len; at += at < 1024 ? 64 : 512) {
		put_back(data, at);
		if (!refused_or_whole(CHECKPOINT_WRITE, "truncated", at))
			fail_msg("truncated at %zu: taken for whole", at);
	}
	put_back(data, len - 1);
	refused_or_whole(CHECKPOINT_WRITE, "truncated", len - 1);
	put_back(data, len);
	assert_false(refused_or_whole(CHECKPOINT_WRITE, "restored", len));
	free(data);
}

/* Each byte of the first page's header and of the rest every 97th, or all of
 * them: one bit, another, all bits. */
static void
test_changed_bytes(void **state)
{
	static const unsigned char masks[] = { 0x01, 0x80, 0xff };
	size_t step = getenv("EVERY_BYTE") != NULL ? 1 : 97;
	size_t len, at, i, refused = 0;
	char *data, old;

	(void)state;
	make_store();
	data = scratch_read(DB, &len);
	for (at = 0; at < len; at += at < 100 ? 1 : step) {
		old = data[at];
		for (i = 0; i < sizeof(masks); i++) {
			data[at] = (char)(old ^ masks[i]);
			put_back(data, len);
			refused += (size_t)refused_or_whole(
			    CHECKPOINT_READ, "changed", at);
		}
		data[at] = old;
	}
	/* Most bytes are rows, and no change of those may pass. */
	assert_true(refused > 200);
	free(data);
}

static void
test_zeroed_pages(void **state)
{
	size_t len, at;
	char *data, *copy;

	(void)state;
	make_store();
	data = scratch_read(DB, &len);
	copy = malloc(len);
	for (at = 0; at < len; at += 512) {
		memcpy(copy, data, len);
		memset(copy + at, 0, 512);
		put_back(copy, len);
		refused_or_whole(CHECKPOINT_WRITE, "zeroed", at);
	}
	free(copy);
	free(data);
}

static void
test_missing(void **state)
{
	(void)state;
	make_store();
	unlink(DB);
	open_bad(CHECKPOINT_WRITE, FAULT_DATA, "is missing, and there was one");
	open_bad(CHECKPOINT_READ, FAULT_DATA, "reset --all");
	/* The log alone tells too. */
	unlink(DIR "/initialized");
	scratch_text(DB "-wal", "x");
	open_bad(CHECKPOINT_WRITE, FAULT_DATA, "is missing");
	unlink(DB "-wal");
	scratch_text(DB, "");
	open_bad(CHECKPOINT_WRITE, FAULT_DATA, "is empty");
	scratch_text(DB,
	    "not a database, and longer than its header is, for "
	    "sure, even if that has a hundred bytes and more");
	open_bad(CHECKPOINT_WRITE, FAULT_DATA, "file is not a database");
}

static void
change(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(DB, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void
test_foreign(void **state)
{
	(void)state;
	make_store();
	change("PRAGMA user_version = 2");
	open_bad(CHECKPOINT_WRITE, FAULT_DATA, "newer mailbridge");
	change("PRAGMA user_version = 0");
	open_bad(CHECKPOINT_WRITE, FAULT_DATA, "unknown version 0");
	change("PRAGMA user_version = 1; UPDATE checkpoint SET uid = uid + 1 "
	       "WHERE mailbox = 'box 9'");
	open_bad(CHECKPOINT_READ, FAULT_DATA, "sum");
	change("UPDATE checkpoint SET uid = uid - 1 WHERE mailbox = 'box 9'");
	checkpoint_close(open_good(CHECKPOINT_READ));
	change("PRAGMA application_id = 1");
	open_bad(CHECKPOINT_WRITE, FAULT_DATA, "not a checkpoint store");
	change("PRAGMA application_id = 1835168359; DROP TABLE checkpoint");
	open_bad(CHECKPOINT_WRITE, FAULT_DATA, "no such table");
}

static void
test_discard(void **state)
{
	struct checkpoint_store *store;
	struct fault f;

	(void)state;
	make_store();
	scratch_text(DB, "damaged");
	open_bad(CHECKPOINT_WRITE, FAULT_DATA, "not a database");
	assert_int_equal(checkpoint_discard(DIR, &f), 0);
	open_bad(CHECKPOINT_READ, FAULT_NONE, "");
	store = open_good(CHECKPOINT_WRITE);
	expect(store, "support", "box 1", 0, 0);
	assert_int_equal(checkpoint_discard(DIR, &f), -1);
	assert_int_equal(f.kind, FAULT_CONFIG);
	checkpoint_close(store);
}

/* A copy of checkpoint.db without its log: older UIDs are fine, a mailbox that
 * is unknown would start at "now". */
static void
test_copy_without_log(void **state)
{
	struct checkpoint_store *store = open_good(CHECKPOINT_WRITE);
	struct checkpoint *rows;
	struct fault f = { 0 };
	size_t len, n;
	char *data;

	(void)state;
	put(store, "a", "INBOX", 1, 1);
	put(store, "a", "INBOX", 1, 2);
	put(store, "a", "INBOX", 2, 1);
	data = scratch_read(DB, &len);
	checkpoint_close(store);
	put_back(data, len);
	free(data);
	store = open_good(CHECKPOINT_WRITE);
	rows = checkpoint_load(store, "a", "INBOX", &n, &f);
	assert_int_equal(n, 2);
	assert_int_equal(rows[0].uidvalidity, 2);
	free(rows);
	checkpoint_close(store);
}

/* A file may not grow: as on a full disk.  What was stored stands, and the same
 * store works when there is room again. */
static void
test_full_disk(void **state)
{
	struct checkpoint_row rows[200];
	struct checkpoint_store *store = open_good(CHECKPOINT_WRITE);
	struct rlimit before, limit;
	struct fault f = { 0 };
	char names[200][32];
	struct stat st;
	size_t i;

	(void)state;
	put(store, "a", "INBOX", 1, 1);
	for (i = 0; i < 200; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "box %zu", i);
		rows[i] = (struct checkpoint_row){ .account = "a",
			.mailbox = names[i],
			.has_checkpoint = 1,
			.checkpoint = { .uidvalidity = 1, .uid = 5 } };
	}
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(stat(DB "-wal", &st), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = (rlim_t)st.st_size + 100;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(checkpoint_write(store, rows, 200, &f), -1);
	assert_int_equal(f.kind, FAULT_RETRY);
	assert_non_null(strstr(f.text, "checkpoint.db"));
	expect(store, "a", "INBOX", 1, 1);
	expect(store, "a", "box 0", 0, 0);
	assert_int_equal(checkpoint_write(store, rows, 200, &f), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(checkpoint_write(store, rows, 200, &f), 0);
	checkpoint_close(store);
	store = open_good(CHECKPOINT_READ);
	expect(store, "a", "INBOX", 1, 1);
	checkpoint_close(store);
}

/* Killed at any instant of its writing, the store holds one of the transactions
 * whole: both rows move together. */
static void
test_killed(void **state)
{
	struct checkpoint_store *store;
	struct checkpoint *a, *b;
	struct fault f = { 0 };
	size_t n, round;
	uint32_t uid, last = 0;
	pid_t pid;

	(void)state;
	for (round = 0; round < 20; round++) {
		if ((pid = fork()) == 0) {
			store = open_good(CHECKPOINT_WRITE);
			for (uid = last + 1;; uid++) {
				struct checkpoint_row rows[2] = {
					{ .account = "a",
					    .mailbox = "x",
					    .has_checkpoint = 1,
					    .checkpoint = { .uidvalidity = 1,
						.uid = uid } },
					{ .account = "a",
					    .mailbox = "y",
					    .has_checkpoint = 1,
					    .checkpoint = { .uidvalidity = 1,
						.uid = uid } },
				};
				checkpoint_write(store, rows, 2, &f);
			}
		}
		usleep((useconds_t)(20000 + round * 1700));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		store = open_good(CHECKPOINT_WRITE);
		a = checkpoint_load(store, "a", "x", &n, &f);
		b = checkpoint_load(store, "a", "y", &n, &f);
		if (a == NULL || b == NULL)
			assert_ptr_equal(a, b);
		else {
			assert_int_equal(a->uid, b->uid);
			assert_true(a->uid >= last);
			last = a->uid;
		}
		free(a);
		free(b);
		checkpoint_close(store);
	}
	assert_true(last > 0);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_roundtrip),
		TEST(test_lists),
		TEST(test_permissions),
		TEST(test_nothing_there),
		TEST(test_lock),
		TEST(test_truncated),
		TEST(test_changed_bytes),
		TEST(test_zeroed_pages),
		TEST(test_missing),
		TEST(test_foreign),
		TEST(test_discard),
		TEST(test_copy_without_log),
		TEST(test_full_disk),
		TEST(test_killed),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
