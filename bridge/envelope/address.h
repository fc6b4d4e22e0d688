/* address.h - the mailboxes of From, To and their like (RFC 5322 section 3.4,
 * with its obsolete forms), as RFC 8621 section 4.1.2.3 wants them: groups
 * dissolved, comments as names where there is no other name, and as much as can
 * be understood of what breaks the rules. */
#ifndef ADDRESS_H
#define ADDRESS_H

#include "bridge/envelope/arena.h"
#include "bridge/envelope/span.h"

struct address {
	struct span name; /* UTF-8; data NULL if there is none */
	struct span email;
};

struct addresses {
	struct address *items;
	size_t n;
	int cut;	/* there were more than the ${max} asked for */
	unsigned found; /* bits of charset.h over all names */
};

/* Read an unfolded value; at most ${max} mailboxes. */
void address_parse(
    struct addresses *, struct arena *, struct span unfolded, size_t max);

#endif
