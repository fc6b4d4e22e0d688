#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/auth/secret.h"
#include "bridge/config/account.h"
#include "bridge/config/client.h"
#include "bridge/config/config.h"
#include "bridge/config/endpoint.h"
#include "bridge/config/mailboxes.h"
#include "bridge/config/section.h"
#include "bridge/config/sinklist.h"
#include "bridge/limits.h"

#define ACCOUNT_NAME_MAX 64

int
account_name_valid(const char *name)
{
	size_t len;

	len = strspn(name,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	    "._-");
	return (len != 0 && len <= ACCOUNT_NAME_MAX && name[len] == '\0' &&
	    strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
}

/* It becomes part of a URL, so nothing but a name or an address may pass. */
static void
check_host(struct section *s, const char *host)
{
	struct in6_addr v6;
	const char *p;

	if (inet_pton(AF_INET6, host, &v6) == 1)
		return;
	if (strchr(host, ':') != NULL && strstr(host, "://") == NULL) {
		section_error(s, "host",
		    "holds a colon: the port has a key of its own, \"port\"");
		return;
	}
	for (p = host; *p != '\0'; p++) {
		if ((unsigned char)*p <= ' ' || *p == 0x7f ||
		    strchr("/:@?#%[]\\\"<>", *p) != NULL) {
			section_error(s, "host",
			    "must be the name or the address of a server");
			return;
		}
	}
}

static void
check_printable(struct section *s, const char *key, const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f) {
			section_error(s, key, "holds a control character");
			return;
		}
	}
}

static void
read_server(struct section *s, struct config_account *a)
{
	static const char *const modes[] = { "implicit", "starttls", "none",
		NULL };

	a->host = section_string(s, "host", "");
	check_host(s, a->host);
	a->tls = (enum config_tls)section_choice(
	    s, "tls", modes, CONFIG_TLS_IMPLICIT);
	a->port = (uint16_t)section_integer(
	    s, "port", a->tls == CONFIG_TLS_IMPLICIT ? 993 : 143, 1, 65535);
	a->tls_ca = section_path(s, "tls_ca", NULL);
	a->proxy = section_string(s, "proxy", NULL);
	if (a->proxy != NULL && a->proxy[0] != '\0')
		endpoint_check_proxy(s, a->proxy);
	a->user = section_string(s, "user", "");
	check_printable(s, "user", a->user);
	if (a->tls == CONFIG_TLS_NONE && a->host[0] != '\0' &&
	    !endpoint_is_loopback(a->host))
		section_error(s, "tls",
		    "none is for loopback hosts only (localhost, 127.0.0.1, "
		    "::1): the password would cross the network in the clear");
	else if (a->tls == CONFIG_TLS_NONE && a->proxy != NULL)
		section_error(s, "tls",
		    "none does not go with a proxy: it would see the password");
}

static int
is_leap(int year)
{
	return ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0);
}

int
account_parse_date(const char *text, int *year, int *month, int *day)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	int n[3] = { 0, 0, 0 }, field = 0, i, last;

	for (i = 0; i < 10; i++) {
		if (i == 4 || i == 7) {
			if (text[i] != '-')
				return (-1);
			field++;
		} else if (text[i] < '0' || text[i] > '9')
			return (-1);
		else
			n[field] = n[field] * 10 + (text[i] - '0');
	}
	if (text[10] != '\0' || n[0] < 1970 || n[1] < 1 || n[1] > 12)
		return (-1);
	last = days[n[1] - 1] + (n[1] == 2 && is_leap(n[0]));
	if (n[2] < 1 || n[2] > last)
		return (-1);
	*year = n[0];
	*month = n[1];
	*day = n[2];
	return (0);
}

static void
read_start(struct section *s, struct config_account *a)
{
	const char *start;

	start = section_string(s, "start", "now");
	a->start = CONFIG_START_NOW;
	if (strcmp(start, "now") == 0)
		return;
	if (strcmp(start, "beginning") == 0)
		a->start = CONFIG_START_BEGINNING;
	else if (account_parse_date(start, &a->start_year, &a->start_month,
		     &a->start_day) == 0)
		a->start = CONFIG_START_DATE;
	else
		section_error(
		    s, "start", "must be now, beginning or a date, YYYY-MM-DD");
}

static void
read_steps(struct section *s, struct config_retry *retry)
{
	json_t *list, *step;
	json_int_t n;
	size_t i;

	if ((list = section_list(s, "then")) == NULL)
		return;
	if (json_array_size(list) == 0 ||
	    json_array_size(list) > CONFIG_RETRY_STEPS) {
		section_error(
		    s, "then", "must have 1 to %d steps", CONFIG_RETRY_STEPS);
		return;
	}
	retry->nthen = 0;
	json_array_foreach(list, i, step)
	{
		n = json_is_integer(step) ? json_integer_value(step) : 0;
		if (n < 1 || n > 86400) {
			section_item_error(s, "then", i,
			    "must be seconds, between 1 and 86400");
			n = 1;
		}
		retry->then[retry->nthen++] = (unsigned)n;
	}
}

void
account_read_retry(struct section *s, const struct config_retry *base,
    struct config_retry *retry)
{
	struct section *child;

	*retry = *base;
	if ((child = section_child(s, "retry")) == NULL)
		return;
	retry->first_seconds = (unsigned)section_integer(
	    child, "first_seconds", base->first_seconds, 0, 86400);
	read_steps(child, retry);
	retry->attempts = (unsigned)section_integer(
	    child, "attempts", base->attempts, 0, 1000000);
	section_end(child, NULL);
}

const char *const config_resets[] = { "match", "all", "now", "stop", NULL };

/* And a key of the contract that does nothing yet. */
static void
read_reset(struct section *s, struct config_account *a)
{
	a->on_reset = (enum config_reset)section_choice(
	    s, "on_reset", config_resets, CONFIG_RESET_MATCH);
	section_unsupported(s, "after_publish");
}

static void
read_common(struct section *s, const struct config *cfg,
    const struct config_retry *base, int required, struct config_account *a)
{
	read_server(s, a);
	client_read_auth(s, cfg, a);
	mailboxes_read(s, a);
	read_start(s, a);
	a->idle_seconds =
	    (unsigned)section_integer(s, "idle_seconds", 0, 1, 1740);
	a->poll_seconds =
	    (unsigned)section_integer(s, "poll_seconds", 60, 1, 86400);
	a->max_connection_seconds = (unsigned)section_integer(
	    s, "max_connection_seconds", 86400, 60, 31536000);
	a->command_seconds = (unsigned)section_integer(
	    s, "command_seconds", LIMIT_COMMAND_SECONDS, 5, 3600);
	a->sweep_seconds =
	    (unsigned)section_integer(s, "sweep_seconds", 3600, 1, 86400);
	a->max_connections =
	    (unsigned)section_integer(s, "max_connections", 0, 0, 100000);
	account_read_retry(s, base, &a->retry);
	sinklist_read(s, cfg, required, a);
	read_reset(s, a);
}

void
account_read(struct section *s, const struct config *cfg,
    const struct config_retry *base, struct config_account *a)
{
	a->name = section_required(s, "name");
	if (section_has(s, "name") && !account_name_valid(a->name))
		section_error(s, "name",
		    "must be 1 to %d letters, digits, dots, underscores and "
		    "hyphens, and not \".\" or \"..\"",
		    ACCOUNT_NAME_MAX);
	section_need(s, "host");
	section_need(s, "user");
	section_need(s, "auth");
	read_common(s, cfg, base, 1, a);
}

void
account_check_defaults(struct section *s, const struct config *cfg,
    const struct config_retry *base)
{
	struct config_account scratch = { 0 };

	if (section_value(s, "name") != NULL)
		section_error(
		    s, "name", "each account needs a name of its own");
	read_common(s, cfg, base, 0, &scratch);
	account_clear(&scratch);
}

void
account_clear(struct config_account *a)
{
	secret_free(a->password);
	free((void *)a->mailboxes);
	free(a->sinks);
	free((void *)(uintptr_t)a->tls_ca);
	*a = (struct config_account){ 0 };
}
