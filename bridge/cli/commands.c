#include <string.h>

#include "bridge/cli/cli.h"
#include "bridge/cli/convert.h"
#include "bridge/cli/schema.h"

/* clang-format off */
#define CONFIG { "config", "FILE", "the configuration", 'c', 1 }
#define JSON { "json", NULL, "print JSON", 0, 0 }
#define FLAG(name, help) { name, NULL, help, 0, 0 }
#define VALUE(name, arg, help) { name, arg, help, 0, 0 }
#define END { NULL, NULL, NULL, 0, 0 }
/* clang-format on */

static const struct cli_option no_options[] = { END };

static const struct cli_option run_options[] = { CONFIG,
	FLAG(
	    "once", "catch up everywhere, wait for the acknowledgements, exit"),
	END };

static const struct cli_option check_options[] = { CONFIG,
	FLAG("offline", "only read the files: no secret, no login, no sink"),
	END };

static const struct cli_option status_options[] = { CONFIG, JSON, END };

static const struct cli_option replay_options[] = { CONFIG,
	VALUE("account", "NAME", "an account of the config"),
	VALUE("mailbox", "NAME", "one of its mailboxes"),
	VALUE("uid", "N[:M]",
	    "the mail N, those from N to M, or N:* to the last"),
	VALUE("since", "YYYY-MM-DD", "those that arrived on this day or later"),
	VALUE("sink", "NAME", "publish to this sink only"),
	FLAG("dead-letter", "the mails that a sink refused, which stay there"),
	FLAG("dry-run", "only count what would be published"), END };

static const struct cli_option dead_letter_options[] = { CONFIG,
	VALUE("account", "NAME", "only the letters of this account"),
	VALUE("mailbox", "NAME", "only those of this mailbox"),
	VALUE("uid", "N", "only this one; 0: the events of its resets"),
	VALUE("sink", "NAME", "retry: publish to this sink only"),
	FLAG("all", "show, drop: all of them"),
	FLAG("raw", "show: nothing but the mail itself"),
	FLAG("json", "list, show: print JSON"), END };

static const struct cli_option checkpoint_options[] = { CONFIG,
	VALUE("account", "NAME", "an account of the config"),
	VALUE("mailbox", "NAME", "one of its mailboxes"),
	VALUE("uid", "N", "set: the last UID that counts as published"),
	VALUE("uidvalidity", "N",
	    "set: of which UIDVALIDITY (default: the newest known)"),
	FLAG("all", "reset: put the whole store aside"),
	FLAG("force", "import: also where that goes back"),
	FLAG("json", "list, get: print JSON"), END };

static const struct cli_option blob_options[] = { CONFIG,
	VALUE("older-than", "DAYS",
	    "gc: not referred to for so long (default: "
	    "blobs.retention_days)"),
	FLAG("dry-run", "gc: only count what would be removed"), END };

static const struct cli_option secret_options[] = {
	{ "key", "FILE", "the key: base64 of 32 octets, read by its owner only",
	    0, 1 },
	VALUE("new-key", "FILE", "rotate: the key to seal it with from now on"),
	END
};

static const struct cli_option version_options[] = {
	{ "verbose", NULL, "the libraries too", 'v', 0 }, END
};

static const struct cli_option convert_options[] = {
	VALUE("account", "NAME", "account in the event (default: convert)"),
	VALUE("mailbox", "NAME", "mailbox in the event (default: INBOX)"),
	VALUE("uid", "N", "UID in the event (default: 1)"),
	VALUE("uidvalidity", "N", "UIDVALIDITY in the event (default: 1)"),
	VALUE("received-at", "TIME",
	    "INTERNALDATE in the event: 2026-05-01T10:30:00Z (default: none)"),
	VALUE("flags", "FLAGS", "IMAP flags in the event (default: none)"),
	VALUE("attachments", "MODE", "inline (default), store or none"),
	VALUE("raw", "MODE", "inline, store or none (default)"),
	VALUE("format", "FORMAT", "envelope (default) or jmap"),
	VALUE("cloudevents", "MODE",
	    "binary (default), structured or none: around the event"),
	FLAG("replay", "say in the event that it is a replay"),
	VALUE("max-event-bytes", "N", "the largest event allowed"), END
};

static const struct cli_option schema_options[] = {
	VALUE("type", "TYPE",
	    "mailbridge.message.received.v1 (default) or another ce_type"),
	VALUE("format", "FORMAT", "envelope (default) or jmap"),
	VALUE("cloudevents", "MODE",
	    "binary (default), structured: with what is around it, or none"),
	FLAG("asyncapi", "an AsyncAPI document: topic, stream, webhook"), END
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
	{ "replay", "publish stored mails again", NULL, 0, replay_options,
	    "The events have the ids that they had, and \"replay\": true.  No "
	    "checkpoint is\nmoved, and the daemon may go on running.",
	    cli_replay },
	{ "dead-letter", "look at the mails that a sink refused, or retry them",
	    "list|show|retry|drop", 1, dead_letter_options,
	    "The letters below the state directory.  retry publishes them to "
	    "the sink that\nrefused them and removes those that it takes now; "
	    "the daemon may go on running.",
	    cli_dead_letter },
	{ "checkpoint", "show or change how far a mailbox is published",
	    "list|get|set|reset|export|import", 1, checkpoint_options,
	    "set, reset and import need the daemon to be stopped.  export "
	    "prints JSON lines,\nimport reads them from stdin: all of them or, "
	    "if one is wrong, none.  After reset of a "
	    "mailbox, or of\n--all, the next run begins as \"start:\" says; "
	    "--all also mends a damaged store,\nwhich is kept beside the new "
	    "one.",
	    cli_checkpoint },
	{ "blob", "read the blob store, or tidy it", "get ID|gc", 1,
	    blob_options,
	    "get checks the content against its id, a blobId of an event, and "
	    "prints it.\ngc removes what no event referred to for long; the "
	    "daemon may go on running,\nand does the same by itself where "
	    "blobs.retention_days says so.",
	    cli_blob },
	{ "convert", "turn one message from stdin into its event", NULL, 0,
	    convert_options, NULL, cli_convert },
	{ "secret", "encrypt a secret, to stand in the config", "seal|rotate",
	    1, secret_options,
	    "seal reads the secret from stdin and prints the value for "
	    "{encrypted: \"...\"};\nrotate reads such a value and prints it "
	    "sealed with another key.\nA key: openssl rand -base64 32 > key; "
	    "chmod 600 key; then secret_key: {file: key}.",
	    cli_secret },
	{ "schema", "print the JSON Schema of what is published", NULL, 0,
	    schema_options,
	    "It is of draft 2020-12, and says the same to validators of "
	    "draft-07.",
	    cli_schema },
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
