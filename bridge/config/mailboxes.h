/* mailboxes.h - the list of mailboxes of one account. */
#ifndef MAILBOXES_H
#define MAILBOXES_H

struct config_account;
struct section;

/* Read "mailboxes" of ${s} into ${a}; [INBOX] if absent.  INBOX, which is the
 * same in any case (RFC 9051 section 5.1), is written so.  Mistakes are noted
 * in the section. */
void mailboxes_read(struct section *s, struct config_account *a);

#endif
