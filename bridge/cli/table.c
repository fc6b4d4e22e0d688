#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "bridge/cli/table.h"
#include "bridge/envelope/date.h"

#define TABLE_COLUMNS 12

struct table {
	size_t ncolumns;
	size_t widths[TABLE_COLUMNS];
	char **cells;
	size_t ncells;
	size_t cap;
};

static void *
must(void *p)
{
	if (p == NULL) {
		fputs("mailbridge: out of memory\n", stderr);
		exit(EX_OSERR);
	}
	return (p);
}

/* Characters of UTF-8 text: near enough to what a terminal shows. */
static size_t
width(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return (n);
}

void
table_text(struct table *t, const char *text)
{
	size_t column, w;
	char *p;

	if (t->ncells == t->cap) {
		t->cap = t->cap != 0 ? t->cap * 2 : 64;
		t->cells =
		    must(reallocarray(t->cells, t->cap, sizeof(*t->cells)));
	}
	p = t->cells[t->ncells] = must(strdup(text));
	column = t->ncells++ % t->ncolumns;
	for (; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	}
	w = width(text);
	if (w > t->widths[column])
		t->widths[column] = w;
}

struct table *
table_new(const char *const *headers)
{
	struct table *t;
	size_t i;

	t = must(calloc(1, sizeof(*t)));
	while (headers[t->ncolumns] != NULL && t->ncolumns < TABLE_COLUMNS)
		t->ncolumns++;
	for (i = 0; i < t->ncolumns; i++)
		table_text(t, headers[i]);
	return (t);
}

void
table_number(struct table *t, uint64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, n);
	table_text(t, text);
}

void
table_time(struct table *t, int64_t seconds)
{
	char text[DATE_TEXT];

	if (seconds == 0 || date_utc(seconds, text) == -1)
		table_text(t, "-");
	else
		table_text(t, text);
}

void
table_end(struct table *t, FILE *out)
{
	size_t column, i, pad;

	for (i = 0; i < t->ncells; i++) {
		column = i % t->ncolumns;
		fputs(t->cells[i], out);
		if (column + 1 < t->ncolumns) {
			pad = t->widths[column] - width(t->cells[i]) + 2;
			fprintf(out, "%*s", (int)pad, "");
		} else
			putc('\n', out);
		free(t->cells[i]);
	}
	free(t->cells);
	free(t);
}
