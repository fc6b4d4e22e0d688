/* mail_event.h - a mail, its event, and what the event says. */
#ifndef MAIL_EVENT_H
#define MAIL_EVENT_H

#include <jansson.h>
#include <stddef.h>

#include "bridge/envelope/event.h"

struct message;

extern const struct envelope_options mail_inline; /* attachments in the event */
extern const char mail_two_files[]; /* two attachments with the same octets */

/* UID 42 of INBOX; ${raw} may be NULL. */
struct message *mail_message(const char *raw, size_t len);

/* It must have one, on one line. */
struct event *mail_event(struct message *, const struct envelope_options *);

/* Its data must be JSON. */
json_t *mail_json(const struct event *);

/* All three. */
json_t *mail_convert(const char *raw);

const char *json_text(json_t *, const char *key);
int json_problem(json_t *, const char *code);

#endif
