/* checkpoint export: all that a mailbox's marks need to go on elsewhere. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "bridge/buf.h"
#include "bridge/cli/checkpoint_lines.h"
#include "bridge/cli/reset_json.h"
#include "bridge/config/config.h"
#include "bridge/fault.h"
#include "bridge/reset.h"
#include "bridge/store/checkpoint.h"
#include "bridge/watch/fingerprint.h"

struct export
{
	struct checkpoint_store *store;
	json_t *more; /* by mailbox: what goes with its first line */
	struct fault f;
};

static void
print(json_t *line)
{
	json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(line);
}

/* What is said of a mailbox beside its marks; NULL if memory is out. */
static json_t *
more_of(struct export *e, const char *account, const char *mailbox)
{
	json_t *more;
	char *key;

	if (asprintf(&key, "%s/%s", account, mailbox) == -1)
		return (NULL);
	if ((more = json_object_get(e->more, key)) == NULL) {
		more = json_pack(
		    "{s:s s:s}", "account", account, "mailbox", mailbox);
		json_object_set_new(e->more, key, more);
	}
	free(key);
	return (more);
}

static void
add_epoch(void *arg, const char *account, const char *mailbox, uint64_t epoch)
{
	json_object_set_new(more_of(arg, account, mailbox), "epoch",
	    json_integer((json_int_t)epoch));
}

static void
add_reset(
    void *arg, const char *account, const char *mailbox, const struct reset *r)
{
	json_t *more = more_of(arg, account, mailbox), *list;

	if ((list = json_object_get(more, "resets")) == NULL) {
		list = json_array();
		json_object_set_new(more, "resets", list);
	}
	json_array_append_new(list, reset_to_json(r));
}

/* malloc'ed, or NULL if there are none. */
static char *
prints_text(struct export *e, const char *account, const char *mailbox)
{
	struct fingerprint *prints;
	struct fault f;
	struct buf text;
	size_t i, n;

	prints = checkpoint_prints(e->store, account, mailbox, &n, &f);
	if (prints == NULL && f.kind != FAULT_NONE)
		e->f = f;
	buf_init(&text, SIZE_MAX / 2);
	for (i = 0; i < n; i++) {
		if (i > 0)
			(void)buf_putc(&text, ',');
		fingerprint_write(&text, &prints[i]);
	}
	free(prints);
	return (buf_take(&text));
}

/* Which UIDs below the mark are no news. */
static void
put_below(struct export *e, json_t *line, const char *account,
    const char *mailbox, const struct checkpoint *c)
{
	struct fault f;
	char *below;

	if (checkpoint_below(e->store, account, mailbox, c, &below, &f) == -1)
		e->f = f;
	else if (below != NULL)
		json_object_set_new(line, "below", json_string(below));
	free(below);
}

static void
export_row(void *arg, const char *account, const char *mailbox,
    const struct checkpoint *c)
{
	struct export *e = arg;
	json_t *line, *more;
	char *prints;

	line = json_pack("{s:s s:s s:I s:I s:I s:s s:I}", "account", account,
	    "mailbox", mailbox, "uidValidity", (json_int_t)c->uidvalidity,
	    "uid", (json_int_t)c->uid, "sinceBelow", (json_int_t)c->since_below,
	    "since", c->since, "committedAt", (json_int_t)c->committed_at);
	put_below(e, line, account, mailbox, c);
	more = more_of(e, account, mailbox);
	if (json_object_get(more, "written") == NULL) {
		json_object_update(line, more);
		json_object_clear(more);
		json_object_set_new(more, "written", json_true());
		prints = prints_text(e, account, mailbox);
		if (prints != NULL)
			json_object_set_new(
			    line, "fingerprints", json_string(prints));
		free(prints);
	}
	print(line);
}

/* Those without a mark keep their epoch, or ids would be given out again. */
static void
export_rest(const struct export *e)
{
	const char *key;
	json_t *more;

	json_object_foreach(e->more, key, more)
	{
		if (json_object_get(more, "written") == NULL)
			print(json_incref(more));
	}
}

static int
export_store(struct export *e, struct fault *f)
{
	if (!checkpoint_is_current(e->store))
		return (fault_set(f, FAULT_DATA,
		    "the store is of an older version, without all that is to "
		    "be exported: start mailbridge run once before"));
	if (checkpoint_each_epoch(e->store, add_epoch, e, f) == -1 ||
	    checkpoint_each_reset(e->store, add_reset, e, f) == -1 ||
	    checkpoint_each(e->store, export_row, e, f) == -1)
		return (-1);
	export_rest(e);
	*f = e->f;
	return (f->kind == FAULT_NONE ? 0 : -1);
}

int
checkpoint_lines_export(const struct config *config)
{
	struct export e = { .f = { .kind = FAULT_NONE } };
	struct fault f;
	int rc = 0;

	e.store = checkpoint_open(config->state, CHECKPOINT_READ, &f);
	if (e.store == NULL && f.kind != FAULT_NONE)
		return (checkpoint_lines_failed("export", &f));
	checkpoint_lines_head();
	e.more = json_object();
	if (e.store != NULL)
		rc = export_store(&e, &f);
	json_decref(e.more);
	checkpoint_close(e.store);
	return (rc == -1 ? checkpoint_lines_failed("export", &f) : EX_OK);
}
