#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "bridge/store/checkpoint.h"
#include "bridge/config/config.h"
#include "bridge/config/mailboxes.h"
#include "bridge/envelope/date.h"
#include "bridge/fault.h"
#include "bridge/cli/args.h"
#include "bridge/cli/checkpoint_lines.h"
#include "bridge/cli/cli.h"
#include "bridge/cli/table.h"

struct request {
	struct args args;
	struct config *cfg;
	const char *account; /* or NULL */
	const char *mailbox; /* or NULL */
	struct fault f;
};

static int
failed(const struct request *q)
{
	fprintf(stderr, "mailbridge checkpoint %s: %s\n", q->args.operand,
	    q->f.text);
	return (fault_exit_code(q->f.kind));
}

static int
unknown(const struct request *q)
{
	fprintf(stderr, "mailbridge checkpoint %s: no checkpoint of %s/%s\n",
	    q->args.operand, q->account, q->mailbox);
	return (EX_DATAERR);
}

static int
in_config(const struct config *cfg, const char *account, const char *mailbox)
{
	const struct config_account *a;
	size_t i;

	for (i = 0; i < cfg->naccounts; i++) {
		a = &cfg->accounts[i];
		if (strcmp(a->name, account) == 0 &&
		    mailbox_is_covered(a, mailbox))
			return (1);
	}
	return (0);
}

/* The rows of the mailbox that is asked for, newest first.  Where nothing was
 * ever stored there are none. */
static struct checkpoint *
load(struct request *q, struct checkpoint_store *store, size_t *n)
{
	struct checkpoint *rows;

	rows = checkpoint_load(store, q->account, q->mailbox, n, &q->f);
	if (*n != 0 && !in_config(q->cfg, q->account, q->mailbox))
		fprintf(stderr,
		    "mailbridge checkpoint: warning: %s/%s is not "
		    "in %s\n",
		    q->account, q->mailbox, q->cfg->path);
	return (rows);
}

static json_t *
json_row(const char *account, const char *mailbox, const struct checkpoint *c)
{
	char text[DATE_TEXT];

	if (date_utc(c->committed_at, text) == -1)
		text[0] = '\0';
	return (json_pack("{s:s s:s s:I s:I s:s}", "account", account,
	    "mailbox", mailbox, "uidValidity", (json_int_t)c->uidvalidity,
	    "uid", (json_int_t)c->uid, "committedAt", text));
}

struct listing {
	const struct request *q;
	struct table *table; /* or */
	json_t *list;
};

static void
list_row(void *arg, const char *account, const char *mailbox,
    const struct checkpoint *c)
{
	struct listing *l = arg;

	if ((l->q->account != NULL && strcmp(l->q->account, account) != 0) ||
	    (l->q->mailbox != NULL && strcmp(l->q->mailbox, mailbox) != 0))
		return;
	if (l->list != NULL) {
		json_array_append_new(l->list, json_row(account, mailbox, c));
		return;
	}
	table_text(l->table, account);
	table_text(l->table, mailbox);
	table_number(l->table, c->uidvalidity);
	table_number(l->table, c->uid);
	table_time(l->table, c->committed_at);
}

static int
list(struct request *q)
{
	static const char *const headers[] = { "ACCOUNT", "MAILBOX",
		"UIDVALIDITY", "UID", "COMMITTED", NULL };
	struct listing l = { .q = q };
	struct checkpoint_store *store;
	int rc = 0;

	store = checkpoint_open(q->cfg->state, CHECKPOINT_READ, &q->f);
	if (store == NULL && q->f.kind != FAULT_NONE)
		return (failed(q));
	if (args_value(&q->args, "json") != NULL)
		l.list = json_array();
	else
		l.table = table_new(headers);
	if (store != NULL)
		rc = checkpoint_each(store, list_row, &l, &q->f);
	checkpoint_close(store);
	if (l.list != NULL) {
		json_dumpf(l.list, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(l.list);
	} else
		table_end(l.table, stdout);
	return (rc == 0 ? EX_OK : failed(q));
}

static int
get(struct request *q)
{
	struct checkpoint_store *store;
	struct checkpoint *rows = NULL;
	json_t *row;
	size_t n = 0;

	q->f.kind = FAULT_NONE;
	store = checkpoint_open(q->cfg->state, CHECKPOINT_READ, &q->f);
	if (store != NULL)
		rows = load(q, store, &n);
	checkpoint_close(store);
	if (rows == NULL)
		return (q->f.kind != FAULT_NONE ? failed(q) : unknown(q));
	if (args_value(&q->args, "json") != NULL) {
		row = json_row(q->account, q->mailbox, &rows[0]);
		json_dumpf(row, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(row);
	} else
		printf("%s/%s: uidValidity %" PRIu64 ", uid %" PRIu32 "\n",
		    q->account, q->mailbox, rows[0].uidvalidity, rows[0].uid);
	free(rows);
	return (EX_OK);
}

/* The row of ${uidvalidity} among those known, or NULL. */
static const struct checkpoint *
find(const struct checkpoint *rows, size_t n, uint64_t uidvalidity)
{
	size_t i;

	for (i = 0; rows != NULL && i < n; i++) {
		if (rows[i].uidvalidity == uidvalidity)
			return (&rows[i]);
	}
	return (NULL);
}

static int
store_uid(struct request *q, struct checkpoint_store *store,
    const struct checkpoint *before, uint64_t uidvalidity, uint32_t uid)
{
	struct checkpoint_row row = { .account = q->account,
		.mailbox = q->mailbox,
		.has_checkpoint = 1,
		.checkpoint = { .uidvalidity = uidvalidity,
		    .uid = uid,
		    .committed_at = (int64_t)time(NULL) } };

	if (checkpoint_epoch(
		store, q->account, q->mailbox, &row.epoch, &q->f) == -1)
		return (failed(q));
	row.epoch++; /* more than what a sink may have stored */
	if (checkpoint_write(store, &row, 1, &q->f) == -1)
		return (failed(q));
	printf("%s/%s: uidValidity %" PRIu64 ", uid %" PRIu32, q->account,
	    q->mailbox, uidvalidity, uid);
	if (before != NULL)
		printf(" (was %" PRIu32 ")", before->uid);
	putchar('\n');
	return (EX_OK);
}

static int
set(struct request *q)
{
	struct checkpoint_store *store;
	struct checkpoint *rows;
	uint64_t uid, uidvalidity;
	size_t n;
	int code, given;

	if (args_number(&q->args, "uid", UINT32_MAX, &uid) != 1)
		return (args_value(&q->args, "uid") != NULL
			? EX_USAGE
			: args_wrong(q->args.cmd, "set: --uid N is missing"));
	given = args_number(&q->args, "uidvalidity", UINT64_MAX, &uidvalidity);
	if (given == -1)
		return (EX_USAGE);
	store = checkpoint_open(q->cfg->state, CHECKPOINT_WRITE, &q->f);
	if (store == NULL)
		return (failed(q));
	rows = load(q, store, &n);
	if (rows == NULL && q->f.kind != FAULT_NONE)
		code = failed(q);
	else if (rows == NULL && !in_config(q->cfg, q->account, q->mailbox)) {
		fprintf(stderr,
		    "mailbridge checkpoint set: %s/%s is neither "
		    "in %s nor in the store\n",
		    q->account, q->mailbox, q->cfg->path);
		code = EX_DATAERR;
	} else if (rows == NULL && !given) {
		fprintf(stderr,
		    "mailbridge checkpoint set: no checkpoint of "
		    "%s/%s yet: name its UIDVALIDITY with "
		    "--uidvalidity N\n",
		    q->account, q->mailbox);
		code = EX_DATAERR;
	} else {
		if (!given)
			uidvalidity = rows[0].uidvalidity;
		code = store_uid(q, store, find(rows, n, uidvalidity),
		    uidvalidity, (uint32_t)uid);
	}
	free(rows);
	checkpoint_close(store);
	return (code);
}

static int
reset_all(struct request *q)
{
	if (q->account != NULL || q->mailbox != NULL)
		return (args_wrong(q->args.cmd,
		    "reset: --all does not go with --account and --mailbox"));
	if (checkpoint_discard(q->cfg->state, &q->f) == -1)
		return (failed(q));
	printf("%s: the store was put aside (discarded-*); the next run begins "
	       "as \"start:\" says\n",
	    q->cfg->state);
	return (EX_OK);
}

static int
reset(struct request *q)
{
	struct checkpoint_store *store;
	struct checkpoint *rows;
	size_t n;
	int code = EX_OK;

	store = checkpoint_open(q->cfg->state, CHECKPOINT_WRITE, &q->f);
	if (store == NULL)
		return (failed(q));
	rows = load(q, store, &n);
	if (rows == NULL)
		code = q->f.kind != FAULT_NONE ? failed(q) : unknown(q);
	else if (checkpoint_reset(store, q->account, q->mailbox, &q->f) == -1)
		code = failed(q);
	else
		printf("%s/%s: forgotten (was uidValidity %" PRIu64
		       ", uid %" PRIu32 "); the next run begins as \"start:\" "
		       "says\n",
		    q->account, q->mailbox, rows[0].uidvalidity, rows[0].uid);
	free(rows);
	checkpoint_close(store);
	return (code);
}

static int
export_all(struct request *q)
{
	return (checkpoint_lines_export(q->cfg));
}

static int
import_all(struct request *q)
{
	return (checkpoint_lines_import(
	    q->cfg, args_value(&q->args, "force") != NULL));
}

static const struct action {
	const char *name;
	int needs_mailbox;
	int (*run)(struct request *);
} actions[] = { { "list", 0, list }, { "get", 1, get }, { "set", 1, set },
	{ "reset", 1, reset }, { "export", 0, export_all },
	{ "import", 0, import_all } };
static const struct action discard = { "reset", 0, reset_all };

/* The action that is asked for, or NULL when it was asked for wrongly, which
 * has been told. */
static const struct action *
find_action(const struct request *q)
{
	const struct cli_command *cmd = q->args.cmd;
	const struct action *action = NULL;
	size_t i;

	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(actions[i].name, q->args.operand) == 0)
			action = &actions[i];
	}
	if (action == NULL) {
		args_wrong(
		    cmd, "%s is none of %s", q->args.operand, cmd->operand);
		return (NULL);
	}
	if (args_only(&q->args, "all", "reset") != 0 ||
	    args_only(&q->args, "uid", "set") != 0 ||
	    args_only(&q->args, "uidvalidity", "set") != 0 ||
	    args_only(&q->args, "force", "import") != 0 ||
	    args_only(&q->args, "json", "list|get") != 0)
		return (NULL);
	if (args_value(&q->args, "all") != NULL)
		return (&discard);
	if ((action->run == export_all || action->run == import_all) &&
	    (q->account != NULL || q->mailbox != NULL)) {
		args_wrong(cmd,
		    "%s: it is for all mailboxes, without --account and "
		    "--mailbox",
		    action->name);
		return (NULL);
	}
	if (!action->needs_mailbox ||
	    (q->account != NULL && q->mailbox != NULL))
		return (action);
	args_wrong(cmd, "%s: --account NAME and --mailbox NAME are needed%s",
	    action->name, action->run == reset ? ", or --all" : "");
	return (NULL);
}

int
cli_checkpoint(int argc, char **argv)
{
	const struct action *action;
	struct request q = { 0 };
	int code;

	if (args_parse(&q.args, argc, argv) == -1)
		return (EX_USAGE);
	q.account = args_value(&q.args, "account");
	q.mailbox = args_value(&q.args, "mailbox");
	if (q.mailbox != NULL && strcasecmp(q.mailbox, "INBOX") == 0)
		q.mailbox = "INBOX";
	if ((action = find_action(&q)) == NULL)
		return (EX_USAGE);
	q.cfg = config_load(args_value(&q.args, "config"), &q.f);
	if (q.cfg == NULL) {
		fprintf(stderr, "%s\n", q.f.text);
		return (fault_exit_code(q.f.kind));
	}
	code = action->run(&q);
	config_free(q.cfg);
	return (code);
}
