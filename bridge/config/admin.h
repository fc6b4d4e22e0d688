/* admin.h - the section "admin:". */
#ifndef CONFIG_ADMIN_H
#define CONFIG_ADMIN_H

#include <stdint.h>

struct section;

struct config_admin {
	const char *listen; /* "127.0.0.1:9464" as written; NULL: no admin */
	char host[48];	    /* an address of numbers */
	uint16_t port;
	int ipv6;
	int loopback; /* only this machine reaches it */
	char *place;  /* "FILE:LINE:COL: admin.listen", for errors */
};

/* Read "admin:" of the root ${s}.  Mistakes are noted there. */
void admin_read(struct section *s, struct config_admin *);
void admin_clear(struct config_admin *);

#endif
