/* config.h - the whole configuration, read and checked.  Strings live as long
 * as the config.  Lists keep the order of the file. */
#ifndef CONFIG_H
#define CONFIG_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "bridge/config/admin.h"
#include "bridge/envelope/event.h"
#include "bridge/ops/log.h"

struct config_client;
struct config_source;
struct fault;
struct secret;

enum config_tls { CONFIG_TLS_IMPLICIT, CONFIG_TLS_STARTTLS, CONFIG_TLS_NONE };
enum config_start {
	CONFIG_START_NOW,
	CONFIG_START_BEGINNING,
	CONFIG_START_DATE
};

/* What to do when a mailbox's old UIDs mean nothing any more. */
enum config_reset {
	CONFIG_RESET_MATCH, /* find the mails that were not published */
	CONFIG_RESET_ALL,   /* read all of it again */
	CONFIG_RESET_NOW,   /* go on with what comes from now on */
	CONFIG_RESET_STOP   /* leave it to a person */
};

extern const char *const config_resets[]; /* "match", ..., NULL */

#define CONFIG_RETRY_STEPS 16

struct config_retry {
	unsigned first_seconds;
	unsigned then[CONFIG_RETRY_STEPS];
	unsigned nthen;	   /* at least 1 */
	unsigned attempts; /* 0: for ever */
};

struct config_sink {
	const char *name;
	const char *type;
	json_t *value; /* the mapping, for sink_ops.open */
	char path[96]; /* "sinks.events", for section_new() */
};

#define CONFIG_NO_SINK SIZE_MAX

struct config_account {
	const char *name;
	const char *host;
	uint16_t port;
	enum config_tls tls;
	const char *tls_ca; /* absolute path, or NULL: the system's store */
	const char *proxy;  /* or NULL */
	const char *user;
	struct secret *password;	    /* or */
	const struct config_client *client; /* auth.method: oauth2 */
	const char **mailboxes; /* UTF-8 names, nmailboxes of them */
	size_t nmailboxes;
	enum config_start start;
	int start_year, start_month, start_day; /* CONFIG_START_DATE */
	enum config_reset on_reset;
	unsigned idle_seconds; /* 0: what the server bears */
	unsigned poll_seconds;
	unsigned max_connection_seconds;
	unsigned command_seconds;
	unsigned sweep_seconds;
	unsigned max_connections; /* at once; 0: what the server allows */
	struct config_retry retry;
	size_t *sinks; /* indices into the config's, nsinks of them */
	size_t nsinks;
};

struct config {
	struct config_source *source;
	struct secret *secret_key; /* or NULL */
	const char *path;	   /* of the file, as given */
	const char *state;	   /* absolute path of the state directory */
	enum log_level log_level;
	enum log_format log_format;
	struct config_admin admin;
	struct config_retry retry;
	uint64_t inflight_bytes;
	uint64_t max_message_bytes;
	unsigned blob_days; /* retention of the blob store; 0: for ever */
	struct envelope_options envelope; /* max_event_bytes is the sink's */
	struct config_account *accounts;
	size_t naccounts;
	struct config_client *clients; /* "oauth2:", see client.h */
	size_t nclients;
	struct config_sink *sinks;
	size_t nsinks;
	size_t dead_letter; /* index into sinks, or CONFIG_NO_SINK */
};

/* Read ${path} and its includes.  All that can be checked without the network
 * and without reading secrets is checked, the sinks' sections included.  NULL
 * with the first mistake in ${f}: "FILE:LINE:COL: accounts[2].auth.method:
 * unknown method ...". */
struct config *config_load(const char *path, struct fault *f);

void config_free(struct config *);

#endif
