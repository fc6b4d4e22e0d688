/* client.h - the section "oauth2:": where access tokens come from. */
#ifndef CLIENT_H
#define CLIENT_H

#include <stddef.h>
#include <stdint.h>

struct config;
struct config_account;
struct secret;
struct section;

enum client_grant {
	CLIENT_CREDENTIALS,	/* RFC 6749 section 4.4 */
	CLIENT_REFRESH_TOKEN,	/* RFC 6749 section 6 */
	CLIENT_SERVICE_ACCOUNT, /* Google's: RFC 7523 section 2.1 */
	CLIENT_COMMAND,		/* what a program prints */
	CLIENT_TOKEN_FILE	/* what a file holds */
};

enum client_provider { CLIENT_OTHER, CLIENT_MICROSOFT365, CLIENT_GOOGLE };

/* One entry.  What its grant has no use for is NULL. */
struct config_client {
	const char *name;
	enum client_grant grant;
	enum client_provider provider;
	const char *exchange; /* host of the cloud's Exchange; or NULL */
	const char *client_id;
	struct secret *client_secret;
	char *certificate; /* path */
	struct secret *certificate_key;
	int rs256; /* assertion_algorithm; else PS256 */
	struct secret *client_assertion;
	struct secret *refresh_token;
	struct secret *key; /* of the service account, JSON */
	struct secret *token;
	const char **command; /* NULL-ended */
	char *token_endpoint; /* NULL: the one in the service account's key */
	char *scope;	      /* or NULL */
	const char *audience; /* of the assertion; NULL: token_endpoint */
	char *tls_ca;	      /* path, or NULL: the system's */
	int64_t expires_at;   /* of the client secret; seconds, 0: unknown */
};

/* Read "oauth2:" of the root ${s} into ${cfg}.  Mistakes are noted there. */
void client_read_all(struct section *s, struct config *cfg);

/* The client ${name}, or NULL. */
const struct config_client *client_find(
    const struct config *cfg, const char *name);

/* Read "auth:" of the account's section ${s}: a password, or one of the clients
 * of ${cfg}, which must have been read. */
void client_read_auth(
    struct section *s, const struct config *cfg, struct config_account *);

/* Free what the clients hold. */
void client_clear_all(struct config *);

#endif
