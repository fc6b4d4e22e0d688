/* cloudevent.h - events by CloudEvents 1.0.2: its attributes, and its JSON
 * event format around the data. */
#ifndef CLOUDEVENT_H
#define CLOUDEVENT_H

#include "bridge/buf.h"
#include "bridge/envelope/event.h"

/* The source of all events of a mailbox, "/mailbridge/<account>/<mailbox>" with
 * what is not unreserved in RFC 3986 percent-encoded.  The caller frees it;
 * NULL if memory is out. */
char *cloudevent_source(const char *account, const char *mailbox);

/* Say in ${ev} how its attributes travel: content_type and attributes. */
void cloudevent_carry(struct event *ev, enum envelope_cloudevents);

/* Write what stands before the data of ${ev} (its attributes are set) and what
 * stands after it: nothing, unless the mode is structured. */
void cloudevent_open(
    struct buf *out, const struct event *ev, enum envelope_cloudevents);
void cloudevent_close(struct buf *out, enum envelope_cloudevents);

#endif
