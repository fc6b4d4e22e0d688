#include <string.h>

#include "bridge/cli/cli.h"
#include "bridge/cli/convert.h"
#include "bridge/cli/schema.h"

#define CONFIG                                                \
	{                                                     \
		"config", 'c', "FILE", 1, "the configuration" \
	}
#define JSON                                     \
	{                                        \
		"json", 0, NULL, 0, "print JSON" \
	}
#define END                            \
	{                              \
		NULL, 0, NULL, 0, NULL \
	}

static const struct cli_option no_options[] = { END };

static const struct cli_option run_options[] = { CONFIG,
	{ "once", 0, NULL, 0,
	    "catch up everywhere, wait for the acknowledgements, exit" },
	END };

static const struct cli_option check_options[] = { CONFIG,
	{ "offline", 0, NULL, 0,
	    "only read the files: no secret, no login, no sink" },
	END };

static const struct cli_option status_options[] = { CONFIG, JSON, END };

static const struct cli_option checkpoint_options[] = { CONFIG,
	{ "account", 0, "NAME", 0, "an account's name in the config" },
	{ "mailbox", 0, "NAME", 0, "one of its mailboxes" },
	{ "uid", 0, "N", 0, "set: the last UID that counts as published" },
	{ "uidvalidity", 0, "N", 0,
	    "set: of which UIDVALIDITY (default: the newest known)" },
	{ "all", 0, NULL, 0, "reset: put the whole store aside" }, JSON, END };

static const struct cli_option convert_options[] = {
	{ "account", 0, "NAME", 0, "account in the event" },
	{ "mailbox", 0, "NAME", 0, "mailbox in the event" },
	{ "uid", 0, "N", 0, "UID in the event" },
	{ "uidvalidity", 0, "N", 0, "UIDVALIDITY in the event" },
	{ "flags", 0, "FLAGS", 0, "IMAP flags in the event" },
	{ "attachments", 0, "inline|store|none", 0, "where they go" },
	{ "raw", 0, "inline|store|none", 0, "where the raw message goes" },
	{ "max-event-bytes", 0, "N", 0, "the largest event allowed" }, END
};

static const struct cli_option version_options[] = {
	{ "verbose", 'v', NULL, 0, "the libraries too" }, END
};

static const struct cli_command commands[] = {
	{ "run", "watch the mailboxes and publish their mails", NULL, 0,
	    run_options,
	    "Stops on SIGTERM or SIGINT, when what is in flight is done.",
	    cli_run },
	{ "check", "validate the configuration, and try it", NULL, 0,
	    check_options, NULL, cli_check },
	{ "status", "show what each mailbox does and how far it is", NULL, 0,
	    status_options,
	    "UID is the last committed one; LAG counts the mails the server "
	    "has and the\nsink has not acknowledged yet.",
	    cli_status },
	{ "checkpoint", "show or change how far a mailbox is published",
	    "list|get|set|reset", 1, checkpoint_options,
	    "set and reset need the daemon to be stopped.  After reset of a "
	    "mailbox, or of\n--all, the next run begins as \"start:\" says; "
	    "--all also mends a damaged store,\nwhich is kept beside the new "
	    "one.",
	    cli_checkpoint },
	{ "convert", "turn one message from stdin into its event", NULL, 0,
	    convert_options, NULL, cli_convert },
	{ "schema", "print the JSON Schema of the event", NULL, 0, no_options,
	    NULL, cli_schema },
	{ "version", "print the version", NULL, 0, version_options, NULL,
	    cli_version },
	{ "help", "explain a command", "COMMAND", 0, no_options, NULL,
	    cli_help },
	{ "completion", "print a completion script for a shell",
	    "bash|zsh|fish", 1, no_options,
	    "bash: source <(mailbridge completion bash)\n"
	    "zsh:  source <(mailbridge completion zsh)\n"
	    "fish: mailbridge completion fish | source",
	    cli_completion },
};

const struct cli_command *
cli_commands(size_t *n)
{
	*n = sizeof(commands) / sizeof(commands[0]);
	return (commands);
}

const struct cli_command *
cli_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return (&commands[i]);
	}
	return (NULL);
}
