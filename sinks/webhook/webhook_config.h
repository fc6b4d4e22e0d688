/* webhook_config.h - the keys of a sink of type webhook. */
#ifndef WEBHOOK_CONFIG_H
#define WEBHOOK_CONFIG_H

#include <stddef.h>

struct secret;
struct section;

/* A header of the config: a plain value, or a reference to a secret one. */
struct webhook_header {
	char *name;
	char *value; /* or NULL */
	struct secret *secret;
};

struct webhook_config {
	char *url;
	char *address;		 /* the URL without its query, for messages */
	struct secret **secrets; /* that sign; the newest first */
	size_t nsecrets;
	struct webhook_header *headers;
	size_t nheaders;
	char *ca;	   /* or NULL: the system's */
	char *proxy;	   /* or NULL: as the environment says */
	char *certificate; /* of the client, or NULL; with its key */
	struct secret *key;
	int any_order; /* several requests at once for one mailbox */
	unsigned in_flight;
	unsigned timeout_ms;
	size_t max_event_bytes; /* 0: no limit */
	char refused[100];	/* by status - 400: it means this event */
};

/* Read the section; mistakes are noted in it.  Fills in ${c} either way; the
 * caller gives it back with webhook_config_clear(). */
void webhook_config_read(struct webhook_config *c, struct section *s);

void webhook_config_clear(struct webhook_config *c);

#endif
