/* fit.h - making an event fit a sink.  What is too large leaves it in this
 * order: the raw message and attachment contents (to be stored by their hash),
 * the ends of the bodies, then header fields, structure, attachment entries,
 * lists. */
#ifndef FIT_H
#define FIT_H

#include "bridge/envelope/event.h"
#include "bridge/envelope/fields.h"
#include "bridge/envelope/mail.h"

/* An event's JSON with its holes.  The raw message goes into the one that has
 * no part, its content into that of a part where the plan has contents and the
 * part is not stored, null into the others. */
struct fit {
	const struct event *event;
	const struct envelope_options *options;
	struct buf json;
	struct fields_plan plan;
	struct fields_hole *holes;
	size_t nholes;
	int raw_stored; /* the raw message is not in the event but a blob */
	size_t len;	/* of the whole, its holes filled */
};

/* Write the data of ${ev}, whose attributes are set, so that it is at most
 * max_event_bytes long; decides which parts are stored.  0; or -1: FAULT_CONFIG
 * if that is too small for any event, FAULT_RETRY if memory is out.  Call
 * fit_free() in either case. */
int fit_write(struct fit *, struct mail *, const struct event *ev,
    const struct envelope_options *, struct fault *);
void fit_free(struct fit *);

/* The octets for a hole, as base64 in quotes; 0 for null. */
size_t fit_filling(
    const struct fit *, const struct mail *, const struct fields_hole *);

#endif
