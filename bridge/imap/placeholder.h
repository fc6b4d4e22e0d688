/* placeholder.h - what Exchange sends in place of a message that it cannot
 * convert: mail in form, but not the mail that came.  Often it can, later. */
#ifndef PLACEHOLDER_H
#define PLACEHOLDER_H

#include <stddef.h>

/* Are the ${len} octets at ${raw} such a one?  Sender, subject and body must
 * all fit: people forward them and write about them. */
int placeholder_is(const char *raw, size_t len);

#endif
