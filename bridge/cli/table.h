/* table.h - rows of text in columns as wide as they must be. */
#ifndef TABLE_H
#define TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct table;

/* A table with the NULL-ended ${headers}; memory that runs out ends the
 * program. */
struct table *table_new(const char *const *headers);

/* Append one cell, row by row; control characters in it become '?'. */
void table_text(struct table *, const char *);
void table_number(struct table *, uint64_t);

/* A time as "2026-11-23T08:00:00Z"; "-" if it is 0. */
void table_time(struct table *, int64_t);

/* Print it and free it. */
void table_end(struct table *, FILE *);

#endif
