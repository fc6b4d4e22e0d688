/* The blob store: what is put is there, once, whole and durable; what is old
 * goes, unless somebody refers to it in the same instant. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "bridge/fault.h"
#include "bridge/ops/log.h"
#include "bridge/store/blob_keeper.h"
#include "bridge/store/blobs.h"
#include "scratch.h"

#define HELLO     \
	"sha256-" \
	"185f8db32271fe25f561a6fc938b2e264306ec304eda518007d1764826381969"
#define HELLO_PATH "blobs/18/" HELLO
#define DAY 86400

static int state = -1;

static void
put(void)
{
	struct fault f;

	assert_int_equal(blobs_put(state, HELLO, SPAN("Hello"), &f), 0);
}

static struct stat
look(void)
{
	struct stat sb;

	assert_int_equal(stat(HELLO_PATH, &sb), 0);
	return (sb);
}

static void
age(const char *path, time_t seconds)
{
	struct timespec times[2] = { { .tv_sec = time(NULL) - seconds },
		{ .tv_sec = time(NULL) - seconds } };

	(void)utimensat(AT_FDCWD, path, times, 0);
}

static struct blobs_swept
sweep(time_t seconds, int dry)
{
	struct blobs_swept swept;
	struct fault f;

	assert_int_equal(
	    blobs_sweep(state, time(NULL) - seconds, dry, &swept, &f), 0);
	return (swept);
}

static void
a_blob_is_written_once(void **arg)
{
	struct stat first, second;
	struct fault f;

	(void)arg;
	put();
	first = look();
	put();
	second = look();
	assert_int_equal(first.st_ino, second.st_ino);
	age(HELLO_PATH, 3 * DAY);
	put();
	second = look();
	assert_int_equal(first.st_ino, second.st_ino);
	assert_true(second.st_mtime >= first.st_mtime);
	age(HELLO_PATH, 3 * DAY);
	assert_int_equal(blobs_keep(state, HELLO, &f), 0);
	assert_true(look().st_mtime >= first.st_mtime);
}

static void
a_damaged_one_is_noticed_and_mended(void **arg)
{
	static const char *const wrong[] = { "", "Hell", "hello", "Hello!" };
	struct fault f;
	char *data;
	size_t i, len;

	(void)arg;
	put();
	for (i = 0; i < 4; i++) {
		scratch_text(HELLO_PATH, wrong[i]);
		assert_int_equal(blobs_get(state, HELLO, &data, &len, &f), -1);
		assert_int_equal(f.kind, FAULT_DATA);
		assert_non_null(strstr(f.text, "damaged"));
		put();
		assert_int_equal(blobs_get(state, HELLO, &data, &len, &f), 0);
		assert_int_equal(len, 5);
		assert_memory_equal(data, "Hello", 5);
		free(data);
	}
	assert_int_equal(unlink(HELLO_PATH), 0);
	assert_int_equal(blobs_get(state, HELLO, &data, &len, &f), -1);
	assert_int_equal(f.kind, FAULT_DATA);
	assert_int_equal(blobs_keep(state, HELLO, &f), -1);
}

static void
what_is_old_goes(void **arg)
{
	struct blobs_swept s;

	(void)arg;
	s = sweep(DAY, 0); /* no store yet */
	assert_int_equal(s.kept + s.removed, 0);
	put();
	scratch_text("blobs/18/.new-1", "x");
	scratch_text("blobs/18/.new-2", "x");
	age("blobs/18/.new-1", 3 * DAY);
	scratch_text("blobs/18/README", "a person's");
	age("blobs/18/README", 3 * DAY);
	s = sweep(DAY, 0);
	assert_int_equal(s.kept, 1);
	assert_int_equal(s.kept_bytes, 5);
	assert_int_equal(s.removed, 0);
	assert_int_equal(access("blobs/18/.new-1", F_OK), -1);
	assert_int_equal(access("blobs/18/.new-2", F_OK), 0);
	age(HELLO_PATH, 2 * DAY);
	s = sweep(DAY, 1);
	assert_int_equal(s.removed, 1);
	(void)look();
	s = sweep(DAY, 0);
	assert_int_equal(s.removed, 1);
	assert_int_equal(s.removed_bytes, 5);
	assert_int_equal(access(HELLO_PATH, F_OK), -1);
	assert_int_equal(access("blobs/18/README", F_OK), 0);
}

/* A process that removes what is old, all the time, while this one finds an old
 * blob and takes it for granted. */
static void
what_is_referred_to_never_goes(void **arg)
{
	int i, status;
	pid_t child;

	(void)arg;
	if ((child = fork()) == 0) {
		struct blobs_swept swept;
		struct fault f;

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		for (;;)
			if (blobs_sweep(
				state, time(NULL) - DAY, 0, &swept, &f) == -1)
				_exit(1);
	}
	assert_true(child > 0);
	for (i = 0; i < 500; i++) {
		age(HELLO_PATH, 2 * DAY);
		put();
		(void)look();
	}
	assert_int_equal(waitpid(child, &status, WNOHANG), 0);
	assert_int_equal(kill(child, SIGKILL), 0);
	(void)waitpid(child, &status, 0);
}

static void
on_collect(void *arg, struct blob_ids *ids)
{
	(void)arg;
	blob_ids_add(ids, HELLO);
}

static void
on_kept(void *arg)
{
	*(int *)arg = 1;
}

/* What is in flight stays, however long its sink has been away. */
static void
the_keeper_renews_what_is_in_flight(void **arg)
{
	static const char other[] =
	    "blobs/00/sha256-"
	    "005f8db32271fe25f561a6fc938b2e264306ec304eda518007d1764826381969";
	struct blob_keeper *k;
	uv_loop_t loop;
	struct fault f;
	time_t end = time(NULL) + 60;
	int closed = 0;

	(void)arg;
	put();
	age(HELLO_PATH, 30 * DAY);
	assert_int_equal(mkdir("blobs/00", 0700), 0);
	scratch_text(other, "x");
	age(other, 30 * DAY);
	uv_loop_init(&loop);
	k = blob_keeper_new(&loop, ".", 7, on_collect, NULL, &f);
	assert_non_null(k);
	while (access(other, F_OK) == 0 && time(NULL) < end)
		uv_run(&loop, UV_RUN_NOWAIT);
	blob_keeper_close(k, on_kept, &closed);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(closed, 1);
	assert_int_equal(access(other, F_OK), -1);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_true(look().st_mtime > time(NULL) - DAY);
}

static void
ids_are_checked(void **arg)
{
	(void)arg;
	assert_true(blobs_valid(HELLO));
	assert_false(blobs_valid(HELLO "0"));
	assert_false(blobs_valid(""));
	assert_false(blobs_valid("sha256-../../../../etc/passwd"));
	assert_false(blobs_valid("sha256-"
				 "185F8DB32271FE25F561A6FC938B2E264306EC304EDA5"
				 "18007D1764826381969"));
}

static int
setup(void **arg)
{
	(void)arg;
	state = open(scratch_enter(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return (state == -1);
}

static int
teardown(void **arg)
{
	(void)arg;
	(void)close(state);
	scratch_leave();
	return (0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_blob_is_written_once),
		TEST(a_damaged_one_is_noticed_and_mended),
		TEST(what_is_old_goes),
		TEST(what_is_referred_to_never_goes),
		TEST(the_keeper_renews_what_is_in_flight),
		cmocka_unit_test(ids_are_checked),
	};

	log_setup(LOG_ERROR, LOG_TEXT);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
