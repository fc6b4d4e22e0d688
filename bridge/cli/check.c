#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "bridge/config/config.h"
#include "bridge/fault.h"
#include "bridge/cli/args.h"
#include "bridge/cli/check.h"
#include "bridge/cli/cli.h"

static void
warn_unused_sinks(const struct config *cfg)
{
	char *used;
	size_t i, j;

	if ((used = calloc(cfg->nsinks + 1, 1)) == NULL)
		return;
	for (i = 0; i < cfg->naccounts; i++) {
		for (j = 0; j < cfg->accounts[i].nsinks; j++)
			used[cfg->accounts[i].sinks[j]] = 1;
	}
	if (cfg->dead_letter != CONFIG_NO_SINK)
		used[cfg->dead_letter] = 1;
	for (i = 0; i < cfg->nsinks; i++) {
		if (!used[i])
			fprintf(stderr,
			    "%s: warning: %s: no account uses this sink\n",
			    cfg->path, cfg->sinks[i].path);
	}
	free(used);
}

/* Allowed, and more often a copy that was not edited to its end. */
static void
warn_same_mailbox(const struct config *cfg)
{
	const struct config_account *a;
	json_t *seen, *before;
	char key[1024];
	size_t i, j;

	if ((seen = json_object()) == NULL)
		return;
	for (i = 0; i < cfg->naccounts; i++) {
		a = &cfg->accounts[i];
		for (j = 0; j < a->nmailboxes; j++) {
			(void)snprintf(key, sizeof(key), "%s\n%s\n%s", a->host,
			    a->user, a->mailboxes[j]);
			before = json_object_get(seen, key);
			if (before != NULL)
				fprintf(stderr,
				    "%s: warning: accounts[%zu].mailboxes[%zu]:"
				    " the account %s watches the same mailbox"
				    "\n",
				    cfg->path, i, j, json_string_value(before));
			else
				json_object_set_new(
				    seen, key, json_string(a->name));
		}
	}
	json_decref(seen);
}

int
cli_check(int argc, char **argv)
{
	struct config *cfg;
	struct args args;
	struct fault f;
	size_t i, mailboxes = 0;
	int code = EX_OK;

	if (args_parse(&args, argc, argv) == -1)
		return (EX_USAGE);
	if ((cfg = config_load(args_value(&args, "config"), &f)) == NULL) {
		fprintf(stderr, "%s\n", f.text);
		return (fault_exit_code(f.kind));
	}
	warn_unused_sinks(cfg);
	warn_same_mailbox(cfg);
	if (args_value(&args, "offline") == NULL)
		code = check_online(cfg);
	for (i = 0; i < cfg->naccounts; i++)
		mailboxes += cfg->accounts[i].nmailboxes;
	if (code == EX_OK)
		printf("%s: ok (accounts: %zu, mailboxes: %zu, sinks: %zu)\n",
		    cfg->path, cfg->naccounts, mailboxes, cfg->nsinks);
	config_free(cfg);
	return (code);
}
