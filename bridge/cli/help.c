#include <stdio.h>
#include <sysexits.h>

#include "bridge/cli/args.h"
#include "bridge/cli/cli.h"

static void
all_commands(FILE *out)
{
	const struct cli_command *cmd;
	size_t i, n;

	fputs("Usage: mailbridge COMMAND [OPTION...]\n\n"
	      "Watches mailboxes over IMAP and publishes each mail as a JSON "
	      "event.\n\nCommands:\n",
	    out);
	cmd = cli_commands(&n);
	for (i = 0; i < n; i++)
		fprintf(out, "  %-12s%s\n", cmd[i].name, cmd[i].summary);
	fputs("\nmailbridge COMMAND --help explains one.\n", out);
}

void
cli_usage(FILE *out, const struct cli_command *cmd)
{
	const struct cli_option *o;
	char names[64];

	if (cmd == NULL) {
		all_commands(out);
		return;
	}
	fprintf(out, "Usage: mailbridge %s", cmd->name);
	if (cmd->operand != NULL)
		fprintf(
		    out, cmd->operand_required ? " %s" : " [%s]", cmd->operand);
	for (o = cmd->options; o->name != NULL; o++) {
		if (o->required)
			fprintf(out, " -%c %s", o->letter, o->arg);
	}
	fprintf(out, " [OPTION...]\n\n%s.\n\nOptions:\n", cmd->summary);
	for (o = cmd->options; o->name != NULL; o++) {
		(void)snprintf(names, sizeof(names), "%c%c%s--%s%s%s",
		    o->letter != 0 ? '-' : ' ',
		    o->letter != 0 ? o->letter : ' ',
		    o->letter != 0 ? ", " : "  ", o->name,
		    o->arg != NULL ? " " : "", o->arg != NULL ? o->arg : "");
		fprintf(out, "  %-24s%s\n", names, o->help);
	}
	fprintf(out, "  %-24s%s\n", "-h, --help", "print this");
	if (cmd->details != NULL)
		fprintf(out, "\n%s\n", cmd->details);
}

int
cli_help(int argc, char **argv)
{
	const struct cli_command *cmd = NULL;
	struct args args;

	if (args_parse(&args, argc, argv) == -1)
		return (EX_USAGE);
	if (args.operand != NULL && (cmd = cli_find(args.operand)) == NULL)
		return (args_wrong(
		    args.cmd, "there is no command %s", args.operand));
	cli_usage(stdout, cmd);
	return (EX_OK);
}
