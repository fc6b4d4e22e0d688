#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "bridge/buf.h"
#include "bridge/store/checkpoint.h"
#include "bridge/config/config.h"
#include "bridge/config/mailboxes.h"
#include "bridge/fault.h"
#include "bridge/report.h"
#include "bridge/reset.h"
#include "bridge/cli/args.h"
#include "bridge/cli/cli.h"
#include "bridge/cli/status_client.h"
#include "bridge/cli/status_sink.h"
#include "bridge/cli/table.h"

/* One mailbox, of the config, of the store, or of both. */
struct entry {
	char *account;
	char *mailbox;
	int configured;
	int has_status;
	struct checkpoint_status status;
	int has_checkpoint;
	struct checkpoint checkpoint; /* the newest */
	struct reset reset; /* the last; epoch 0: none.  Without its texts */
};

struct report_data {
	struct entry *entries;
	size_t n;
	size_t cap;
	json_t *index; /* "account\nmailbox" to its number */
	long owner;    /* pid of the daemon; 0 if there is none */
	int failed;    /* memory ran out */
};

/* The entry of a mailbox, made if it is new; NULL if memory is out. */
static struct entry *
entry(struct report_data *r, const char *account, const char *mailbox)
{
	struct entry *entries, *e;
	json_t *number;
	char *key;

	if (asprintf(&key, "%s\n%s", account, mailbox) == -1)
		goto fail;
	number = json_object_get(r->index, key);
	if (number != NULL) {
		free(key);
		return (&r->entries[json_integer_value(number)]);
	}
	json_object_set_new(r->index, key, json_integer((json_int_t)r->n));
	free(key);
	if (r->entries == NULL || r->n == r->cap) {
		r->cap = r->cap != 0 ? r->cap * 2 : 64;
		entries = reallocarray(r->entries, r->cap, sizeof(*entries));
		if (entries == NULL)
			goto fail;
		r->entries = entries;
	}
	e = &r->entries[r->n];
	*e = (struct entry){ .account = strdup(account),
		.mailbox = strdup(mailbox) };
	r->n++;
	if (e->account != NULL && e->mailbox != NULL)
		return (e);
fail:
	r->failed = 1;
	return (NULL);
}

static void
add_status(void *arg, const char *account, const char *mailbox,
    const struct checkpoint_status *status)
{
	struct entry *e;

	if ((e = entry(arg, account, mailbox)) == NULL)
		return;
	e->has_status = 1;
	e->status = *status;
}

/* A later commit is of a newer UIDVALIDITY. */
static void
add_checkpoint(void *arg, const char *account, const char *mailbox,
    const struct checkpoint *c)
{
	struct entry *e;

	if ((e = entry(arg, account, mailbox)) == NULL)
		return;
	if (e->has_checkpoint && c->committed_at < e->checkpoint.committed_at)
		return;
	e->has_checkpoint = 1;
	e->checkpoint = *c;
}

static void
add_reset(void *arg, const char *account, const char *mailbox,
    const struct reset *reset)
{
	struct entry *e;

	if ((e = entry(arg, account, mailbox)) == NULL)
		return;
	e->reset = *reset;
	e->reset.skip = e->reset.plain = NULL;
}

/* What the patterns of an account match is of the config too. */
static void
mark_matched(struct report_data *r, const struct config_account *a)
{
	struct entry *e;
	size_t i;

	for (i = 0; i < a->nmailboxes && !mailbox_is_pattern(a->mailboxes[i]);)
		i++;
	if (i == a->nmailboxes)
		return;
	for (e = r->entries; e < r->entries + r->n; e++) {
		if (!e->configured && strcmp(e->account, a->name) == 0)
			e->configured = mailbox_is_covered(a, e->mailbox);
	}
}

static int
collect(struct report_data *r, const struct config *cfg, struct fault *f)
{
	struct checkpoint_store *store;
	const struct config_account *a;
	struct entry *e;
	size_t i, j;
	int rc;

	if ((r->index = json_object()) == NULL)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	for (i = 0; i < cfg->naccounts; i++) {
		a = &cfg->accounts[i];
		for (j = 0; j < a->nmailboxes; j++) {
			e = entry(r, a->name, a->mailboxes[j]);
			if (e != NULL)
				e->configured = 1;
		}
	}
	r->owner = checkpoint_owner(cfg->state);
	store = checkpoint_open(cfg->state, CHECKPOINT_READ, f);
	if (store == NULL)
		return (f->kind == FAULT_NONE ? 0 : -1);
	rc = checkpoint_each(store, add_checkpoint, r, f);
	if (rc == 0)
		rc = checkpoint_each_status(store, add_status, r, f);
	if (rc == 0)
		rc = checkpoint_each_reset(store, add_reset, r, f);
	checkpoint_close(store);
	for (i = 0; i < cfg->naccounts; i++)
		mark_matched(r, &cfg->accounts[i]);
	if (rc == 0 && r->failed)
		rc = fault_set(f, FAULT_RETRY, "out of memory");
	return (rc);
}

/* What a mailbox does: "new" before the daemon saw it for the first time,
 * "removed" when only the store knows it. */
static const char *
state_of(const struct report_data *r, const struct entry *e)
{
	if (!e->configured)
		return ("removed");
	if (!e->has_status && !e->has_checkpoint)
		return ("new");
	if (r->owner == 0 || !e->has_status)
		return ("stopped");
	return (e->status.state);
}

/* The mailboxes that were numbered anew. */
static void
print_resets(const struct report_data *d)
{
	static const char *const headers[] = { "RESET", "MAILBOX", "AT",
		"UIDVALIDITY", "UID", "MATCHED", "PASSED", "PUBLISHED",
		"UNCERTAIN", NULL };
	const struct reset *r;
	struct table *t = NULL;
	size_t i;

	for (i = 0; i < d->n; i++) {
		r = &d->entries[i].reset;
		if (r->epoch == 0)
			continue;
		if (t == NULL)
			t = table_new(headers);
		table_text(t, d->entries[i].account);
		table_text(t, d->entries[i].mailbox);
		table_time(t, r->at);
		table_number(t, r->uidvalidity);
		table_number(t, r->uid);
		table_number(t, r->matched);
		table_number(t, r->passed);
		table_number(t, r->published);
		table_number(t, r->uncertain);
	}
	if (t == NULL)
		return;
	putchar('\n');
	table_end(t, stdout);
}

static void
print_table(const struct report_data *r, const struct config *cfg)
{
	static const char *const headers[] = { "ACCOUNT", "MAILBOX", "STATE",
		"UIDVALIDITY", "UID", "LAG", "LAST SUCCESS", "LAST ERROR",
		NULL };
	const struct entry *e;
	struct table *t;
	size_t i;

	t = table_new(headers);
	for (i = 0; i < r->n; i++) {
		e = &r->entries[i];
		table_text(t, e->account);
		table_text(t, e->mailbox);
		table_text(t, state_of(r, e));
		if (e->has_checkpoint) {
			table_number(t, e->checkpoint.uidvalidity);
			table_number(t, e->checkpoint.uid);
		} else {
			table_text(t, "-");
			table_text(t, "-");
		}
		if (e->has_status)
			table_number(t, e->status.lag);
		else
			table_text(t, "-");
		table_time(t, e->status.last_success);
		table_text(t,
		    e->status.last_error[0] != '\0' ? e->status.last_error
						    : "-");
	}
	table_end(t, stdout);
	status_sink_print(cfg, r->owner != 0);
	print_resets(r);
	status_client_print(cfg, r->owner != 0);
}

static int
print_json(const struct report_data *d, const struct config *cfg)
{
	struct report_mailbox m;
	const struct entry *e;
	struct report r;
	struct buf out;
	size_t i;
	int rc;

	buf_init(&out, SIZE_MAX / 2);
	r.out = &out;
	report_begin(&r, cfg->state, d->owner);
	for (i = 0; i < d->n; i++) {
		e = &d->entries[i];
		m = (struct report_mailbox){ .account = e->account,
			.mailbox = e->mailbox,
			.state = state_of(d, e),
			.configured = e->configured,
			.has_checkpoint = e->has_checkpoint,
			.uidvalidity = e->checkpoint.uidvalidity,
			.uid = e->checkpoint.uid,
			.status = e->has_status ? &e->status : NULL,
			.reset = e->reset.epoch != 0 ? &e->reset : NULL };
		report_mailbox(&r, &m);
	}
	report_sinks(&r);
	status_sink_report(cfg, d->owner != 0, &r);
	report_clients(&r);
	status_client_report(cfg, d->owner != 0, &r);
	report_end(&r);
	rc = out.failed || fputs(out.data, stdout) == EOF ? -1 : 0;
	buf_free(&out);
	return (rc);
}

static void
clear(struct report_data *r)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		free(r->entries[i].account);
		free(r->entries[i].mailbox);
	}
	free(r->entries);
	json_decref(r->index);
}

int
cli_status(int argc, char **argv)
{
	struct report_data r = { 0 };
	struct config *cfg;
	struct args args;
	struct fault f;
	int code = EX_OK;

	if (args_parse(&args, argc, argv) == -1)
		return (EX_USAGE);
	if ((cfg = config_load(args_value(&args, "config"), &f)) == NULL) {
		fprintf(stderr, "%s\n", f.text);
		return (fault_exit_code(f.kind));
	}
	if (collect(&r, cfg, &f) == -1) {
		fprintf(stderr, "mailbridge status: %s\n", f.text);
		code = fault_exit_code(f.kind);
	} else if (args_value(&args, "json") == NULL)
		print_table(&r, cfg);
	else if (print_json(&r, cfg) == -1)
		code = EX_OSERR;
	clear(&r);
	config_free(cfg);
	return (code);
}
