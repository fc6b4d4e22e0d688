/* mark_batch.h - the marks that are stored with a batch of events: one for each
 * mailbox in it, as the sink's host tells it. */
#ifndef MARK_BATCH_H
#define MARK_BATCH_H

#include <stddef.h>

struct event;
struct sink_host;

struct mark_batch_item {
	const struct event *ev;
	void *ticket;
};

/* Call ${put} with the key ("account/mailbox") and the record (JSON) of each;
 * both are malloc'ed and become its own.  Reorders the ${n} items.  0; or -1 if
 * memory is out, or as soon as put() returns it. */
int mark_batch(const struct sink_host *, struct mark_batch_item *, size_t n,
    int (*put)(void *arg, char *key, char *record), void *arg);

#endif
