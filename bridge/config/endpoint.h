/* endpoint.h - what the config says of servers, whoever talks to them. */
#ifndef ENDPOINT_H
#define ENDPOINT_H

struct section;

/* Does ${host}, a name or an address without brackets, mean this machine? */
int endpoint_is_loopback(const char *host);

/* Note a mistake at "proxy" unless ${url} is one that libcurl takes. */
void endpoint_check_proxy(struct section *, const char *url);

#endif
