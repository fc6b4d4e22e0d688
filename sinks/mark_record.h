/* mark_record.h - marks as sinks store them beside the events: JSON that people
 * and other programs can read.
 *
 *   {"account": "support", "mailbox": "INBOX", "uidValidity": 7, "uid": 129,
 *    "above": "131:135,140", "epoch": 0, "below": "1:126,128:129"}
 *
 * and, once for a sink, who stores them and what was stored last:
 *
 *   {"session": "5c0e...", "generation": 3, "batch": 812, "by": "host:4711"}
 */
#ifndef MARK_RECORD_H
#define MARK_RECORD_H

#include <jansson.h>
#include <stdint.h>

#include "sinks/sink.h"

/* One process at work.  Whoever comes later has the higher generation, and the
 * earlier one rests when it sees that. */
struct mark_owner {
	char session[33];
	uint64_t generation;
	uint64_t batch; /* the last one stored; each has one transaction */
	char by[160];	/* host and pid, for people */
};

/* A session of our own, of generation 0. */
void mark_owner_init(struct mark_owner *);

/* As JSON; the caller frees it.  NULL if memory is out. */
char *mark_record_write(const struct sink_mark *);
char *mark_owner_write(const struct mark_owner *);

/* Read what was written: 0, with strings that live as long as ${record}; or -1
 * if it is something else. */
int mark_record_read(const json_t *record, struct sink_mark *);
int mark_owner_read(const json_t *record, struct mark_owner *);

#endif
