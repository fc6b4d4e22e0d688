#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "bridge/auth/wipe.h"
#include "bridge/cli/cli.h"
#include "bridge/config/suggest.h"

static int
no_command(void)
{
	fputs("mailbridge: which command? (try: mailbridge --help)\n", stderr);
	return (EX_USAGE);
}

static int
unknown_command(const char *name)
{
	const struct cli_command *cmd;
	const char *names[32], *near;
	size_t i, n;

	cmd = cli_commands(&n);
	for (i = 0; i < n && i < 32; i++)
		names[i] = cmd[i].name;
	near = suggest_nearest(name, names, i);
	fprintf(stderr,
	    "mailbridge: unknown command %s%s%s%s (try: mailbridge "
	    "--help)\n",
	    name, near != NULL ? ", did you mean " : "",
	    near != NULL ? near : "", near != NULL ? "?" : "");
	return (EX_USAGE);
}

/* --help anywhere asks for help, whatever else is missing or wrong. */
static int
wants_help(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "-h") == 0)
			return (1);
	}
	return (0);
}

static int
dispatch(int argc, char **argv)
{
	static char version[] = "version";
	const struct cli_command *cmd;

	if (argc < 2)
		return (no_command());
	if (strcmp(argv[1], "--version") == 0)
		argv[1] = version;
	cmd = cli_find(argv[1]);
	if (wants_help(argc, argv)) {
		cli_usage(stdout, cmd);
		return (EX_OK);
	}
	if (cmd == NULL)
		return (unknown_command(argv[1]));
	return (cmd->run(argc - 1, argv + 1));
}

int
main(int argc, char **argv)
{
	int code;

	wipe_libraries();
	code = dispatch(argc, argv);
	if (fflush(stdout) == EOF || ferror(stdout)) {
		fprintf(stderr, "mailbridge: standard output: %s\n",
		    strerror(errno));
		return (code != EX_OK ? code : EX_IOERR);
	}
	return (code);
}
