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

#include "bridge/fault.h"
#include "bridge/store/checkpoint.h"
#include "checkpoint_store.h"
#include "scratch.h"

static void
test_roundtrip(void **state)
{
	struct checkpoint_store *store = store_open(CHECKPOINT_WRITE);

	(void)state;
	store_expect(store, "a", "INBOX", 0, 0);
	store_put(store, "a", "INBOX", 7, 1);
	store_put(store, "a", "INBOX", 7, UINT32_MAX);
	store_put(store, "a", "B\303\244r/'\"", UINT64_MAX, 0);
	store_expect(store, "a", "INBOX", 7, UINT32_MAX);
	/* A newer UIDVALIDITY, in the same second and a smaller number. */
	store_put(store, "a", "INBOX", 5, 2);
	store_expect(store, "a", "INBOX", 5, 2);
	store_put(store, "a", "INBOX", 7, 3);
	store_expect(store, "a", "INBOX", 7, 3);
	checkpoint_close(store);
	store = store_open(CHECKPOINT_READ);
	store_expect(store, "a", "INBOX", 7, 3);
	store_expect(store, "a", "B\303\244r/'\"", UINT64_MAX, 0);
	store_expect(store, "b", "INBOX", 0, 0);
	checkpoint_close(store);
	checkpoint_close(NULL);
	/* The order of writing is known after a restart too. */
	store = store_open(CHECKPOINT_WRITE);
	store_put(store, "a", "INBOX", 5, 4);
	store_expect(store, "a", "INBOX", 5, 4);
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
	struct checkpoint_store *store = store_open(CHECKPOINT_WRITE);
	struct seen seen = { "" };
	struct fault f;

	(void)state;
	store_put(store, "b", "INBOX", 1, 1);
	store_put(store, "a", "z", 2, 2);
	store_put(store, "a", "INBOX", 3, 3);
	store_put(store, "a", "INBOX", 2, 4);
	assert_int_equal(checkpoint_each(store, each, &seen, &f), 0);
	assert_string_equal(seen.text,
	    "a/INBOX 3 3 05-Jan-2026;a/INBOX 2 4 05-Jan-2026;a/z 2 2 "
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
	struct checkpoint_store *store = store_open(CHECKPOINT_WRITE);
	static const char *const files[] = { STORE_DB, STORE_DB "-wal",
		STORE_DB "-shm", STORE_DIR "/lock", STORE_DIR "/initialized" };
	struct stat st;
	size_t i;

	(void)state;
	store_put(store, "a", "INBOX", 1, 1);
	assert_int_equal(stat(STORE_DIR, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		assert_int_equal(stat(files[i], &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
	checkpoint_close(store);
	chmod(STORE_DIR, 0770);
	store_refused(CHECKPOINT_WRITE, FAULT_CONFIG, "chmod 700 state");
	chmod(STORE_DIR, 0702);
	store_refused(CHECKPOINT_WRITE, FAULT_CONFIG, "mode 0702");
	chmod(STORE_DIR, 0755);
	checkpoint_close(store_open(CHECKPOINT_WRITE));
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(STORE_DIR, 12345, 0), 0);
	store_refused(CHECKPOINT_WRITE, FAULT_CONFIG, "belongs to uid 12345");
}

static void
test_nothing_there(void **state)
{
	(void)state;
	store_refused(CHECKPOINT_READ, FAULT_NONE, "");
	mkdir(STORE_DIR, 0700);
	store_refused(CHECKPOINT_READ, FAULT_NONE, "");
	rmdir(STORE_DIR);
	scratch_text(STORE_DIR, "a file\n");
	store_refused(CHECKPOINT_WRITE, FAULT_CONFIG, "Not a directory");
	unlink(STORE_DIR);
	assert_int_equal(checkpoint_owner(STORE_DIR), 0);
}

static void
test_lock(void **state)
{
	struct checkpoint_store *store = store_open(CHECKPOINT_WRITE);
	char text[64];
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(checkpoint_owner(STORE_DIR), getpid());
	(void)snprintf(
	    text, sizeof(text), "in use by process %ld", (long)getpid());
	store_refused(CHECKPOINT_WRITE, FAULT_CONFIG, text);
	checkpoint_close(store_open(CHECKPOINT_READ));
	checkpoint_close(store);
	assert_int_equal(checkpoint_owner(STORE_DIR), 0);
	/* The lock of a process that was killed is free. */
	if ((pid = fork()) == 0) {
		store = store_open(CHECKPOINT_WRITE);
		store_put(store, "a", "INBOX", 1, 1);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(checkpoint_owner(STORE_DIR), 0);
	store = store_open(CHECKPOINT_WRITE);
	store_expect(store, "a", "INBOX", 1, 1);
	checkpoint_close(store);
}

/* A file may not grow: as on a full disk.  What was stored stands, and the same
 * store works when there is room again. */
static void
test_full_disk(void **state)
{
	struct checkpoint_row rows[200];
	struct checkpoint_store *store = store_open(CHECKPOINT_WRITE);
	struct rlimit before, limit;
	struct fault f = { 0 };
	char names[200][32];
	struct stat st;
	size_t i;

	(void)state;
	store_put(store, "a", "INBOX", 1, 1);
	for (i = 0; i < 200; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "box %zu", i);
		rows[i] = (struct checkpoint_row){ .account = "a",
			.mailbox = names[i],
			.has_checkpoint = 1,
			.checkpoint = { .uidvalidity = 1, .uid = 5 } };
	}
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(stat(STORE_DB "-wal", &st), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = (rlim_t)st.st_size + 100;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(checkpoint_write(store, rows, 200, &f), -1);
	assert_int_equal(f.kind, FAULT_RETRY);
	assert_non_null(strstr(f.text, "checkpoint.db"));
	store_expect(store, "a", "INBOX", 1, 1);
	store_expect(store, "a", "box 0", 0, 0);
	assert_int_equal(checkpoint_write(store, rows, 200, &f), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(checkpoint_write(store, rows, 200, &f), 0);
	checkpoint_close(store);
	store = store_open(CHECKPOINT_READ);
	store_expect(store, "a", "INBOX", 1, 1);
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
			store = store_open(CHECKPOINT_WRITE);
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
		store = store_open(CHECKPOINT_WRITE);
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
		TEST(test_full_disk),
		TEST(test_killed),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
