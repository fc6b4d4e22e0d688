#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/config/admin.h"
#include "bridge/config/section.h"

/* "ADDRESS:PORT" in its halves: 0, or -1. */
static int
split(const char *text, struct config_admin *a)
{
	const char *colon = strrchr(text, ':');
	size_t len;
	char *end;
	long n;

	if (colon == NULL || colon[1] < '0' || colon[1] > '9')
		return (-1);
	n = strtol(colon + 1, &end, 10);
	if (*end != '\0' || n < 1 || n > 65535)
		return (-1);
	a->port = (uint16_t)n;
	len = (size_t)(colon - text);
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		a->ipv6 = 1;
		text++;
		len -= 2;
	}
	if (len >= sizeof(a->host))
		return (-1);
	memcpy(a->host, text, len);
	return (0);
}

/* An address of numbers: a name might mean another machine tomorrow. */
static int
parse(const char *text, struct config_admin *a)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (split(text, a) == -1)
		return (-1);
	if (strcmp(a->host, "localhost") == 0)
		(void)snprintf(a->host, sizeof(a->host), "127.0.0.1");
	if (a->ipv6) {
		if (inet_pton(AF_INET6, a->host, &v6) != 1)
			return (-1);
		a->loopback = IN6_IS_ADDR_LOOPBACK(&v6);
	} else {
		if (inet_pton(AF_INET, a->host, &v4) != 1)
			return (-1);
		a->loopback = ntohl(v4.s_addr) >> 24 == 127;
	}
	return (0);
}

void
admin_read(struct section *s, struct config_admin *a)
{
	struct section *admin;

	if ((admin = section_child(s, "admin")) == NULL)
		return;
	a->listen = section_required(admin, "listen");
	if (a->listen[0] != '\0' && parse(a->listen, a) == -1)
		section_error(admin, "listen",
		    "\"%s\" is no ADDRESS:PORT, such as 127.0.0.1:9464, "
		    "0.0.0.0:9464 or [::1]:9464",
		    a->listen);
	a->place = section_place(admin, "listen");
	section_end(admin, NULL);
}

void
admin_clear(struct config_admin *a)
{
	free(a->place);
}
