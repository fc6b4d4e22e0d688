/* status_client.h - the clients of "oauth2:" in `mailbridge status`: when their
 * tokens, secrets and certificates end. */
#ifndef STATUS_CLIENT_H
#define STATUS_CLIENT_H

struct config;
struct report;

/* Print them as a table after the mailboxes'; nothing if there are none.
 * ${running}: is a daemon running, whose tokens these are? */
void status_client_print(const struct config *, int running);

/* Write them into the report. */
void status_client_report(const struct config *, int running, struct report *);

#endif
