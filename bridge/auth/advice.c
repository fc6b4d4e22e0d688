#include <stdlib.h>
#include <string.h>

#include "bridge/auth/advice.h"

/* learn.microsoft.com, "Microsoft Entra authentication and authorization error
 * codes". */
static const struct {
	unsigned long code;
	const char *advice;
} microsoft[] = {
	{ 7000215,
	    "client_secret must be the secret's Value, not its Secret ID; make "
	    "a new one under Certificates & secrets" },
	{ 7000222,
	    "the client secret has expired: make a new one under Certificates "
	    "& secrets, and set expires_at to be warned" },
	{ 700016,
	    "client_id is no application of this tenant: check client_id "
	    "(Application ID) and tenant" },
	{ 700011,
	    "client_id is no application of this tenant: check client_id "
	    "(Application ID) and tenant" },
	{ 70001, "the application is disabled in this tenant" },
	{ 70002, "check client_secret: it must be the secret's Value" },
	{ 90002, "tenant is wrong: use the Directory (tenant) ID" },
	{ 90038,
	    "the tenant is in another cloud: set `cloud` (usgov, usgov_dod, "
	    "china)" },
	{ 900382,
	    "the tenant is in another cloud: set `cloud` (usgov, usgov_dod, "
	    "china)" },
	{ 900023, "tenant is wrong: use the Directory (tenant) ID" },
	{ 700027,
	    "upload this certificate to the application under Certificates & "
	    "secrets, or use the one that is there" },
	{ 700024,
	    "the assertion's times are not valid: is this machine's clock "
	    "right, and the file of client_assertion renewed?" },
	{ 700021,
	    "the assertion must be issued by the application itself: check "
	    "client_id" },
	{ 7000229,
	    "the application has no service principal in this tenant: grant "
	    "admin consent, or run New-MgServicePrincipal" },
	{ 70011, "scope must be https://outlook.office365.com/.default" },
	{ 1002012, "scope must end with /.default for client_credentials" },
	{ 500011,
	    "the resource of scope is not known in this tenant: use "
	    "https://outlook.office365.com/.default" },
	{ 650052,
	    "the tenant has no Exchange Online, or it is not enabled: check "
	    "its subscriptions" },
	{ 65001,
	    "nobody has consented: grant admin consent for the API "
	    "permissions" },
	{ 50034,
	    "the user does not exist in this tenant: check `user` and tenant" },
	{ 50057, "the user's account is disabled" },
	{ 50076,
	    "a person must log in with a second factor: get a new "
	    "refresh_token" },
	{ 50079,
	    "a person must set up a second factor: get a new "
	    "refresh_token" },
	{ 50173, "the password was changed: get a new refresh_token" },
	{ 700082,
	    "the refresh token was unused for too long: get a new "
	    "refresh_token" },
	{ 70000, "the refresh token is not valid: get a new refresh_token" },
	{ 70008, "the refresh token has expired: get a new refresh_token" },
	{ 70043,
	    "the refresh token ended by a sign-in frequency policy: get a new "
	    "refresh_token" },
	{ 530032,
	    "a security policy of the tenant blocks it: ask its "
	    "administrator" },
	{ 530035,
	    "the tenant's security defaults block it: ask its "
	    "administrator" },
	{ 53003,
	    "a Conditional Access policy blocks it: exclude the application, "
	    "or this machine's address" },
	{ 7000218,
	    "the application is a confidential one: set client_secret, "
	    "client_certificate or client_assertion" },
	{ 700025, "the application is a public one: remove client_secret" },
	{ 7000112, "the application is disabled in this tenant" },
	{ 50013,
	    "the assertion's signature is not valid: is it the key of the "
	    "certificate that was uploaded?" },
	{ 700211,
	    "no federated credential has this assertion's issuer: check it "
	    "under Certificates & secrets, Federated credentials" },
	{ 700212,
	    "no federated credential has this assertion's audience: use "
	    "api://AzureADTokenExchange" },
	{ 700213,
	    "no federated credential has this assertion's subject: check it "
	    "under Certificates & secrets, Federated credentials" },
	{ 7002137,
	    "no federated credential has this assertion's subject: check it "
	    "under Certificates & secrets, Federated credentials" },
	{ 7002138,
	    "no federated credential has this assertion's subject: its letters "
	    "must be the same in case, too" },
	{ 70021,
	    "no federated credential fits this assertion: check its issuer, "
	    "subject and audience under Certificates & secrets, Federated "
	    "credentials" },
};

static const struct {
	const char *error;
	const char *advice;
} general[] = {
	{ "invalid_client",
	    "check client_id and its secret, certificate or assertion" },
	{ "invalid_grant",
	    "what was shown is expired, revoked or another client's: get a new "
	    "refresh_token; for a service account check `user` and the clock" },
	{ "unauthorized_client",
	    "the client may not use this grant; for a Google service account: "
	    "is domain-wide delegation authorized for its client ID with the "
	    "scope https://mail.google.com/ ?" },
	{ "invalid_scope", "check `scope`" },
	{ "invalid_target", "check `scope`" },
	{ "unsupported_grant_type", "check `grant` and `token_endpoint`" },
	{ "access_denied",
	    "is the scope authorized for this client by the administrator?" },
};

static unsigned long
microsoft_code(const char *said)
{
	const char *s;

	if ((s = strstr(said, "AADSTS")) == NULL)
		return (0);
	return (strtoul(s + 6, NULL, 10));
}

const char *
advice_find(const char *error, const char *said)
{
	unsigned long code = microsoft_code(said);
	size_t i;

	for (i = 0; i < sizeof(microsoft) / sizeof(microsoft[0]); i++) {
		if (code != 0 && microsoft[i].code == code)
			return (microsoft[i].advice);
	}
	for (i = 0; i < sizeof(general) / sizeof(general[0]); i++) {
		if (strcmp(general[i].error, error) == 0)
			return (general[i].advice);
	}
	return (NULL);
}

int
advice_is_temporary(const char *said)
{
	unsigned long code = microsoft_code(said);

	static const unsigned long codes[] = {
		50196, /* a loop of requests was seen */
		90006, /* temporarily unavailable */
		90012, /* timed out */
		90024, /* a transient error */
		90033, /* a part of it is not available */
		90055, /* too many requests of the tenant */
		90090  /* temporarily unavailable */
	};
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (codes[i] == code)
			return (1);
	}
	return (0);
}
