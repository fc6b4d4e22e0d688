#include <string.h>
#include <strings.h>

#include "bridge/imap/capability.h"

static const struct {
	const char *name;
	enum capability bit;
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
	return (set);
}
