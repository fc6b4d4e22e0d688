/* cli.h - the commands of mailbridge: one table that main() dispatches by and
 * that help and completion are made from. */
#ifndef CLI_H
#define CLI_H

#include <stddef.h>
#include <stdio.h>

struct cli_option {
	const char *name; /* "config", for --config */
	const char *arg;  /* "FILE", or NULL if it takes none */
	const char *help;
	char letter; /* 'c', for -c; or 0 */
	int required;
};

struct cli_command {
	const char *name;
	const char *summary; /* one line */
	const char *operand; /* "bash|zsh|fish"; NULL: takes none.  In "get
			      * ID|gc" get needs a second one */
	int operand_required;
	const struct cli_option *options;  /* ended by a name of NULL */
	const char *details;		   /* more for --help, or NULL */
	int (*run)(int argc, char **argv); /* argv[0] is the command's name;
					    * the exit code (sysexits.h) */
};

/* The table, *n of them. */
const struct cli_command *cli_commands(size_t *n);

/* The command ${name}, or NULL. */
const struct cli_command *cli_find(const char *name);

/* Print how ${cmd} is called, or all commands (NULL). */
void cli_usage(FILE *, const struct cli_command *cmd);

/* For commands that log in: a core would hold tokens and mail. */
void cli_forbid_cores(void);

/* The commands whose files hold nothing else. */
int cli_run(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_status(int argc, char **argv);
int cli_replay(int argc, char **argv);
int cli_dead_letter(int argc, char **argv);
int cli_checkpoint(int argc, char **argv);
int cli_blob(int argc, char **argv);
int cli_secret(int argc, char **argv);
int cli_version(int argc, char **argv);
int cli_help(int argc, char **argv);
int cli_completion(int argc, char **argv);

#endif
