/* mail_private.h - the header's half of taking a message apart. */
#ifndef MAIL_PRIVATE_H
#define MAIL_PRIVATE_H

#include "bridge/envelope/mail.h"

/* Fill in the fields and the properties made of them.  0; -1 if memory is out.
 */
int mail_header(struct mail *, struct span head);

#endif
