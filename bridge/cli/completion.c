#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "bridge/cli/args.h"
#include "bridge/cli/cli.h"

/* "a|b" as "a b"; COMMAND as all their names. */
static void
put_operands(const struct cli_command *cmd)
{
	const struct cli_command *all;
	const char *p;
	size_t i, n;

	if (cmd->operand == NULL)
		return;
	if (strcmp(cmd->operand, "COMMAND") != 0) {
		/* Without the second ones: "get" of "get ID|gc". */
		for (p = cmd->operand; *p != '\0'; p += *p == '|') {
			printf("%.*s ", (int)strcspn(p, " |"), p);
			p += strcspn(p, "|");
		}
		return;
	}
	all = cli_commands(&n);
	for (i = 0; i < n; i++)
		printf("%s ", all[i].name);
}

/* "run) list='-c --config --once';;" for each command: the same in bash and
 * zsh. */
static void
put_cases(void)
{
	const struct cli_command *cmd;
	const struct cli_option *o;
	size_t i, n;

	cmd = cli_commands(&n);
	for (i = 0; i < n; i++) {
		printf("\t%s) list='", cmd[i].name);
		put_operands(&cmd[i]);
		for (o = cmd[i].options; o->name != NULL; o++) {
			if (o->letter != '\0')
				printf("-%c ", o->letter);
			printf("--%s ", o->name);
		}
		puts("--help' ;;");
	}
}

static void
put_names(void)
{
	const struct cli_command *cmd;
	size_t i, n;

	cmd = cli_commands(&n);
	for (i = 0; i < n; i++)
		printf("%s%s", i == 0 ? "" : " ", cmd[i].name);
}

static void
bash(void)
{
	fputs("_mailbridge() {\n"
	      "\tlocal list='' cur=${COMP_WORDS[COMP_CWORD]}\n"
	      "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	      "\t\tlist='",
	    stdout);
	put_names();
	fputs(
	    "'\n"
	    "\telse\n"
	    "\tcase ${COMP_WORDS[COMP_CWORD-1]} in\n"
	    "\t-c|--config) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n"
	    "\tesac\n"
	    "\tcase ${COMP_WORDS[1]} in\n",
	    stdout);
	put_cases();
	fputs("\tesac\n"
	      "\tfi\n"
	      "\tCOMPREPLY=($(compgen -W \"$list\" -- \"$cur\"))\n"
	      "}\n"
	      "complete -o filenames -F _mailbridge mailbridge\n",
	    stdout);
}

static void
zsh(void)
{
	fputs("#compdef mailbridge\n"
	      "_mailbridge() {\n"
	      "\tif (( CURRENT == 2 )); then\n"
	      "\t\tcompadd ",
	    stdout);
	put_names();
	fputs("\n\t\treturn\n"
	      "\tfi\n"
	      "\tcase ${words[CURRENT-1]} in\n"
	      "\t-c|--config) _files; return ;;\n"
	      "\tesac\n"
	      "\tlocal list=''\n"
	      "\tcase ${words[2]} in\n",
	    stdout);
	put_cases();
	fputs("\tesac\n"
	      "\tcompadd -- ${=list}\n"
	      "}\n"
	      "compdef _mailbridge mailbridge\n",
	    stdout);
}

static void
fish_command(const struct cli_command *cmd)
{
	const struct cli_option *o;

	printf("complete -c mailbridge -n __fish_use_subcommand -f -a %s "
	       "-d '%s'\n",
	    cmd->name, cmd->summary);
	if (cmd->operand != NULL) {
		printf("complete -c mailbridge -n '__fish_seen_subcommand_from "
		       "%s' -f -a '",
		    cmd->name);
		put_operands(cmd);
		puts("'");
	}
	for (o = cmd->options; o->name != NULL; o++) {
		printf("complete -c mailbridge -n '__fish_seen_subcommand_from "
		       "%s' -l %s",
		    cmd->name, o->name);
		if (o->letter != '\0')
			printf(" -s %c", o->letter);
		if (o->arg != NULL)
			fputs(strcmp(o->arg, "FILE") == 0 ? " -r -F" : " -x",
			    stdout);
		else
			fputs(" -f", stdout);
		printf(" -d '%s'\n", o->help);
	}
}

static void
fish(void)
{
	const struct cli_command *cmd;
	size_t i, n;

	cmd = cli_commands(&n);
	for (i = 0; i < n; i++)
		fish_command(&cmd[i]);
}

int
cli_completion(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };
	struct args args;
	size_t i;

	if (args_parse(&args, argc, argv) == -1)
		return (EX_USAGE);
	for (i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (strcmp(args.operand, shells[i].name) == 0) {
			shells[i].print();
			return (EX_OK);
		}
	}
	return (args_wrong(
	    args.cmd, "%s is none of %s", args.operand, args.cmd->operand));
}
