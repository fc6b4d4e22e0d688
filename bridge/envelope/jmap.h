/* jmap.h - what RFC 8621's Email object says beyond envelope v1. */
#ifndef JMAP_H
#define JMAP_H

struct event;
struct mail;

/* Give the mail its threadId and mailboxIds, and its parts their header fields
 * in raw form; note which parts have the same content.  0, or -1 if memory is
 * out or OpenSSL fails. */
int jmap_prepare(struct mail *, const struct event *);

#endif
