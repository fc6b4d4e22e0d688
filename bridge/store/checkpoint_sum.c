/* rowsum(...) in SQL: what the column "sum" of a row holds for the values of
 * its other columns.  SQLite does not notice a changed byte in a row. */
#include <string.h>

#include "bridge/store/checkpoint_schema.h"

static int64_t
mix_number(int64_t sum, int64_t n)
{
	unsigned char bytes[8];
	int i;

	/* The same on every machine. */
	for (i = 0; i < 8; i++)
		bytes[i] = (unsigned char)((uint64_t)n >> (8 * i));
	return (checkpoint_schema_mix(sum, bytes, sizeof(bytes)));
}

static void
on_rowsum(sqlite3_context *context, int n, sqlite3_value **values)
{
	int64_t sum = 1;
	unsigned char type;
	int i, len;

	for (i = 0; i < n; i++) {
		type = (unsigned char)sqlite3_value_type(values[i]);
		sum = checkpoint_schema_mix(sum, &type, 1);
		if (type == SQLITE_INTEGER) {
			sum = mix_number(sum, sqlite3_value_int64(values[i]));
		} else if (type != SQLITE_NULL) {
			len = sqlite3_value_bytes(values[i]);
			/* The length keeps the values apart. */
			sum = mix_number(sum, len);
			sum = checkpoint_schema_mix(
			    sum, sqlite3_value_blob(values[i]), (size_t)len);
		}
	}
	sqlite3_result_int64(context, sum);
}

int
checkpoint_sum_open(sqlite3 *db)
{
	return (sqlite3_create_function(db, "rowsum", -1,
		    SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
		    NULL, on_rowsum, NULL, NULL) == SQLITE_OK
		? 0
		: -1);
}
