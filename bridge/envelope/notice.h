/* notice.h - events that are not a mail's own.  Pure, like event.h. */
#ifndef NOTICE_H
#define NOTICE_H

#include "bridge/envelope/event.h"

/* A dead letter: ${sink} refused the event of ${m} for good, because of
 * ${reason}.  Its data, of the type EVENT_REFUSED: account, mailbox,
 * uidValidity, uid, id (of the event that was refused), sink, reason, flags,
 * receivedAt, size, blobId (null for a mail that its server never handed over),
 * and raw, the whole mail in base64; null where that does not fit
 * max_event_bytes: then it is stored by its blobId.  Its id is
 * "<uidValidity>-<uid>-refused-<sink>".  Of the notice of a reset uid is 0, and
 * raw is what notice_text() wrote.  NULL with ${f} as event_new(). */
struct event *notice_refused(const struct message *m, const char *sink,
    const char *reason, const struct envelope_options *, struct fault *f);

/* Write the JSON of the notice that ${m} is, by m->reset, into m->raw.  0, or
 * -1 if memory is out. */
int notice_text(struct message *m);

/* What became of a mailbox that was numbered anew, which m->reset tells: an
 * event of the type EVENT_RESET.  NULL with ${f} as event_new(). */
struct event *notice_reset(
    const struct message *m, const struct envelope_options *, struct fault *f);

#endif
