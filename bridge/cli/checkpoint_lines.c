#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "bridge/cli/checkpoint_lines.h"
#include "bridge/cli/reset_json.h"
#include "bridge/config/account.h"
#include "bridge/config/config.h"
#include "bridge/fault.h"
#include "bridge/reset.h"
#include "bridge/store/checkpoint.h"
#include "bridge/watch/fingerprint.h"

#define KIND "checkpoints"
#define VERSION 1

/* One row, and what owns its strings and fingerprints. */
struct line {
	json_t *json;
	struct fingerprint *prints;
	struct reset *resets;
	struct checkpoint_row row;
};

struct import {
	struct line *lines;
	size_t n, cap;
	size_t marks; /* of these lines */
	json_t *keys; /* those seen, with their line */
	unsigned long number;
};

int
checkpoint_lines_failed(const char *what, const struct fault *f)
{
	fprintf(stderr, "mailbridge checkpoint %s: %s\n", what, f->text);
	return (fault_exit_code(f->kind));
}

void
checkpoint_lines_head(void)
{
	printf("{\"mailbridge\":\"" KIND "\",\"version\":%d}\n", VERSION);
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
	return (rc);
}

/* The resets of the last line; 0, or -1. */
static int
read_resets(struct import *im, json_t *list)
{
	struct line *line = &im->lines[im->n - 1];
	size_t i;

	if (!json_is_array(list))
		return (-1);
	line->resets = calloc(json_array_size(list) + 1, sizeof(struct reset));
	if (line->resets == NULL)
		return (-1);
	line->row.resets = line->resets;
	for (i = 0; i < json_array_size(list); i++) {
		if (reset_from_json(
			json_array_get(list, i), &line->resets[i]) == -1)
			return (-1);
		line->row.nresets++;
	}
	return (0);
}

/* The same line twice? */
static int
check_key(struct import *im, const struct checkpoint_row *row, struct fault *f)
{
	char key[1400];
	json_t *before;

	(void)snprintf(key, sizeof(key), "%s %" PRIu64 " %.1200s", row->account,
	    row->checkpoint.uidvalidity, row->mailbox);
	if ((before = json_object_get(im->keys, key)) != NULL)
		return (fault_set(f, FAULT_DATA,
		    "line %lu: is the same mailbox as line %lld", im->number,
		    (long long)json_integer_value(before)));
	json_object_set_new(
	    im->keys, key, json_integer((json_int_t)im->number));
	return (0);
}

/* The mark, or, of a mailbox that has none, only its epoch and resets. */
static int
check_row(struct import *im, json_t *json, struct fault *f)
{
	json_int_t uidvalidity = 0, uid = 0, below = 0, committed = 0;
	json_int_t epoch = 0;
	const char *account, *mailbox, *since = "", *prints = "", *late = NULL;
	struct line *line = &im->lines[im->n];
	json_error_t error;
	json_t *resets = NULL;
	int marked;

	marked = json_object_get(json, "uidValidity") != NULL;
	if (json_unpack_ex(json, &error, 0,
		marked ? "{s:s, s:s, s:I, s:I, s:I, s:s, s:I, s?s, s?I, s?o, "
			 "s?s !}"
		       : "{s:s, s:s, s?I, s?I, s?I, s?s, s?I, s?s, s:I, s?o, "
			 "s?s !}",
		"account", &account, "mailbox", &mailbox, "uidValidity",
		&uidvalidity, "uid", &uid, "sinceBelow", &below, "since",
		&since, "committedAt", &committed, "fingerprints", &prints,
		"epoch", &epoch, "resets", &resets, "below", &late) == -1)
		return (fault_set(
		    f, FAULT_DATA, "line %lu: %s", im->number, error.text));
	if (!account_name_valid(account) || mailbox[0] == '\0' ||
	    uidvalidity < marked || uid < 0 || uid > UINT32_MAX || below < 0 ||
	    below > UINT32_MAX || committed < 0 || epoch < 0 ||
	    !since_valid(since))
		return (fault_set(f, FAULT_DATA,
		    "line %lu: a value is out of range", im->number));
	*line = (struct line){
		.row = { .account = account,
		    .mailbox = mailbox,
		    .has_checkpoint = marked,
		    .checkpoint = { .uidvalidity = (uint64_t)uidvalidity,
			.uid = (uint32_t)uid,
			.since_below = (uint32_t)below,
			.committed_at = committed },
		    .epoch = (uint64_t)epoch,
		    .below = late,
		    .replaces = *prints != '\0' || resets != NULL }
	};
	(void)snprintf(line->row.checkpoint.since,
	    sizeof(line->row.checkpoint.since), "%s", since);
	if (check_key(im, &line->row, f) == -1)
		return (-1);
	line->json = json_incref(json);
	im->n++;
	im->marks += (size_t)marked;
	if (*prints != '\0' && read_prints(im, prints) == -1)
		return (fault_set(f, FAULT_DATA,
		    "line %lu: fingerprints: is no list of them", im->number));
	if (resets != NULL && read_resets(im, resets) == -1)
		return (fault_set(f, FAULT_DATA,
		    "line %lu: resets: is no list of them", im->number));
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

/* Where it goes back behind what is stored, a sink must not know better. */
static int
check_back(struct checkpoint_store *store, struct checkpoint_row *row,
    int force, struct fault *f)
{
	struct checkpoint *rows;
	uint64_t epoch;
	size_t i, n;
	int rc = 0, back = 0;

	rows = checkpoint_load(store, row->account, row->mailbox, &n, f);
	if (rows == NULL)
		return (f->kind == FAULT_NONE ? 0 : -1);
	for (i = 0; i < n && !back; i++) {
		back = row->has_checkpoint &&
		    rows[i].uidvalidity == row->checkpoint.uidvalidity &&
		    rows[i].uid > row->checkpoint.uid;
		if (back && !force)
			rc = fault_set(f, FAULT_DATA,
			    "%s/%s: UID %" PRIu32 " is behind UID %" PRIu32
			    ", which is stored: mail would be published again "
			    "(--force does it)",
			    row->account, row->mailbox, row->checkpoint.uid,
			    rows[i].uid);
	}
	free(rows);
	if (rc == -1 || !back)
		return (rc);
	if (checkpoint_epoch(store, row->account, row->mailbox, &epoch, f) ==
	    -1)
		return (-1);
	if (row->epoch <= epoch)
		row->epoch = epoch + 1;
	return (0);
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
		rc = check_back(store, &rows[i], force, f);
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
	size_t i, j;
	int rc;

	if ((rc = read_all(&im, &f)) == 0)
		rc = store_all(&im, config, force, &f);
	if (rc == 0)
		printf("%zu checkpoints imported\n", im.marks);
	for (i = 0; i < im.n; i++) {
		for (j = 0; j < im.lines[i].row.nresets; j++)
			reset_clear(&im.lines[i].resets[j]);
		free(im.lines[i].resets);
		free(im.lines[i].prints);
		json_decref(im.lines[i].json);
	}
	free(im.lines);
	json_decref(im.keys);
	return (rc == 0 ? EX_OK : checkpoint_lines_failed("import", &f));
}
