/* status_sink.h - the sinks in `mailbridge status`: which one is down, slow or
 * left to another process, and why. */
#ifndef STATUS_SINK_H
#define STATUS_SINK_H

struct config;
struct report;

/* Print them as a table after the mailboxes'.  ${running}: is a daemon running,
 * of which this is told? */
void status_sink_print(const struct config *, int running);

/* Write them into the report. */
void status_sink_report(const struct config *, int running, struct report *);

#endif
