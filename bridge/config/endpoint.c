#include <arpa/inet.h>
#include <string.h>

#include "bridge/config/endpoint.h"
#include "bridge/config/section.h"

int
endpoint_is_loopback(const char *host)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (strcasecmp(host, "localhost") == 0)
		return (1);
	if (inet_pton(AF_INET, host, &v4) == 1)
		return (ntohl(v4.s_addr) >> 24 == 127);
	return (
	    inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6));
}

/* What libcurl takes.  The value is not shown: it may hold a password. */
void
endpoint_check_proxy(struct section *s, const char *url)
{
	static const char *const schemes[] = { "http", "https", "socks4",
		"socks4a", "socks5", "socks5h" };
	const char *rest;
	size_t i, len;

	rest = strstr(url, "://");
	len = rest != NULL ? (size_t)(rest - url) : 0;
	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (strlen(schemes[i]) == len &&
		    strncmp(url, schemes[i], len) == 0)
			break;
	}
	if (i == sizeof(schemes) / sizeof(schemes[0]) || rest[3] == '\0' ||
	    strpbrk(url, " \t\r\n") != NULL) {
		section_error(s, "proxy",
		    "must be a URL: http, https, socks4, socks4a, socks5 or "
		    "socks5h, then ://HOST:PORT");
		return;
	}
	if (strchr(rest, '@') != NULL)
		section_error(s, "proxy",
		    "a user and a password in it are not supported by this "
		    "version");
}
