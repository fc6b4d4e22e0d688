#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bridge/cli/args.h"
#include "bridge/cli/cli.h"
#include "bridge/cli/target.h"
#include "bridge/config/config.h"
#include "bridge/config/mailboxes.h"
#include "bridge/config/suggest.h"

/* Names that are still listed; more fill the screen. */
#define LISTED 12

/* The index of ${name} among ${n} ${names}; or ${n}, told on stderr. */
static size_t
find(const struct args *args, const char *what, const char *name,
    const char *const *names, size_t n)
{
	const char *near;
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(names[i], name) == 0)
			return (i);
	}
	fprintf(stderr, "mailbridge %s: no %s is called \"%s\"",
	    args->cmd->name, what, name);
	near = suggest_nearest(name, names, n);
	if (near != NULL)
		fprintf(stderr, ", did you mean \"%s\"?\n", near);
	else {
		fputs("; there is ", stderr);
		for (i = 0; i < n && i < LISTED; i++)
			fprintf(stderr, "%s%s", i > 0 ? ", " : "", names[i]);
		fputs(i < n ? ", ...\n" : "\n", stderr);
	}
	return (n);
}

int
target_mailbox(const struct args *args, const struct config *c, size_t *account,
    const char **mailbox)
{
	const char *name = args_value(args, "mailbox"), **names;
	const struct config_account *a;
	char what[128];
	size_t i;

	if ((names = calloc(c->naccounts + 1, sizeof(*names))) == NULL)
		return (-1);
	for (i = 0; i < c->naccounts; i++)
		names[i] = c->accounts[i].name;
	*account = find(
	    args, "account", args_value(args, "account"), names, c->naccounts);
	free(names);
	if (*account == c->naccounts)
		return (-1);
	a = &c->accounts[*account];
	if (strcasecmp(name, "INBOX") == 0)
		name = "INBOX";
	(void)snprintf(what, sizeof(what), "mailbox of %s", a->name);
	*mailbox = name;
	if (mailbox_is_pattern(name)) {
		fprintf(stderr,
		    "mailbridge %s: %s is a pattern: give the name of one "
		    "mailbox\n",
		    args->cmd->name, name);
		return (-1);
	}
	if (mailbox_is_covered(a, name))
		return (0);
	(void)find(args, what, name, a->mailboxes, a->nmailboxes);
	return (-1);
}

int
target_sink(const struct args *args, const struct config *c, size_t *sink)
{
	const char *name = args_value(args, "sink"), **names;
	size_t i;

	*sink = CONFIG_NO_SINK;
	if (name == NULL)
		return (0);
	if ((names = calloc(c->nsinks + 1, sizeof(*names))) == NULL)
		return (-1);
	for (i = 0; i < c->nsinks; i++)
		names[i] = c->sinks[i].name;
	i = find(args, "sink", name, names, c->nsinks);
	free(names);
	*sink = i;
	return (i == c->nsinks ? -1 : 0);
}
