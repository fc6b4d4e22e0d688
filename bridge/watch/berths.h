/* berths.h - how many connections of one account a server bears, as far as it
 * shows.
 *
 * A refusal is counted out two seconds later: those that are in then are what
 * it allows.  That is believed for an hour: the account's other programs may
 * have taken connections, and may give them back.  Then one more is tried, and
 * so on each hour until all have theirs or one is refused again.  Pure: no I/O,
 * no clock; ${now} is in milliseconds. */
#ifndef BERTHS_H
#define BERTHS_H

#include <stddef.h>
#include <stdint.h>

struct berths {
	size_t allowed; /* connections, as the server showed; 0: any number */
	uint64_t count_at; /* a refusal is counted out; UINT64_MAX: none is */
	uint64_t try_at;   /* one more is tried; UINT64_MAX: never */
};

enum berths_change { BERTHS_SAME, BERTHS_FEWER, BERTHS_MORE };

void berths_init(struct berths *);

/* How many of ${n} mailboxes have a connection of their own: all, or all that
 * ${max} (of the config, 0: any number) and the server allow, less the one that
 * the others share.  ${shared}: that one is needed in any case. */
size_t berths_own(const struct berths *, size_t max, size_t n, int shared);

/* The server refused one more connection. */
void berths_refused(struct berths *, uint64_t now);

/* When berths_look() has something to do; UINT64_MAX: never. */
uint64_t berths_at(const struct berths *);

/* Look what is due: ${in} connections are logged in, for ${n} mailboxes; ${max}
 * and ${shared} as above. */
enum berths_change berths_look(
    struct berths *, size_t in, size_t max, size_t n, int shared, uint64_t now);

#endif
