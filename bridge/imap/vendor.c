#include <stddef.h>
#include <string.h>

#include "bridge/imap/vendor.h"

/* Below the ten minutes after which many servers and firewalls forget a
 * connection that says nothing (RFC 2177 allows 29 minutes). */
#define IDLE_SECONDS 540

const struct vendor vendor_unknown = { "unknown", "", IDLE_SECONDS, 0, 0 };

/* Where one server's words may stand in another's, it comes first. */
static const struct vendor table[] = {
	/* Yahoo and AOL end an IDLE after five minutes. */
	{ "Yahoo", "XYMHIGHESTMODSEQ", 240, 0, 0 },
	{ "Yahoo", "imapgate", 240, 0, 0 },
	{ "Yahoo", ".yahoo.com", 240, 0, 0 },
	{ "AOL", ".aol.com", 240, 0, 0 },
	/* Connections in IDLE end after six minutes and more. */
	{ "Yandex", "Yandex", 300, 0, 0 },
	/* Notifications may stop after an hour without an error; the shorter
	 * the IDLE, the less late is what they did not tell.  Messages are made
	 * from what the store has, and two pieces may be of two makings. */
	{ "Exchange", "Microsoft Exchange", 300, 0, 1 },
	/* IDLE is offered, and new mail often not told. */
	{ "NetEase", "Coremail", 120, 0, 0 },
	{ "QQ", "QQMail", 120, 0, 0 },
	{ "Gmail", "Gimap", IDLE_SECONDS, 0, 0 },
	{ "Gmail", "X-GM-EXT-1", IDLE_SECONDS, 0, 0 },
	{ "iCloud", "iSCREAM", IDLE_SECONDS, 0, 0 },
	{ "Zoho", "Zoho", IDLE_SECONDS, 0, 0 },
	/* What EXAMINE shows as UIDs is written down nowhere: a mail that comes
	 * or goes gives its UID to another one.  After SELECT they last. */
	{ "Courier", "Courier-IMAP", IDLE_SECONDS, 1, 0 },
};

const struct vendor *
vendor_of(const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcasestr(text, table[i].words) != NULL)
			return (&table[i]);
	}
	return (NULL);
}
