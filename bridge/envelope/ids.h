/* ids.h - message ids, as in Message-ID, In-Reply-To and References. */
#ifndef IDS_H
#define IDS_H

#include "bridge/envelope/arena.h"
#include "bridge/envelope/span.h"

struct ids {
	struct span *items; /* without <>, in order */
	size_t n;
	int cut; /* there were more than LIMIT_ENVELOPE_IDS */
};

/* Read an unfolded value.  What stands between ids is skipped; bare words are
 * taken when they hold an '@' and there is nothing in <>.  n is 0 where there
 * is no id. */
void ids_parse(struct ids *, struct arena *, struct span unfolded);

#endif
