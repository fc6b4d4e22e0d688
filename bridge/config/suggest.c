#include <string.h>

#include "bridge/config/suggest.h"

/* Longer words are no slips of our keys. */
#define SUGGEST_MAX 48

static unsigned
least(unsigned a, unsigned b)
{
	return (a < b ? a : b);
}

/* Optimal string alignment distance of two words of at most SUGGEST_MAX. */
static unsigned
distance(const char *a, size_t alen, const char *b, size_t blen)
{
	unsigned d[3][SUGGEST_MAX + 1];
	unsigned *before = d[0], *above = d[1], *row = d[2], *spare;
	size_t i, j;

	for (j = 0; j <= blen; j++)
		above[j] = before[j] = (unsigned)j;
	for (i = 1; i <= alen; i++) {
		row[0] = (unsigned)i;
		for (j = 1; j <= blen; j++) {
			row[j] = least(above[j] + 1, row[j - 1] + 1);
			row[j] = least(
			    row[j], above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		spare = before;
		before = above;
		above = row;
		row = spare;
	}
	return (above[blen]);
}

const char *
suggest_nearest(const char *word, const char *const *names, size_t n)
{
	const char *best = NULL;
	unsigned d, limit;
	size_t i, len, len2;

	/* A third of the letters wrong: more is another word. */
	len = strlen(word);
	if (len == 0 || len > SUGGEST_MAX)
		return (NULL);
	limit = len < 3 ? 1 : (unsigned)(len + 2) / 3;
	for (i = 0; i < n; i++) {
		len2 = strlen(names[i]);
		if (len2 > SUGGEST_MAX)
			continue;
		d = distance(word, len, names[i], len2);
		if (d <= limit && d < len2) {
			best = names[i];
			limit = d == 0 ? 0 : d - 1;
			if (d == 0)
				break;
		}
	}
	return (best);
}
