/* redis_once.h - exactly once: what the script that stores an event must know
 * of the events sent before it.
 *
 * The script keeps, beside the stream, the highest UID stored of each mailbox,
 * and takes no UID twice.  An event that failed while later ones of its mailbox
 * were stored would then be taken for a duplicate for ever; so it is written
 * down there as a hole, by the first later event that is stored:
 *
 *   - an event sent while another of its mailbox is unanswered names that one
 *     ("previous"), and is not stored unless that one was;
 *   - an event sent after others were handed back names them ("holes"). */
#ifndef REDIS_ONCE_H
#define REDIS_ONCE_H

#include <stdint.h>

struct buf;
struct event;
struct redis_once;

/* KEYS: stream, checkpoint hash.  ARGV: field, uidvalidity, uid, previous,
 * holes ("3,5"), maxlen, then the fields of the entry.  Replies 1: stored;
 * 0: was stored before; -1: the previous one is not stored. */
extern const char redis_once_script[];

struct redis_once *redis_once_new(void);

/* ${ev} is about to be sent: gives the previous UID (0: none) and appends the
 * holes.  Events of one mailbox come first in ascending order of UID; those
 * handed back come again in any order.  0, or -1 if memory is out. */
int redis_once_sent(struct redis_once *, const struct event *ev,
    uint32_t *previous, struct buf *holes);

/* The answer to an event sent: stored (1), or handed back (0). */
void redis_once_answered(
    struct redis_once *, const struct event *ev, int stored);

void redis_once_free(struct redis_once *);

#endif
