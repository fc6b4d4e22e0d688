#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "bridge/cli/args.h"
#include "bridge/cli/cli.h"
#include "bridge/cli/table.h"
#include "bridge/cli/target.h"
#include "bridge/config/config.h"
#include "bridge/envelope/date.h"
#include "bridge/fault.h"
#include "bridge/message.h"
#include "bridge/ops/log.h"
#include "bridge/publish/letter.h"
#include "bridge/resend.h"

struct request {
	struct args args;
	struct config *config;
	const char *account, *mailbox; /* or NULL */
	int64_t uid;		       /* or -1 */
	int state_fd;
	struct letter *letters; /* those that are meant */
	size_t n;
};

static int
failed(const struct request *q, const struct fault *f)
{
	fprintf(stderr, "mailbridge dead-letter %s: %s\n", q->args.operand,
	    f->text);
	return (fault_exit_code(f->kind));
}

static json_t *
json_of(const struct letter *l)
{
	char written[DATE_TEXT];
	json_t *row;

	if (date_utc(l->written, written) == -1)
		written[0] = '\0';
	row = json_pack("{s:s s:s s:I s:I s:s s:s s:I s:s}", "account",
	    l->account, "mailbox", l->mailbox, "uidValidity",
	    (json_int_t)l->uidvalidity, "uid", (json_int_t)l->uid, "sink",
	    l->sink, "reason", l->reason, "size", (json_int_t)l->size,
	    "writtenAt", written);
	if (row != NULL && l->reset != 0)
		json_object_set_new(
		    row, "reset", json_integer((json_int_t)l->reset));
	return (row != NULL ? row : json_null());
}

static void
print_json(json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(value);
}

static int
list(struct request *q)
{
	static const char *const headers[] = { "ACCOUNT", "MAILBOX",
		"UIDVALIDITY", "UID", "SINK", "WRITTEN", "REASON", NULL };
	struct table *table;
	json_t *rows;
	size_t i;

	if (args_value(&q->args, "json") != NULL) {
		rows = json_array();
		for (i = 0; i < q->n; i++)
			json_array_append_new(rows, json_of(&q->letters[i]));
		print_json(rows);
		return (EX_OK);
	}
	table = table_new(headers);
	for (i = 0; i < q->n; i++) {
		table_text(table, q->letters[i].account);
		table_text(table, q->letters[i].mailbox);
		table_number(table, q->letters[i].uidvalidity);
		if (q->letters[i].reset != 0)
			table_text(table, "reset");
		else
			table_number(table, q->letters[i].uid);
		table_text(table, q->letters[i].sink);
		table_time(table, q->letters[i].written);
		table_text(table, q->letters[i].reason);
	}
	table_end(table, stdout);
	if (q->config->dead_letter != CONFIG_NO_SINK)
		fprintf(stderr,
		    "dead letters go to the sink %s; these are those that it "
		    "refused, and older ones\n",
		    q->config->sinks[q->config->dead_letter].name);
	return (EX_OK);
}

static int
show(struct request *q)
{
	const struct letter *l = q->letters;
	struct message *m;
	struct fault f;
	size_t i;

	if (args_value(&q->args, "json") != NULL)
		return (list(q));
	for (i = 0; i < q->n; i++, l++) {
		if ((m = letter_read(q->state_fd, l, &f)) == NULL)
			return (failed(q, &f));
		if (args_value(&q->args, "raw") == NULL)
			printf("%s/%s %" PRIu64 "-%s%" PRIu64
			       ", refused by %s: %s\n\n",
			    l->account, l->mailbox, l->uidvalidity,
			    l->reset != 0 ? "reset-" : "",
			    l->reset != 0 ? l->reset : l->uid, l->sink,
			    l->reason);
		(void)fwrite(m->raw, 1, m->raw_len, stdout);
		message_free(m);
	}
	return (EX_OK);
}

static int
drop(struct request *q)
{
	struct fault f;
	size_t i;

	for (i = 0; i < q->n; i++) {
		if (letter_remove(q->state_fd, &q->letters[i], &f) == -1)
			return (failed(q, &f));
	}
	printf("%zu dead letters dropped\n", q->n);
	return (EX_OK);
}

static int
retry(struct request *q)
{
	struct resend_request r = {
		.account = q->account, .mailbox = q->mailbox, .uid = q->uid
	};

	if (target_sink(&q->args, q->config, &r.sink) == -1)
		return (EX_USAGE);
	log_setup(q->config->log_level, q->config->log_format);
	return (resend_run(q->config, &r));
}

static const struct action {
	const char *name;
	int explicit; /* needs --all or the coordinates */
	int (*run)(struct request *);
} actions[] = { { "list", 0, list }, { "show", 1, show }, { "retry", 0, retry },
	{ "drop", 1, drop } };

static const struct action *
find_action(struct request *q)
{
	const struct cli_command *cmd = q->args.cmd;
	size_t i, n = sizeof(actions) / sizeof(actions[0]);
	int all = args_value(&q->args, "all") != NULL, given;
	uint64_t uid;

	for (i = 0; i < n; i++) {
		if (strcmp(actions[i].name, q->args.operand) == 0)
			break;
	}
	if (i == n) {
		args_wrong(
		    cmd, "%s is none of %s", q->args.operand, cmd->operand);
		return (NULL);
	}
	q->uid = -1;
	given = args_number(&q->args, "uid", UINT32_MAX, &uid);
	if (given == -1)
		return (NULL);
	if (given == 1 && (q->account == NULL || q->mailbox == NULL)) {
		args_wrong(
		    cmd, "--uid N goes with --account NAME and --mailbox NAME");
		return (NULL);
	}
	if (given == 1)
		q->uid = (int64_t)uid;
	if (actions[i].explicit && q->uid == -1 && !all) {
		args_wrong(cmd,
		    "%s: which? --account NAME --mailbox NAME --uid N, or "
		    "--all",
		    actions[i].name);
		return (NULL);
	}
	if (args_only(&q->args, "sink", "retry") != 0 ||
	    args_only(&q->args, "raw", "show") != 0 ||
	    args_only(&q->args, "json", "list|show") != 0)
		return (NULL);
	return (&actions[i]);
}

/* Find the letters that are meant, and do it. */
static int
run(struct request *q, const struct action *action)
{
	struct fault f = { .kind = FAULT_NONE };
	int code;

	if (action->run == retry)
		return (retry(q));
	q->state_fd =
	    open(q->config->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (q->state_fd == -1 && errno != ENOENT) {
		fault_set(&f, FAULT_CONFIG, "state directory %s: %s",
		    q->config->state, strerror(errno));
		return (failed(q, &f));
	}
	if (q->state_fd != -1)
		q->letters = letter_list(
		    q->state_fd, q->account, q->mailbox, q->uid, &q->n, &f);
	if (f.kind != FAULT_NONE)
		code = failed(q, &f);
	else if (q->n == 0 && q->uid != -1) {
		fputs("mailbridge dead-letter: there is no such letter\n",
		    stderr);
		code = EX_DATAERR;
	} else
		code = action->run(q);
	letter_list_free(q->letters, q->n);
	if (q->state_fd != -1)
		(void)close(q->state_fd);
	return (code);
}

int
cli_dead_letter(int argc, char **argv)
{
	const struct action *action;
	struct request q = { .state_fd = -1 };
	struct fault f;
	int code;

	if (args_parse(&q.args, argc, argv) == -1)
		return (EX_USAGE);
	q.account = args_value(&q.args, "account");
	q.mailbox = args_value(&q.args, "mailbox");
	if (q.mailbox != NULL && strcasecmp(q.mailbox, "INBOX") == 0)
		q.mailbox = "INBOX";
	if ((action = find_action(&q)) == NULL)
		return (EX_USAGE);
	cli_forbid_cores();
	q.config = config_load(args_value(&q.args, "config"), &f);
	if (q.config == NULL) {
		fprintf(stderr, "mailbridge: %s\n", f.text);
		return (fault_exit_code(f.kind));
	}
	code = run(&q, action);
	config_free(q.config);
	return (code);
}
