/* mailboxes.h - the list of mailboxes of one account. */
#ifndef MAILBOXES_H
#define MAILBOXES_H

struct config_account;
struct section;

/* Read "mailboxes" of ${s} into ${a}; [INBOX] if absent.  INBOX, which is the
 * same in any case (RFC 9051 section 5.1), is written so.  Mistakes are noted
 * in the section. */
void mailboxes_read(struct section *s, struct config_account *a);

/* Is it a pattern, with "*" or "%" (RFC 3501 section 6.3.8)? */
int mailbox_is_pattern(const char *mailbox);

/* Is ${name} what the account watches: named, or matched by a pattern, whatever
 * the server's delimiter is? */
int mailbox_is_covered(const struct config_account *, const char *name);

#endif
