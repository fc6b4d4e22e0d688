/* page.h - the status page: plain HTML for a person with a browser.  Every
 * text is escaped; it loads nothing and runs nothing. */
#ifndef PAGE_H
#define PAGE_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct oauth2_facts;
struct report_mailbox;

/* Mailboxes that are listed: those in trouble, and others while there is room.
 * /status has all. */
#define PAGE_MAILBOXES 500

struct page {
	struct buf *out;
	int64_t now;
	size_t shown, hidden, good, bad;
};

/* In this order. */
void page_begin(struct page *, int64_t started_at);
void page_text(struct page *, const char *text); /* as it is, line by line */
void page_clients(struct page *);
void page_client(struct page *, const struct oauth2_facts *);
void page_mailboxes(struct page *);
void page_mailbox(struct page *, const struct report_mailbox *);
void page_end(struct page *);

#endif
