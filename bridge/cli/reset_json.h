/* reset_json.h - a mailbox's reset in the lines of checkpoint export. */
#ifndef RESET_JSON_H
#define RESET_JSON_H

#include <jansson.h>

struct reset;

/* All of it; NULL if memory is out. */
json_t *reset_to_json(const struct reset *);

/* Read it; to be cleared.  0, or -1 if it is none. */
int reset_from_json(json_t *, struct reset *);

#endif
