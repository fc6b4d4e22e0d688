#include <string.h>
#include <strings.h>

#include "bridge/imap/capability.h"

/* Which standard: of use in here only. */
#define REV1 (1U << 30)
#define REV2 (1U << 31)

#define IN_REV2                                                      \
	(CAPABILITY_IDLE | CAPABILITY_SASL_IR | CAPABILITY_ESEARCH | \
	    CAPABILITY_UNSELECT | CAPABILITY_ENABLE | CAPABILITY_UTF8_NAMES)

static const struct {
	const char *name;
	unsigned bit;
} table[] = {
	{ "IDLE", CAPABILITY_IDLE },
	{ "ID", CAPABILITY_ID },
	{ "SASL-IR", CAPABILITY_SASL_IR },
	{ "LOGINDISABLED", CAPABILITY_LOGINDISABLED },
	{ "AUTH=PLAIN", CAPABILITY_AUTH_PLAIN },
	{ "AUTH=LOGIN", CAPABILITY_AUTH_LOGIN },
	{ "AUTH=XOAUTH2", CAPABILITY_AUTH_XOAUTH2 },
	{ "AUTH=OAUTHBEARER", CAPABILITY_AUTH_OAUTHBEARER },
	{ "ESEARCH", CAPABILITY_ESEARCH },
	{ "NOTIFY", CAPABILITY_NOTIFY },
	{ "UNSELECT", CAPABILITY_UNSELECT },
	{ "ENABLE", CAPABILITY_ENABLE },
	{ "UTF8=ACCEPT", CAPABILITY_UTF8 },
	{ "UTF8=ONLY", CAPABILITY_UTF8 },
	{ "OBJECTID", CAPABILITY_OBJECTID },
	{ "SAVEDATE", CAPABILITY_SAVEDATE },
	{ "X-GM-EXT-1", CAPABILITY_GMAIL },
	{ "IMAP4rev1", REV1 },
	{ "IMAP4rev2", REV2 },
};

unsigned
capability_read(const char *list)
{
	unsigned set = CAPABILITY_IMAP4;
	size_t i, n;

	while (*list != '\0') {
		n = strcspn(list, " ");
		for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
			if (strlen(table[i].name) == n &&
			    strncasecmp(list, table[i].name, n) == 0)
				set |= table[i].bit;
		}
		list += n;
		list += strspn(list, " ");
	}
	if ((set & (REV1 | REV2)) == REV2)
		set |= IN_REV2;
	return (set & ~(REV1 | REV2));
}
