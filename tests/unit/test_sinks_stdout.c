#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "bridge/envelope/event.h"
#include "scratch.h"
#include "sink_contract.h"
#include "sinks/sinks.h"

/* A FIFO, so that a reader can go and another come. */
struct stdout_far {
	char folder[64];
	char path[80];
	int read_fd;
	uv_loop_t *loop;
	uv_poll_t poll;
	int polled;
	char *data; /* all that came */
	size_t len, cap;
};

/* Put ${fd} in place of descriptor 1, or the old one back with -1. */
static void
swap_stdout(int fd)
{
	static int saved = -1;

	fflush(stdout);
	if (fd != -1) {
		saved = dup(STDOUT_FILENO);
		assert_int_not_equal(dup2(fd, STDOUT_FILENO), -1);
	} else {
		assert_int_not_equal(dup2(saved, STDOUT_FILENO), -1);
		close(saved);
	}
}

static void
take(struct stdout_far *o)
{
	ssize_t len;

	do {
		if (o->cap - o->len < 65536) {
			o->cap = o->cap * 2 + 65536;
			o->data = realloc(o->data, o->cap);
			assert_non_null(o->data);
		}
		len = read(o->read_fd, o->data + o->len, o->cap - o->len);
		if (len > 0)
			o->len += (size_t)len;
	} while (len > 0);
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	take(poll->data);
}

static void *
far_up(char *config, size_t size)
{
	struct stdout_far *o = calloc(1, sizeof(*o));

	assert_non_null(o);
	scratch_folder(o->folder, sizeof(o->folder));
	(void)snprintf(o->path, sizeof(o->path), "%s/fifo", o->folder);
	assert_int_equal(mkfifo(o->path, 0600), 0);
	o->read_fd = open(o->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	(void)snprintf(config, size, "{}");
	return (o);
}

static void
far_opening(void *far)
{
	struct stdout_far *o = far;
	int fd = open(o->path, O_WRONLY | O_CLOEXEC);

	swap_stdout(fd);
	close(fd);
}

static void
start_reading(struct stdout_far *o)
{
	assert_int_equal(uv_poll_init(o->loop, &o->poll, o->read_fd), 0);
	o->poll.data = o;
	uv_poll_start(&o->poll, UV_READABLE, on_readable);
	uv_unref((uv_handle_t *)&o->poll);
	o->polled = 1;
}

static void
far_opened(void *far, struct contract *c)
{
	struct stdout_far *o = far;

	swap_stdout(-1);
	o->loop = &c->loop;
	start_reading(o);
}

static void
far_lose(void *far)
{
	struct stdout_far *o = far;

	take(o);
	uv_close((uv_handle_t *)&o->poll, NULL);
	uv_run(o->loop, UV_RUN_NOWAIT);
	o->polled = 0;
	/* What the sink wrote meanwhile was said to be stored. */
	take(o);
	close(o->read_fd);
	o->read_fd = -1;
}

static void
far_regain(void *far)
{
	struct stdout_far *o = far;

	/* A line that the last reader got half of. */
	while (o->len > 0 && o->data[o->len - 1] != '\n')
		o->len--;
	o->read_fd = open(o->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	start_reading(o);
}

static unsigned
far_count(void *far, const struct event *ev)
{
	struct stdout_far *o = far;
	unsigned n = 0;
	char *line, *end;

	if (o->read_fd != -1)
		take(o);
	for (line = o->data; line < o->data + o->len; line = end + 1) {
		end = memchr(line, '\n', (size_t)(o->data + o->len - line));
		if (end == NULL)
			break;
		n += (size_t)(end - line) == ev->len &&
		    memcmp(line, ev->data, ev->len) == 0;
	}
	return (n);
}

static void
far_down(void *far)
{
	struct stdout_far *o = far;

	if (o->polled) {
		uv_close((uv_handle_t *)&o->poll, NULL);
		uv_run(o->loop, UV_RUN_NOWAIT);
	}
	close(o->read_fd);
	assert_int_equal(scratch_remove(o->folder), 0);
	free(o->data);
	free(o);
}

static const struct sink_far far_side = {
	.ops = &stdout_ops,
	.up = far_up,
	.opening = far_opening,
	.opened = far_opened,
	.lose = far_lose,
	.regain = far_regain,
	.count = far_count,
	.down = far_down,
};

static void
open_on(struct contract *c, int fd)
{
	contract_init(c);
	swap_stdout(fd);
	(void)contract_open(c, &stdout_ops, "{}");
	swap_stdout(-1);
	assert_non_null(c->sink);
}

static void
test_file(void **state)
{
	struct contract_event e[50];
	struct contract c;
	FILE *fp = tmpfile();
	struct stat st;
	size_t i;

	(void)state;
	open_on(&c, fileno(fp));
	for (i = 0; i < 50; i++)
		e[i] = contract_event("INBOX", (uint32_t)i + 1, 10000);
	contract_store(&c, e, 50, 10000);
	assert_int_equal(fstat(fileno(fp), &st), 0);
	assert_int_equal(st.st_size, 50 * 10001);
	contract_close(&c, 0);
	contract_end(&c);
	fclose(fp);
}

/* A full disk: nothing is stored, it is told, and the line under way goes on
 * when there is room. */
/* What a killed process left of a line does not get into the next one. */
static void
test_torn_file(void **state)
{
	static const char *const left[] = { "{\"half", "{}\n", "" };
	struct contract_event e;
	char buf[2000];
	size_t i, len;
	struct contract c;
	FILE *fp;

	(void)state;
	for (i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
		e = contract_event("INBOX", 1, 1000);
		assert_non_null(fp = tmpfile());
		assert_true(fputs(left[i], fp) >= 0 && fflush(fp) == 0);
		assert_int_not_equal(
		    fcntl(fileno(fp), F_SETFL, i == 0 ? O_APPEND : 0), -1);
		open_on(&c, fileno(fp));
		contract_store(&c, &e, 1, 5000);
		contract_close(&c, 0);
		contract_end(&c);
		rewind(fp);
		len = fread(buf, 1, sizeof(buf), fp);
		assert_int_equal(len, strlen(left[i]) + (i == 0) + 1001);
		assert_int_equal(buf[strlen(left[i])] == '\n', i == 0);
		assert_int_equal(buf[len - 1], '\n');
		fclose(fp);
	}
}

static void
test_full_disk(void **state)
{
	struct contract_event e = contract_event("INBOX", 1, 1000);
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct contract c;

	(void)state;
	assert_int_not_equal(fd, -1);
	open_on(&c, fd);
	assert_true(contract_submit(&c, &e));
	contract_wait_int(&c, &c.state, 0, 5000);
	assert_non_null(strstr(c.why, "No space left"));
	contract_close(&c, 0);
	assert_int_equal(e.answer, CONTRACT_RETRY);
	contract_end(&c);
	close(fd);
}

static void
test_dev_null(void **state)
{
	struct contract_event e = contract_event("INBOX", 1, 1000);
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct contract c;

	(void)state;
	open_on(&c, fd);
	contract_store(&c, &e, 1, 5000);
	contract_close(&c, 0);
	contract_end(&c);
	close(fd);
}

/* A reader that does not read: back-pressure, no answer, a timely close; and
 * the shared descriptor stays as it was. */
static void
test_slow_reader(void **state)
{
	static struct contract_event e[200];
	struct contract c;
	size_t i, taken = 0, stored = 0;
	int fds[2], flags;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	open_on(&c, fds[1]);
	flags = fcntl(fds[1], F_GETFL);
	assert_int_equal(flags & O_NONBLOCK, 0);
	for (i = 0; i < 200; i++) {
		e[i] = contract_event("INBOX", (uint32_t)i + 1, 500000);
		if (!contract_submit(&c, &e[i]))
			break;
		taken++;
	}
	assert_true(taken < 200);
	for (i = 0; i < 20; i++)
		contract_turn(&c);
	for (i = 0; i < taken; i++)
		stored += e[i].answer == CONTRACT_STORED;
	assert_true(stored < 10);
	assert_int_equal(c.ready, 0);
	contract_close(&c, 4000);
	close(fds[0]);
	close(fds[1]);
	contract_end(&c);
}

static void
test_socket(void **state)
{
	struct contract_event e = contract_event("INBOX", 1, 1000);
	struct contract c;
	char buf[2000];
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	open_on(&c, fds[1]);
	contract_store(&c, &e, 1, 5000);
	assert_int_equal(read(fds[0], buf, sizeof(buf)), 1001);
	contract_close(&c, 0);
	contract_end(&c);
	close(fds[0]);
	close(fds[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_torn_file),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_dev_null),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_socket),
	};

	return (sink_contract_run("stdout", &far_side) +
	    cmocka_run_group_tests_name("stdout sink", tests, NULL, NULL));
}
