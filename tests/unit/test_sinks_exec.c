#include <sys/stat.h>

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
#include "exec_bench.h"
#include "scratch.h"
#include "sinks/sinks.h"

/* The program on the other side is this one: it keeps each line in a file, and
 * ends when there is a file of that name with ".lost" behind. */
static int
store_lines(const char *path)
{
	char lost[256], *line = NULL;
	size_t size = 0;
	ssize_t len;
	int fd, rc = 0;

	(void)snprintf(lost, sizeof(lost), "%s.lost", path);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	while ((rc = access(lost, F_OK) == 0) == 0 &&
	    (len = getline(&line, &size, stdin)) > 0) {
		if ((rc = access(lost, F_OK) == 0) != 0 ||
		    (rc = write(fd, line, (size_t)len) != len) != 0)
			break;
		/* The id, as every program can find it. */
		if (getenv("WITH_ID") != NULL)
			printf("ok 77-%lu\n", strtoul(line + 7, NULL, 10));
		else
			puts("ok");
		fflush(stdout);
	}
	free(line);
	return (rc);
}

struct exec_far {
	char folder[64];
	char path[80], lost[96];
};

static const char *self;

static struct exec_far *
far_make(char *config, size_t size, const char *more)
{
	struct exec_far *x = calloc(1, sizeof(*x));

	assert_non_null(x);
	scratch_folder(x->folder, sizeof(x->folder));
	(void)snprintf(x->path, sizeof(x->path), "%s/lines", x->folder);
	(void)snprintf(x->lost, sizeof(x->lost), "%s.lost", x->path);
	(void)snprintf(config, size,
	    "{\"command\": [\"%s\", \"--store\", \"%s\"]%s}", self, x->path,
	    more);
	return (x);
}

static void *
far_up(char *config, size_t size)
{
	return (far_make(config, size, ""));
}

static void *
far_up_many(char *config, size_t size)
{
	return (far_make(config, size,
	    ", \"max_in_flight\": 60, \"environment\": {\"WITH_ID\": \"1\"}"));
}

static void
far_lose(void *far)
{
	scratch_text(((struct exec_far *)far)->lost, "");
}

static void
far_regain(void *far)
{
	assert_int_equal(unlink(((struct exec_far *)far)->lost), 0);
}

static unsigned
far_count(void *far, const struct event *ev)
{
	char *text, *line, *end;
	unsigned n = 0;
	size_t len;

	text = scratch_read(((struct exec_far *)far)->path, &len);
	for (line = text; (end = strchr(line, '\n')) != NULL; line = end + 1)
		n += (size_t)(end - line) == ev->len &&
		    memcmp(line, ev->data, ev->len) == 0;
	free(text);
	return (n);
}

static void
far_down(void *far)
{
	struct exec_far *x = far;

	assert_int_equal(scratch_remove(x->folder), 0);
	free(x);
}

static const struct sink_far one_by_one = { .ops = &exec_ops,
	.up = far_up,
	.lose = far_lose,
	.regain = far_regain,
	.count = far_count,
	.down = far_down,
	.many = 1000 };

static const struct sink_far many_at_once = { .ops = &exec_ops,
	.up = far_up_many,
	.lose = far_lose,
	.regain = far_regain,
	.count = far_count,
	.down = far_down,
	.many = 1000 };

/* It does not read: no more is taken than max_in_flight, and the close is in
 * time. */
static void
test_slow_reader(void **state)
{
	static struct contract_event e[8];
	struct contract c;
	size_t i, taken = 0;

	(void)state;
	exec_bench_open(&c, "sleep 100 & wait", ", \"max_in_flight\": 4");
	for (i = 0; i < 8; i++)
		e[i] = contract_event("INBOX", (uint32_t)i + 1, 300000);
	for (i = 0; i < 20; i++) {
		if (!c.full && taken < 8)
			taken += (size_t)contract_submit(&c, &e[taken]);
		contract_turn(&c);
	}
	assert_int_equal(taken, 4);
	contract_close(&c, 5500);
	for (i = 0; i < 4; i++)
		assert_int_equal(e[i].answer, CONTRACT_RETRY);
	contract_end(&c);
}

/* Perhaps not yet fetched by its new parent. */
static int
is_dead(struct contract *c, void *arg)
{
	char path[64], text[256] = "";
	FILE *fp;

	(void)c;
	(void)snprintf(
	    path, sizeof(path), "/proc/%d/stat", (int)*(const pid_t *)arg);
	if ((fp = fopen(path, "r")) == NULL)
		return (1);
	if (fgets(text, sizeof(text), fp) == NULL)
		text[0] = '\0';
	fclose(fp);
	return (strstr(text, ") Z") != NULL);
}

/* Neither SIGTERM nor the end of its input impresses it, nor what it started.
 */
static void
test_stubborn(void **state)
{
	struct contract_event e;
	struct contract c;
	char *text;
	size_t len;
	pid_t pid;

	(void)state;
	exec_bench_open(&c,
	    "trap '' TERM\n"
	    "read -r a; (sleep 1000) & echo $! >child; echo ok\n"
	    "while :; do sleep 1; done",
	    "");
	assert_int_equal(exec_bench_answer(&c, &e), CONTRACT_STORED);
	text = scratch_read("child", &len);
	pid = (pid_t)strtol(text, NULL, 10);
	free(text);
	assert_int_equal(kill(pid, 0), 0);
	contract_close(&c, 5500);
	contract_wait(&c, is_dead, &pid, 5000);
	contract_end(&c);
}

/* Answers come until the end of a close: of what it has read. */
static void
test_close_waits(void **state)
{
	struct contract_event e = contract_event("INBOX", 1, 100);
	struct contract c;

	(void)state;
	exec_bench_open(
	    &c, "read -r a; cat >/dev/null; echo ok; sleep 0.1", "");
	exec_bench_submit(&c, &e);
	contract_close(&c, 2500);
	assert_int_equal(e.answer, CONTRACT_STORED);
	contract_end(&c);
}

/* What it sees of us: the variables that are promised, and three descriptors,
 * on which /dev/stdin works. */
static void
test_surroundings(void **state)
{
	struct contract_event e;
	struct contract c;
	char *text;
	size_t len;
	int leak = open("/dev/null", O_RDONLY); /* as some library does */

	(void)state;
	scratch_write("token", "hunter2\n", 8, 0600);
	assert_int_equal(setenv("OUR_SECRET", "abracadabra", 1), 0);
	exec_bench_open(&c,
	    "env >env; ls -l /proc/$$/fd >fds; pwd >pwd\n"
	    "read -r a </dev/stdin; echo ok; cat >/dev/null",
	    ", \"environment\": {\"PATH\": \"/usr/bin:/bin\", \"A\": \"b c\", "
	    "\"TOKEN\": {\"file\": \"token\"}}");
	assert_int_equal(exec_bench_answer(&c, &e), CONTRACT_STORED);
	text = scratch_read("env", &len);
	assert_null(strstr(text, "OUR_SECRET"));
	assert_non_null(strstr(text, "TOKEN=hunter2\n"));
	assert_non_null(strstr(text, "A=b c\n"));
	assert_non_null(strstr(text, "PATH=/usr/bin:/bin\n"));
	assert_non_null(strstr(text, "MAILBRIDGE_SINK=test\n"));
	free(text);
	text = scratch_read("fds", &len);
	/* The shell itself opens some. */
	assert_null(strstr(text, "/dev/null"));
	assert_null(strstr(text, "anon_inode"));
	assert_null(strstr(text, "socket"));
	free(text);
	close(leak);
	exec_bench_end(&c);
}

/* A look for `check`: nothing is started. */
static void
test_check(void **state)
{
	struct contract c;

	(void)state;
	contract_init(&c);
	c.host.checking = 1;
	assert_non_null(contract_open(&c, &exec_ops,
	    "{\"command\": [\"sh\", \"-c\", \"touch started\"]}"));
	contract_wait_int(&c, &c.state, 1, 5000);
	contract_turn(&c);
	contract_close(&c, 1000);
	assert_int_equal(access("started", F_OK), -1);
	contract_end(&c);
}

static void
test_not_there(void **state)
{
	static const struct {
		const char *command, *why;
	} cases[] = { { "./nowhere", "nowhere: cannot be started: No such" },
		{ "nowhere-at-all", "No such file" }, { "./data", "chmod +x" },
		{ "/tmp", "chmod +x" } };
	struct contract c;
	char config[128];
	size_t i;

	(void)state;
	scratch_text("data", "no program");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		contract_init(&c);
		(void)snprintf(config, sizeof(config),
		    "{\"command\": [\"%s\"]}", cases[i].command);
		assert_non_null(contract_open(&c, &exec_ops, config));
		contract_wait_int(&c, &c.state, 0, 5000);
		if (strstr(c.why, cases[i].why) == NULL)
			fail_msg("%s: %s", cases[i].command, c.why);
		exec_bench_end(&c);
	}
}

/* A flood of complaints does not become one of ours. */
static void
test_stderr(void **state)
{
	struct contract_event e;
	struct contract c;
	char *text;
	size_t len, lines = 0, i;
	int saved, fd;

	(void)state;
	fd = open("log", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	saved = dup(STDERR_FILENO);
	assert_int_not_equal(dup2(fd, STDERR_FILENO), -1);
	exec_bench_open(&c,
	    "read -r a; printf 'first \\033[1m\\n' >&2; seq 2000 >&2\n"
	    "tr '\\0' y </dev/zero | head -c 3000 >&2; echo ok\n"
	    "cat >/dev/null",
	    "");
	assert_int_equal(exec_bench_answer(&c, &e), CONTRACT_STORED);
	exec_bench_end(&c);
	assert_int_not_equal(dup2(saved, STDERR_FILENO), -1);
	close(saved);
	close(fd);
	text = scratch_read("log", &len);
	for (i = 0; i < len; i++)
		lines += text[i] == '\n';
	assert_int_equal(lines, 30);
	assert_non_null(strstr(text, "test: stderr: first "));
	assert_null(strchr(text, '\033'));
	free(text);
}

static void
test_config(void **state)
{
	struct contract c;

	(void)state;
	contract_init(&c);
	assert_null(contract_check(&c, &exec_ops,
	    "{\"command\": [\"a\", \"b\"], \"folder\": \"x\", "
	    "\"max_in_flight\": 1024, \"timeout_seconds\": 3600, "
	    "\"max_event_bytes\": \"1MiB\", \"environment\": "
	    "{\"A\": {\"env\": \"B\"}, \"_c1\": \"d\"}}"));
	contract_mistake(&c, &exec_ops, "{}", "command");
	contract_mistake(&c, &exec_ops, "{\"command\": []}", "empty");
	contract_mistake(&c, &exec_ops, "{\"command\": \"a b\"}", "a list");
	contract_mistake(
	    &c, &exec_ops, "{\"command\": [\"a\", 1]}", "command[1]");
	contract_mistake(&c, &exec_ops,
	    "{\"command\": [\"a\"], \"environment\": {\"a b\": \"c\"}}",
	    "variable");
	contract_mistake(&c, &exec_ops,
	    "{\"command\": [\"a\"], \"max_in_flight\": 0}", "1024");
	contract_end(&c);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_stubborn),
		cmocka_unit_test(test_close_waits),
		cmocka_unit_test(test_surroundings),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_not_there),
		cmocka_unit_test(test_stderr),
		cmocka_unit_test(test_config),
	};
	static char path[4096];
	int failed;

	if (argc == 3 && strcmp(argv[1], "--store") == 0)
		return (store_lines(argv[2]));
	assert_non_null(realpath(argv[0], path));
	self = path;
	failed = sink_contract_run("exec", &one_by_one) +
	    sink_contract_run("exec, several in flight", &many_at_once);
	(void)scratch_enter();
	failed += cmocka_run_group_tests_name("exec sink", tests, NULL, NULL);
	scratch_leave();
	return (failed);
}
