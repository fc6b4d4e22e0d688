/* What a program writes to its standard error, in our log: whole lines, and not
 * more of them than a person can read. */
#include <string.h>

#include "bridge/ops/log.h"
#include "sinks/exec/exec_program_private.h"

#define MINUTE_MS 60000

static void
write_line(struct exec_log *l, uint64_t now)
{
	l->line[l->len] = '\0';
	l->len = 0;
	if (now - l->since >= MINUTE_MS || l->lines == 0) {
		if (l->left_out > 0)
			log_write(LOG_WARN, "sink", l->sink,
			    "stderr: %zu more lines were left out",
			    l->left_out);
		l->since = now;
		l->lines = l->left_out = 0;
	}
	if (l->lines++ < LIMIT_EXEC_STDERR_LINES)
		log_write(LOG_WARN, "sink", l->sink, "stderr: %s", l->line);
	else
		l->left_out++;
}

void
exec_log_feed(struct exec_log *l, const char *data, size_t len, uint64_t now)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (data[i] != '\n') {
			l->line[l->len++] = data[i] != '\0' ? data[i] : '?';
			if (l->len < LIMIT_EXEC_STDERR_LINE)
				continue;
		}
		if (l->len > 0)
			write_line(l, now);
	}
}
