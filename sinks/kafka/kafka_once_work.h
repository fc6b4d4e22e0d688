/* kafka_once_work.h - the calls of kafka_once.c that wait for brokers, and what
 * goes into a transaction beside the events. */
#ifndef KAFKA_ONCE_WORK_H
#define KAFKA_ONCE_WORK_H

#include <uv.h>

struct kafka;

/* On a worker, where it has the producer for itself: the step that the sink is
 * at.  The result is in k->once: error, fault, lost, unknown, records. */
void kafka_once_work(uv_work_t *);

/* From the loop: add the marks of the mailboxes whose events are in the open
 * transaction, and the owner's record.  0, or -1. */
int kafka_once_add_marks(struct kafka *);

#endif
