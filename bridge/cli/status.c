#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "bridge/checkpoint.h"
#include "bridge/config/config.h"
#include "bridge/envelope/date.h"
#include "bridge/fault.h"
#include "bridge/cli/args.h"
#include "bridge/cli/cli.h"
#include "bridge/cli/status_client.h"
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
};

struct report {
	struct entry *entries;
	size_t n;
	size_t cap;
	json_t *index; /* "account\nmailbox" to its number */
	long owner;    /* pid of the daemon; 0 if there is none */
	int failed;    /* memory ran out */
};

/* The entry of a mailbox, made if it is new; NULL if memory is out. */
static struct entry *
entry(struct report *r, const char *account, const char *mailbox)
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

static int
collect(struct report *r, const struct config *cfg, struct fault *f)
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
	checkpoint_close(store);
	if (rc == 0 && r->failed)
		rc = fault_set(f, FAULT_RETRY, "out of memory");
	return (rc);
}

/* What a mailbox does: "new" before the daemon saw it for the first time,
 * "removed" when only the store knows it. */
static const char *
state_of(const struct report *r, const struct entry *e)
{
	if (!e->configured)
		return ("removed");
	if (!e->has_status && !e->has_checkpoint)
		return ("new");
	if (r->owner == 0 || !e->has_status)
		return ("stopped");
	return (e->status.state);
}

static void
print_table(const struct report *r, const struct config *cfg)
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
	status_client_print(cfg, r->owner != 0);
}

/* RFC 3339, or null for never. */
static json_t *
json_time(int64_t seconds)
{
	char text[DATE_TEXT];

	if (seconds == 0 || date_utc(seconds, text) == -1)
		return (json_null());
	return (json_string(text));
}

static json_t *
json_entry(const struct report *r, const struct entry *e)
{
	const struct checkpoint_status *s = &e->status;
	const struct checkpoint *c = &e->checkpoint;
	json_t *error;

	/* A text that was cut within a character is no UTF-8. */
	error = s->last_error[0] != '\0' ? json_string(s->last_error) : NULL;
	if (error == NULL && s->last_error[0] != '\0')
		error = json_string("(not UTF-8)");
	return (json_pack("{s:s s:s s:s s:b s:o s:o s:o s:o s:o s:o}",
	    "account", e->account, "mailbox", e->mailbox, "state",
	    state_of(r, e), "configured", e->configured, "uid",
	    e->has_checkpoint ? json_integer(c->uid) : json_null(),
	    "uidValidity",
	    e->has_checkpoint ? json_integer((json_int_t)c->uidvalidity)
			      : json_null(),
	    "lag",
	    e->has_status ? json_integer((json_int_t)s->lag) : json_null(),
	    "lastSuccess", json_time(s->last_success), "lastErrorAt",
	    json_time(s->last_error_at), "lastError",
	    error != NULL ? error : json_null()));
}

static int
print_json(const struct report *r, const struct config *cfg)
{
	json_t *all, *list, *one;
	size_t i;
	int rc = 0;

	list = json_array();
	for (i = 0; i < r->n && rc == 0; i++) {
		one = json_entry(r, &r->entries[i]);
		rc = json_array_append_new(list, one);
	}
	all = json_pack("{s:s s:o s:o s:o}", "state", cfg->state, "pid",
	    r->owner > 0 ? json_integer(r->owner) : json_null(), "mailboxes",
	    list, "oauth2", status_client_json(cfg, r->owner != 0));
	if (rc == -1 || all == NULL ||
	    json_dumpf(all, stdout, JSON_INDENT(2)) == -1)
		rc = -1;
	putchar('\n');
	json_decref(all);
	return (rc);
}

static void
clear(struct report *r)
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
	struct report r = { 0 };
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
