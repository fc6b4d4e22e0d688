/* The checkpoint store with a byte changed, whichever it is: it is refused, or
 * all that it says is what was written.  Not only the marks: an epoch that is
 * gone gives two mails one id, a list of published UIDs that grew loses mail.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "bridge/buf.h"
#include "bridge/fault.h"
#include "bridge/reset.h"
#include "bridge/store/checkpoint.h"
#include "bridge/watch/fingerprint.h"
#include "scratch.h"

#define DB "state/checkpoint.db"
#define BOXES 10
#define PRINTS 4
#define PROCESSES 2

/* The first and third for even places, the others for odd ones. */
static const unsigned char masks[] = { 0x01, 0x40, 0xff, 0x80 };

static void
make_store(void)
{
	struct fingerprint prints[PRINTS] = { { .uidvalidity = 7 } };
	struct reset reset = { .epoch = 3,
		.cause = RESET_UIDNEXT,
		.policy = "match",
		.uidvalidity = 7,
		.ceiling = 499,
		.horizon = 100,
		.skip = (char[]){ "1:99,120:130" },
		.plain = (char[]){ "100" } };
	struct checkpoint_row row = { .account = "support",
		.has_checkpoint = 1,
		.has_status = 1,
		.status = { .state = "idle", .lag = 3, .last_error = "none" },
		.epoch = 3,
		.prints = prints,
		.nprints = PRINTS,
		.reset = &reset,
		.below = "1:6,8:10" };
	struct checkpoint_store *store;
	struct fault f = { .text = "" };
	char mailbox[32];
	uint32_t i, j;

	store = checkpoint_open("state", CHECKPOINT_WRITE, &f);
	assert_string_equal(f.text, "");
	for (i = 1; i <= BOXES; i++) {
		(void)snprintf(mailbox, sizeof(mailbox), "box %u", i);
		row.mailbox = mailbox;
		row.checkpoint = (struct checkpoint){ .uidvalidity = i,
			.uid = i * 1000,
			.since = "05-Jan-2026" };
		for (j = 0; j < PRINTS; j++)
			prints[j] = (struct fingerprint){ .uidvalidity = i,
				.uid = i * 1000 - PRINTS + j,
				.size = 100 * j,
				.id = UINT64_MAX / (i + j),
				.has_hash = 1 };
		assert_int_equal(checkpoint_write(store, &row, 1, &f), 0);
	}
	checkpoint_close(store);
}

static void
tell_mark(void *arg, const char *account, const char *mailbox,
    const struct checkpoint *c)
{
	(void)buf_printf(arg, "%s/%s %ju %u %u %s %jd\n", account, mailbox,
	    (uintmax_t)c->uidvalidity, c->uid, c->since_below, c->since,
	    (intmax_t)c->committed_at);
}

static void
tell_status(void *arg, const char *account, const char *mailbox,
    const struct checkpoint_status *s)
{
	(void)buf_printf(arg, "%s/%s %s %ju %u %ju %s\n", account, mailbox,
	    s->state, (uintmax_t)s->uidvalidity, s->uid, (uintmax_t)s->lag,
	    s->last_error);
}

static void
tell_reset(
    void *arg, const char *account, const char *mailbox, const struct reset *r)
{
	(void)buf_printf(arg, "%s/%s %ju %ju %d %s %u %u %s %s\n", account,
	    mailbox, (uintmax_t)r->uidvalidity, (uintmax_t)r->epoch, r->cause,
	    r->policy, r->ceiling, r->horizon, r->skip, r->plain);
}

/* By its key, as the daemon asks. */
static int
tell_mailbox(struct buf *text, struct checkpoint_store *store,
    const char *mailbox, struct fault *f)
{
	struct fingerprint *prints;
	struct checkpoint *rows;
	struct reset reset;
	char *below = NULL;
	uint64_t epoch;
	size_t i, n;
	int rc;

	rows = checkpoint_load(store, "support", mailbox, &n, f);
	if (rows == NULL && f->kind != FAULT_NONE)
		return (-1);
	for (i = 0; i < n; i++)
		tell_mark(text, "", mailbox, &rows[i]);
	rc = n == 0
	    ? 0
	    : checkpoint_below(store, "support", mailbox, rows, &below, f);
	free(rows);
	if (rc == -1)
		return (-1);
	(void)buf_printf(text, "below %s\n", below != NULL ? below : "");
	free(below);
	if (checkpoint_epoch(store, "support", mailbox, &epoch, f) == -1)
		return (-1);
	(void)buf_printf(text, "epoch %ju\n", (uintmax_t)epoch);
	prints = checkpoint_prints(store, "support", mailbox, &n, f);
	if (prints == NULL && f->kind != FAULT_NONE)
		return (-1);
	for (i = 0; i < n; i++) {
		fingerprint_write(text, &prints[i]);
		(void)buf_putc(text, '\n');
	}
	free(prints);
	rc = checkpoint_last_reset(store, "support", mailbox, 0, &reset, f);
	if (rc == 1) {
		tell_reset(text, "", mailbox, &reset);
		reset_clear(&reset);
	}
	return (rc == -1 ? -1 : 0);
}

/* All that the store says, in ${text}; 0, or -1 if it is refused. */
static int
tell(struct buf *text, enum checkpoint_mode mode, struct fault *f)
{
	struct checkpoint_store *store;
	char mailbox[32];
	int i, rc;

	buf_clear(text);
	if ((store = checkpoint_open("state", mode, f)) == NULL)
		return (-1);
	rc = checkpoint_each(store, tell_mark, text, f);
	if (rc == 0)
		rc = checkpoint_each_status(store, tell_status, text, f);
	if (rc == 0)
		rc = checkpoint_each_reset(store, tell_reset, text, f);
	for (i = 1; i <= BOXES && rc == 0; i += 4) {
		(void)snprintf(mailbox, sizeof(mailbox), "box %d", i);
		rc = tell_mailbox(text, store, mailbox, f);
	}
	checkpoint_close(store);
	return (rc);
}

/* In a process of its own no test can fail. */
static void
give_up(size_t at, const char *text)
{
	fprintf(stderr, "byte %zu changed: %s\n", at, text);
	_exit(2);
}

static void
change(int fd, size_t at, char byte)
{
	unlink(DB "-wal");
	unlink(DB "-shm");
	if (pwrite(fd, &byte, 1, (off_t)at) != 1)
		abort();
}

/* Every ${step}-th byte from ${from} on.  How many were refused. */
static size_t
walk(const char *data, size_t len, const struct buf *sound, size_t from,
    size_t step)
{
	int fd = open(DB, O_RDWR | O_CLOEXEC);
	struct fault f = { .text = "" };
	size_t at, i, refused = 0;
	struct buf text;

	buf_init(&text, 1 << 20);
	for (at = from; at < len; at += step) {
		for (i = at % 2; i < sizeof(masks); i += 2) {
			change(fd, at, (char)(data[at] ^ masks[i]));
			if (tell(&text, CHECKPOINT_READ, &f) == -1) {
				refused++;
				if (f.kind != FAULT_DATA &&
				    f.kind != FAULT_RETRY)
					give_up(at, f.text);
			} else if (text.len != sound->len ||
			    memcmp(text.data, sound->data, text.len) != 0)
				give_up(at, text.data);
		}
		change(fd, at, data[at]);
	}
	buf_free(&text);
	close(fd);
	return (refused);
}

static void
test_every_byte(void **state)
{
	size_t step = getenv("EVERY_BYTE") != NULL ? 1 : 211, len, refused;
	struct fault f = { .text = "" };
	struct buf sound;
	pid_t pids[PROCESSES];
	int i, status;
	char *data;

	(void)state;
	make_store();
	buf_init(&sound, 1 << 20);
	assert_int_equal(tell(&sound, CHECKPOINT_WRITE, &f), 0);
	data = scratch_read(DB, &len);
	assert_in_range(len, 5 * 4096, 20 * 4096);
	for (i = 0; i < PROCESSES; i++) {
		if ((pids[i] = fork()) != 0)
			continue;
		(void)scratch_enter();
		assert_int_equal(mkdir("state", 0700), 0);
		scratch_write(DB, data, len, 0600);
		scratch_text("state/initialized", "");
		refused =
		    walk(data, len, &sound, (size_t)i * step, PROCESSES * step);
		scratch_leave();
		_exit(refused * 4 < len / step ? 1 : 0);
	}
	for (i = 0; i < PROCESSES; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	free(data);
	buf_free(&sound);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_every_byte, scratch_setup, scratch_teardown),
	};

	/* Nothing here waits for a disk. */
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);

	return (
	    cmocka_run_group_tests_name("checkpoint bytes", tests, NULL, NULL));
}
