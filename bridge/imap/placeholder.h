/* placeholder.h - mail in form, but not the mail that came: what Exchange sends
 * in place of a message that it cannot convert (often it can, later), and
 * Courier in place of one that is expunged. */
#ifndef PLACEHOLDER_H
#define PLACEHOLDER_H

struct message;

/* Is it such a one?  Sender, subject and body must all fit: people forward them
 * and write about them.  Where header and text came apart, one of both may be
 * that of a placeholder, and is enough. */
int placeholder_is(const struct message *);

#endif
