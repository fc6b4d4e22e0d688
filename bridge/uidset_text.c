#include <stdlib.h>

#include "bridge/buf.h"
#include "bridge/uidset.h"

/* "5" or "5:7" at *text, which moves behind it and a comma. */
static int
read_range(const char **text, uint32_t *lo, uint32_t *hi)
{
	unsigned long first, last;
	char *end;

	if (**text < '0' || **text > '9')
		return (-1);
	first = last = strtoul(*text, &end, 10);
	if (*end == ':' && end[1] >= '0' && end[1] <= '9')
		last = strtoul(end + 1, &end, 10);
	if ((*end != ',' && *end != '\0') || first == 0 || last < first ||
	    last > UINT32_MAX)
		return (-1);
	*text = end + (*end == ',');
	*lo = (uint32_t)first;
	*hi = (uint32_t)last;
	return (0);
}

int
uidset_read(struct uidset *s, const char *text)
{
	uint32_t lo, hi;

	while (*text != '\0') {
		if (read_range(&text, &lo, &hi) == -1 ||
		    uidset_add(s, lo, hi) == -1)
			return (-1);
	}
	return (0);
}

void
uidset_write(const struct uidset *s, struct buf *text)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		(void)buf_printf(
		    text, "%s%u", i > 0 ? "," : "", s->ranges[i].lo);
		if (s->ranges[i].hi != s->ranges[i].lo)
			(void)buf_printf(text, ":%u", s->ranges[i].hi);
	}
}
