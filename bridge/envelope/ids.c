#include <string.h>

#include "bridge/limits.h"
#include "bridge/envelope/ids.h"

/* Room for one more id, by doubling: most mails have one, few have hundreds. */
static int
ids_add(struct ids *ids, struct arena *a, struct span id)
{
	struct span *items;

	if (id.len == 0)
		return (0);
	if (ids->n == LIMIT_ENVELOPE_IDS) {
		ids->cut = 1;
		return (-1);
	}
	if ((ids->n & (ids->n - 1)) == 0) {
		items = arena_alloc(a, sizeof(id) * (ids->n ? ids->n * 2 : 1));
		if (items == NULL)
			return (-1);
		if (ids->n != 0)
			memcpy(items, ids->items, sizeof(id) * ids->n);
		ids->items = items;
	}
	ids->items[ids->n++] = id;
	return (0);
}

/* The next word between blanks, or empty at the end. */
static struct span
ids_word(struct span *rest)
{
	struct span word;
	size_t i;

	*rest = span_trim(*rest);
	for (i = 0; i < rest->len && !span_space(rest->data[i]); i++)
		continue;
	word = span_cut(*rest, 0, i);
	*rest = span_cut(*rest, i, rest->len);
	return (word);
}

void
ids_parse(struct ids *ids, struct arena *a, struct span s)
{
	struct span rest = s, id;

	*ids = (struct ids){ .n = 0 };
	while (rest.len != 0) {
		(void)span_split(&rest, '<');
		if (rest.len == 0)
			break;
		id = span_split(&rest, '>');
		/* Another '<' before the '>': the id is what stands last. */
		while (id.len != 0 && memchr(id.data, '<', id.len) != NULL)
			(void)span_split(&id, '<');
		if (ids_add(ids, a, span_trim(id)) == -1)
			return;
	}
	if (ids->n != 0)
		return;
	for (rest = s; (id = ids_word(&rest)).len != 0;)
		if (memchr(id.data, '@', id.len) != NULL &&
		    ids_add(ids, a, id) == -1)
			return;
}
