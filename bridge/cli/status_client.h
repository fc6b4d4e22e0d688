/* status_client.h - the clients of "oauth2:" in `mailbridge status`: when their
 * tokens, secrets and certificates end. */
#ifndef STATUS_CLIENT_H
#define STATUS_CLIENT_H

#include <jansson.h>

struct config;

/* Print them as a table after the mailboxes'; nothing if there are none.
 * ${running}: is a daemon running, whose tokens these are? */
void status_client_print(const struct config *, int running);

/* The same as a list of objects. */
json_t *status_client_json(const struct config *, int running);

#endif
