#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "bridge/cli/args.h"
#include "bridge/cli/cli.h"
#include "bridge/cli/target.h"
#include "bridge/config/account.h"
#include "bridge/config/config.h"
#include "bridge/fault.h"
#include "bridge/imap/date.h"
#include "bridge/ops/log.h"
#include "bridge/replay.h"
#include "bridge/resend.h"

/* A UID, up to the ':' or the end; *end is after it. */
static int
read_uid(const char *text, const char **end, uint32_t *uid)
{
	unsigned long long n;
	char *after;

	if (*text < '0' || *text > '9')
		return (-1);
	errno = 0;
	n = strtoull(text, &after, 10);
	if (errno != 0 || n == 0 || n > UINT32_MAX)
		return (-1);
	*uid = (uint32_t)n;
	*end = after;
	return (0);
}

/* "5", "5:9", "5:*" */
static int
read_range(const char *text, struct replay_request *q)
{
	const char *end;

	if (read_uid(text, &end, &q->lo) == -1)
		return (-1);
	q->hi = q->lo;
	if (*end == '\0')
		return (0);
	if (*end != ':')
		return (-1);
	if (strcmp(end, ":*") == 0) {
		q->hi = UINT32_MAX;
		return (0);
	}
	if (read_uid(end + 1, &end, &q->hi) == -1 || *end != '\0')
		return (-1);
	return (q->lo <= q->hi ? 0 : -1);
}

static int
read_which(const struct args *args, struct replay_request *q)
{
	const char *uid = args_value(args, "uid");
	const char *since = args_value(args, "since");
	int year, month, day;

	if ((uid == NULL) == (since == NULL))
		return (args_wrong(args->cmd,
		    "which mails? either --uid N[:M] or --since YYYY-MM-DD, or "
		    "--dead-letter"));
	if (args_value(args, "account") == NULL ||
	    args_value(args, "mailbox") == NULL)
		return (args_wrong(
		    args->cmd, "--account NAME and --mailbox NAME are needed"));
	if (uid != NULL) {
		if (read_range(uid, q) == 0)
			return (EX_OK);
		return (args_wrong(args->cmd,
		    "--uid must be N, N:M or N:*, with UIDs from 1 on, the "
		    "lower one first, not %s",
		    uid));
	}
	if (account_parse_date(since, &year, &month, &day) == -1)
		return (args_wrong(args->cmd,
		    "--since must be a date, YYYY-MM-DD, not %s", since));
	imap_date_format(q->since, sizeof(q->since), year, month, day);
	q->lo = 1;
	q->hi = UINT32_MAX;
	return (EX_OK);
}

static int
replay_letters(const struct args *args, const struct config *config)
{
	struct resend_request q = { .account = args_value(args, "account"),
		.mailbox = args_value(args, "mailbox"),
		.uid = -1,
		.keep = 1,
		.dry = args_value(args, "dry-run") != NULL };

	if (q.mailbox != NULL && strcasecmp(q.mailbox, "INBOX") == 0)
		q.mailbox = "INBOX";
	if (target_sink(args, config, &q.sink) == -1)
		return (EX_USAGE);
	return (resend_run(config, &q));
}

int
cli_replay(int argc, char **argv)
{
	struct replay_request q = { 0 };
	struct config *config;
	struct args args;
	struct fault f;
	int code, letters;

	if (args_parse(&args, argc, argv) == -1)
		return (EX_USAGE);
	letters = args_value(&args, "dead-letter") != NULL;
	if (letters &&
	    (args_value(&args, "uid") != NULL ||
		args_value(&args, "since") != NULL))
		return (args_wrong(
		    args.cmd, "--dead-letter goes without --uid and --since"));
	if (!letters && read_which(&args, &q) != EX_OK)
		return (EX_USAGE);
	q.dry = args_value(&args, "dry-run") != NULL;
	cli_forbid_cores();
	config = config_load(args_value(&args, "config"), &f);
	if (config == NULL) {
		fprintf(stderr, "mailbridge: %s\n", f.text);
		return (fault_exit_code(f.kind));
	}
	log_setup(config->log_level, config->log_format);
	if (letters)
		code = replay_letters(&args, config);
	else if (target_mailbox(&args, config, &q.account, &q.mailbox) == -1 ||
	    target_sink(&args, config, &q.sink) == -1)
		code = EX_USAGE;
	else
		code = replay_run(config, &q);
	config_free(config);
	return (code);
}
