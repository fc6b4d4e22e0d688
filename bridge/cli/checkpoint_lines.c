#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "bridge/buf.h"
#include "bridge/checkpoint.h"
#include "bridge/cli/checkpoint_lines.h"
#include "bridge/config/account.h"
#include "bridge/config/config.h"
#include "bridge/fault.h"
#include "bridge/fingerprint.h"

#define KIND "checkpoints"
#define VERSION 1

/* One row, and what owns its strings and fingerprints. */
struct line {
	json_t *json;
	struct fingerprint *prints;
	struct checkpoint_row row;
};

struct import {
	struct line *lines;
	size_t n, cap;
	json_t *keys; /* those seen, with their line */
	unsigned long number;
};

static int
failed(const char *what, const struct fault *f)
{
	fprintf(stderr, "mailbridge checkpoint %s: %s\n", what, f->text);
	return (fault_exit_code(f->kind));
}

static void
print(json_t *line)
{
	json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(line);
}

struct export
{
	struct checkpoint_store *store;
	char *last; /* the mailbox whose fingerprints are out */
	struct fault f;
};

/* The fingerprints of a mailbox, once: with its first row.  malloc'ed, or NULL
 * if there are none. */
static char *
prints_text(struct export *e, const char *account, const char *mailbox)
{
	struct fingerprint *prints;
	char *name = NULL, *result;
	struct buf text;
	size_t i, n;

	if (asprintf(&name, "%s/%s", account, mailbox) == -1)
		return (NULL);
	if (e->last != NULL && strcmp(e->last, name) == 0) {
		free(name);
		return (NULL);
	}
	free(e->last);
	e->last = name;
	prints = checkpoint_prints(e->store, account, mailbox, &n, &e->f);
	buf_init(&text, SIZE_MAX / 2);
	for (i = 0; i < n; i++) {
		if (i > 0)
			(void)buf_putc(&text, ',');
		fingerprint_write(&text, &prints[i]);
	}
	free(prints);
	result = buf_take(&text);
	return (result);
}

static void
export_row(void *arg, const char *account, const char *mailbox,
    const struct checkpoint *c)
{
	struct export *e = arg;
	char *prints = prints_text(e, account, mailbox);
	json_t *line;

	line = json_pack("{s:s s:s s:I s:I s:I s:s s:I}", "account", account,
	    "mailbox", mailbox, "uidValidity", (json_int_t)c->uidvalidity,
	    "uid", (json_int_t)c->uid, "sinceBelow", (json_int_t)c->since_below,
	    "since", c->since, "committedAt", (json_int_t)c->committed_at);
	if (prints != NULL)
		json_object_set_new(line, "fingerprints", json_string(prints));
	free(prints);
	print(line);
}

int
checkpoint_lines_export(const struct config *config)
{
	struct checkpoint_store *store;
	struct export e = { .last = NULL };
	struct fault f;
	int rc = 0;

	store = checkpoint_open(config->state, CHECKPOINT_READ, &f);
	if (store == NULL && f.kind != FAULT_NONE)
		return (failed("export", &f));
	print(json_pack("{s:s s:i}", "mailbridge", KIND, "version", VERSION));
	e.store = store;
	if (store != NULL)
		rc = checkpoint_each(store, export_row, &e, &f);
	free(e.last);
	if (rc == 0 && e.f.kind != FAULT_NONE) {
		f = e.f;
		rc = -1;
	}
	checkpoint_close(store);
	return (rc == -1 ? failed("export", &f) : EX_OK);
}

/* The first line: is this for us? */
static int
check_header(json_t *json, struct fault *f)
{
	const char *kind;
	int version;

	if (json_unpack(json, "{s:s, s:i !}", "mailbridge", &kind, "version",
		&version) == -1 ||
	    strcmp(kind, KIND) != 0)
		return (fault_set(f, FAULT_DATA,
		    "line 1: is not the start of an export: {\"mailbridge\": "
		    "\"" KIND "\", \"version\": %d}",
		    VERSION));
	if (version != VERSION)
		return (fault_set(f, FAULT_DATA,
		    "line 1: version %d is unknown, this mailbridge knows %d",
		    version, VERSION));
	return (0);
}

/* "" or "05-Jan-2026" */
static int
since_valid(const char *since)
{
	int day, year, end = 0;
	size_t i;

	if (since[0] == '\0')
		return (1);
	if (strlen(since) != 11)
		return (0);
	for (i = 0; i < 11; i++) {
		if ((i == 2 || i == 6) != (since[i] == '-'))
			return (0);
		if (i < 2 || i > 6)
			end += since[i] < '0' || since[i] > '9';
	}
	day = (int)strtol(since, NULL, 10);
	year = (int)strtol(since + 7, NULL, 10);
	return (end == 0 && day >= 1 && day <= 31 && year >= 1970);
}

/* The fingerprints of the last line; 0, or -1. */
static int
read_prints(struct import *im, const char *text)
{
	struct line *line = &im->lines[im->n - 1];
	struct fingerprint *more;
	size_t n = 0, max = 0;
	int rc;

	for (;;) {
		if (n == max) {
			max = max * 2 + 64;
			more = reallocarray(line->prints, max, sizeof(*more));
			if (more == NULL)
				return (-1);
			line->prints = more;
		}
		if ((rc = fingerprint_read(&text, &line->prints[n])) != 1)
			break;
		/* In their order, each with a number. */
		if (line->prints[n].seq <=
		    (n > 0 ? line->prints[n - 1].seq : 0))
			return (-1);
		n++;
	}
	line->row.prints = line->prints;
	line->row.nprints = n;
	line->row.replaces_prints = 1;
	return (rc);
}

static int
check_row(struct import *im, json_t *json, struct fault *f)
{
	json_int_t uidvalidity, uid, below, committed;
	const char *account, *mailbox, *since, *prints = "";
	struct checkpoint_row *row;
	json_error_t error;
	json_t *before;
	char key[1400];

	if (json_unpack_ex(json, &error, 0,
		"{s:s, s:s, s:I, s:I, s:I, s:s, s:I, s?s !}", "account",
		&account, "mailbox", &mailbox, "uidValidity", &uidvalidity,
		"uid", &uid, "sinceBelow", &below, "since", &since,
		"committedAt", &committed, "fingerprints", &prints) == -1)
		return (fault_set(
		    f, FAULT_DATA, "line %lu: %s", im->number, error.text));
	if (!account_name_valid(account) || mailbox[0] == '\0' ||
	    uidvalidity < 1 || uid < 0 || uid > UINT32_MAX || below < 0 ||
	    below > UINT32_MAX || committed < 0 || !since_valid(since))
		return (fault_set(f, FAULT_DATA,
		    "line %lu: a value is out of range", im->number));
	(void)snprintf(key, sizeof(key), "%s %lld %.1200s", account,
	    (long long)uidvalidity, mailbox);
	if ((before = json_object_get(im->keys, key)) != NULL)
		return (fault_set(f, FAULT_DATA,
		    "line %lu: is the same mailbox as line %lld", im->number,
		    (long long)json_integer_value(before)));
	json_object_set_new(
	    im->keys, key, json_integer((json_int_t)im->number));
	row = &im->lines[im->n].row;
	*row = (struct checkpoint_row){ .account = account,
		.mailbox = mailbox,
		.has_checkpoint = 1,
		.checkpoint = { .uidvalidity = (uint64_t)uidvalidity,
		    .uid = (uint32_t)uid,
		    .since_below = (uint32_t)below,
		    .committed_at = committed } };
	(void)snprintf(
	    row->checkpoint.since, sizeof(row->checkpoint.since), "%s", since);
	im->lines[im->n].prints = NULL;
	im->lines[im->n++].json = json_incref(json);
	if (*prints != '\0' && read_prints(im, prints) == -1)
		return (fault_set(f, FAULT_DATA,
		    "line %lu: fingerprints: is no list of them", im->number));
	return (0);
}

static int
read_line(struct import *im, const char *text, struct fault *f)
{
	struct line *more;
	json_error_t error;
	json_t *json;
	int rc;

	if (im->n == im->cap) {
		im->cap = im->cap * 2 + 64;
		more = reallocarray(im->lines, im->cap, sizeof(*more));
		if (more == NULL)
			return (fault_set(f, FAULT_RETRY, "out of memory"));
		im->lines = more;
	}
	json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL)
		return (fault_set(
		    f, FAULT_DATA, "line %lu: %s", im->number, error.text));
	rc = im->number == 1 ? check_header(json, f) : check_row(im, json, f);
	json_decref(json);
	return (rc);
}

static int
read_all(struct import *im, struct fault *f)
{
	char *text = NULL;
	size_t size = 0;
	int rc = 0;

	while (rc == 0 && getline(&text, &size, stdin) != -1) {
		im->number++;
		if (text[strspn(text, " \t\r\n")] != '\0' || im->number == 1)
			rc = read_line(im, text, f);
	}
	free(text);
	if (rc == 0 && im->number == 0)
		rc = fault_set(f, FAULT_DATA, "standard input is empty");
	return (rc);
}

/* Would it go back behind what is stored? */
static int
check_back(struct checkpoint_store *store, const struct checkpoint_row *row,
    struct fault *f)
{
	struct checkpoint *rows;
	size_t i, n;
	int rc = 0;

	rows = checkpoint_load(store, row->account, row->mailbox, &n, f);
	if (rows == NULL)
		return (f->kind == FAULT_NONE ? 0 : -1);
	for (i = 0; i < n; i++) {
		if (rows[i].uidvalidity == row->checkpoint.uidvalidity &&
		    rows[i].uid > row->checkpoint.uid)
			rc = fault_set(f, FAULT_DATA,
			    "%s/%s: UID %" PRIu32 " is behind UID %" PRIu32
			    ", which is stored: mail would be published again "
			    "(--force does it)",
			    row->account, row->mailbox, row->checkpoint.uid,
			    rows[i].uid);
	}
	free(rows);
	return (rc);
}

static int
store_all(const struct import *im, const struct config *config, int force,
    struct fault *f)
{
	struct checkpoint_store *store;
	struct checkpoint_row *rows;
	size_t i;
	int rc = 0;

	store = checkpoint_open(config->state, CHECKPOINT_WRITE, f);
	if (store == NULL)
		return (-1);
	if ((rows = calloc(im->n + 1, sizeof(*rows))) == NULL)
		rc = fault_set(f, FAULT_RETRY, "out of memory");
	for (i = 0; i < im->n && rc == 0; i++) {
		rows[i] = im->lines[i].row;
		if (!force)
			rc = check_back(store, &rows[i], f);
	}
	if (rc == 0)
		rc = checkpoint_write(store, rows, im->n, f);
	free(rows);
	checkpoint_close(store);
	return (rc);
}

int
checkpoint_lines_import(const struct config *config, int force)
{
	struct import im = { .keys = json_object() };
	struct fault f;
	size_t i;
	int rc;

	if ((rc = read_all(&im, &f)) == 0)
		rc = store_all(&im, config, force, &f);
	if (rc == 0)
		printf("%zu checkpoints imported\n", im.n);
	for (i = 0; i < im.n; i++) {
		free(im.lines[i].prints);
		json_decref(im.lines[i].json);
	}
	free(im.lines);
	json_decref(im.keys);
	return (rc == 0 ? EX_OK : failed("import", &f));
}
