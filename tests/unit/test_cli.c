#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "bridge/cli/args.h"
#include "bridge/cli/cli.h"
#include "tests/unit/scratch.h"

static int saved[3];

/* Run a command, given as words parted by blanks; its exit code. */
static int
run(const char *line)
{
	const struct cli_command *cmd;
	char *copy = strdup(line), *argv[20], *p = copy;
	int argc = 0, code;

	while (p != NULL && argc < 19) {
		argv[argc++] = p;
		if ((p = strchr(p, ' ')) != NULL)
			*p++ = '\0';
	}
	argv[argc] = NULL;
	cmd = cli_find(argv[0]);
	assert_non_null(cmd);
	code = cmd->run(argc, argv);
	(void)fflush(stdout);
	free(copy);
	return (code);
}

/* What was written to stdout ("1") or stderr ("2") holds ${text}. */
static void
said(const char *file, const char *text)
{
	size_t len;
	char *all = scratch_read(file, &len);

	if (strstr(all, text) == NULL)
		fail_msg("no \"%s\" in: %s", text, all);
	free(all);
	assert_int_equal(truncate("1", 0), 0);
	assert_int_equal(truncate("2", 0), 0);
}

/* Each row can be parsed, helped with and completed. */
static void
test_table(void **state)
{
	const struct cli_command *cmd;
	size_t i, j, k, n;

	(void)state;
	cmd = cli_commands(&n);
	for (i = 0; i < n; i++) {
		assert_ptr_equal(cli_find(cmd[i].name), &cmd[i]);
		assert_non_null(cmd[i].run);
		assert_null(strchr(cmd[i].summary, '\''));
		for (j = 0; cmd[i].options[j].name != NULL; j++) {
			assert_true(j < ARGS_OPTIONS);
			assert_null(strchr(cmd[i].options[j].help, '\''));
			for (k = 0; k < j; k++)
				assert_string_not_equal(cmd[i].options[j].name,
				    cmd[i].options[k].name);
		}
		cli_usage(stdout, &cmd[i]);
		(void)fflush(stdout);
		said("1", cmd[i].name);
	}
	assert_null(cli_find("nonsense"));
}

static void
test_wrong_usage(void **state)
{
	(void)state;
	assert_int_equal(run("check"), EX_USAGE);
	said("2",
	    "mailbridge check: -c FILE is missing (try: mailbridge "
	    "check --help)\n");
	assert_int_equal(run("check -c"), EX_USAGE);
	said("2", "-c needs a value");
	assert_int_equal(run("check --ofline -c x"), EX_USAGE);
	said("2", "unknown option --ofline, did you mean --offline?");
	assert_int_equal(run("check -z"), EX_USAGE);
	said("2", "unknown option -z");
	assert_int_equal(run("check -c x -c y"), EX_USAGE);
	said("2", "--config is given twice");
	assert_int_equal(run("check -c x more"), EX_USAGE);
	said("2", "too many arguments: more");
	assert_int_equal(run("checkpoint -c x"), EX_USAGE);
	said("2", "which one? list|get|set|reset");
	assert_int_equal(run("checkpoint -c x nonsense"), EX_USAGE);
	said("2", "nonsense is none of");
	assert_int_equal(run("checkpoint get -c x --account a"), EX_USAGE);
	said("2", "--account NAME and --mailbox NAME are needed");
	assert_int_equal(run("checkpoint list -c x --uid 4"), EX_USAGE);
	said("2", "--uid is for set");
	assert_int_equal(run("checkpoint export -c x --json"), EX_USAGE);
	said("2", "export: --json is for list|get");
	assert_int_equal(run("dead-letter list -c x --raw"), EX_USAGE);
	said("2", "list: --raw is for show");
	assert_int_equal(run("dead-letter drop -c x --all --json"), EX_USAGE);
	said("2", "drop: --json is for list|show");
	assert_int_equal(run("blob gc -c x --older-than 0"), EX_USAGE);
	said("2", "at least 1");
	assert_int_equal(run("checkpoint get -c x --all"), EX_USAGE);
	said("2", "--all is for reset");
	assert_int_equal(run("help nonsense"), EX_USAGE);
	said("2", "there is no command nonsense");
	assert_int_equal(run("completion tcsh"), EX_USAGE);
	said("2", "tcsh is none of bash|zsh|fish");
	assert_int_equal(run("check --config=none.yaml"), EX_CONFIG);
	said("2", "none.yaml: cannot be read: No such file");
}

static void
test_checkpoint_command(void **state)
{
#define BOX " -c c.yaml --account a --mailbox inbox"
	(void)state;
	scratch_text("c.yaml",
	    "state: st\nsinks: {o: {type: stdout}}\naccounts:\n"
	    "  - {name: a, host: h, user: u, auth: {password: {file: s}}}\n");
	assert_int_equal(run("checkpoint list -c c.yaml"), EX_OK);
	said("1", "ACCOUNT  MAILBOX");
	assert_int_equal(run("checkpoint get" BOX), EX_DATAERR);
	said("2", "no checkpoint of a/INBOX");
	assert_int_equal(run("checkpoint set" BOX), EX_USAGE);
	said("2", "--uid N is missing");
	assert_int_equal(
	    run("checkpoint set" BOX " --uid 4294967296"), EX_USAGE);
	said("2", "must be a number up to 4294967295");
	assert_int_equal(run("checkpoint set" BOX " --uid 4"), EX_DATAERR);
	said("2", "name its UIDVALIDITY with --uidvalidity N");
	assert_int_equal(
	    run("checkpoint set" BOX " --uid 4 --uidvalidity 77"), EX_OK);
	said("1", "a/INBOX: uidValidity 77, uid 4\n");
	assert_int_equal(run("checkpoint set" BOX " --uid 2"), EX_OK);
	said("1", "a/INBOX: uidValidity 77, uid 2 (was 4)\n");
	assert_int_equal(run("checkpoint get" BOX), EX_OK);
	said("1", "a/INBOX: uidValidity 77, uid 2\n");
	assert_int_equal(run("checkpoint get --json" BOX), EX_OK);
	said("1", "\"uidValidity\": 77");
	assert_int_equal(run("checkpoint set -c c.yaml --account b --mailbox x "
			     "--uid 1 --uidvalidity 1"),
	    EX_DATAERR);
	said("2", "b/x is neither in c.yaml nor in the store");
	assert_int_equal(run("status -c c.yaml"), EX_OK);
	said("1", "stopped  77           2");
	assert_int_equal(run("checkpoint reset" BOX), EX_OK);
	said("1", "forgotten (was uidValidity 77, uid 2)");
	assert_int_equal(run("checkpoint reset" BOX), EX_DATAERR);
	said("2", "no checkpoint of a/INBOX");
	assert_int_equal(run("status --json -c c.yaml"), EX_OK);
	said("1", "\"state\":\"new\"");
	scratch_text("st/checkpoint.db", "damaged");
	assert_int_equal(run("status -c c.yaml"), EX_DATAERR);
	said("2", "reset --all");
	assert_int_equal(run("checkpoint reset --all -c c.yaml"), EX_OK);
	said("1", "put aside");
	assert_int_equal(run("status -c c.yaml"), EX_OK);
	said("1", "new");
}

static void
test_check_command(void **state)
{
	(void)state;
	scratch_text("c.yaml",
	    "sinks: {o: {type: stdout}, p: {type: directory, path: x}}\n"
	    "defaults: {host: h, user: u, sink: o, auth: {password: {env: "
	    "NONE}}}\naccounts: [{name: a}, {name: b}]\n");
	assert_int_equal(run("check --offline -c c.yaml"), EX_OK);
	said("1", "c.yaml: ok (accounts: 2, mailboxes: 2, sinks: 2)\n");
	assert_int_equal(run("check --offline -c c.yaml"), EX_OK);
	said("2", "warning: sinks.p: no account uses this sink");
	assert_int_equal(run("check --offline -c c.yaml"), EX_OK);
	said("2",
	    "warning: accounts[1].mailboxes[0]: the account a watches "
	    "the same mailbox");
	scratch_text("c.yaml", "sinks: [\n");
	assert_int_equal(run("check --offline -c c.yaml"), EX_CONFIG);
	said("2", "c.yaml:2:1: not valid YAML: ");
}

static void
test_completion(void **state)
{
	(void)state;
	assert_int_equal(run("completion bash"), EX_OK);
	said("1",
	    "checkpoint) list='list get set reset export import -c --config");
	assert_int_equal(run("completion zsh"), EX_OK);
	said("1", "#compdef mailbridge");
	assert_int_equal(run("completion fish"), EX_OK);
	said("1", "-a checkpoint -d");
}

/* Send ${fd} to the file named like it. */
static void
capture(int fd)
{
	char name[2] = { (char)('0' + fd), '\0' };
	int file;

	saved[fd] = dup(fd);
	file = open(name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	dup2(file, fd);
	close(file);
}

static int
setup(void **state)
{
	(void)state;
	scratch_enter();
	(void)fflush(stdout);
	capture(STDOUT_FILENO);
	capture(STDERR_FILENO);
	return (0);
}

static int
teardown(void **state)
{
	int fd;

	(void)state;
	(void)fflush(stdout);
	for (fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
		dup2(saved[fd], fd);
		close(saved[fd]);
	}
	scratch_leave();
	return (0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_table),
		TEST(test_wrong_usage),
		TEST(test_checkpoint_command),
		TEST(test_check_command),
		TEST(test_completion),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
