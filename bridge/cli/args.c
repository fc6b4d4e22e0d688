#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "bridge/config/suggest.h"
#include "bridge/cli/args.h"
#include "bridge/cli/cli.h"

int
args_wrong(const struct cli_command *cmd, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "mailbridge %s: ", cmd->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " (try: mailbridge %s --help)\n", cmd->name);
	return (EX_USAGE);
}

static int
unknown_option(const struct cli_command *cmd, const char *given)
{
	const char *names[ARGS_OPTIONS], *near;
	size_t n;

	if (strncmp(given, "--", 2) != 0)
		return (args_wrong(cmd, "unknown option %s", given));
	for (n = 0; cmd->options[n].name != NULL; n++)
		names[n] = cmd->options[n].name;
	near = suggest_nearest(given + 2, names, n);
	return (args_wrong(cmd, "unknown option %s%s%s%s", given,
	    near != NULL ? ", did you mean --" : "", near != NULL ? near : "",
	    near != NULL ? "?" : ""));
}

/* Make what getopt_long() wants of the table.  An option returns its index plus
 * 256, its letter itself. */
static void
make_getopt(const struct cli_command *cmd, struct option *longs, char *shorts)
{
	const struct cli_option *o;
	size_t i;

	/* Silent, and a missing value is ':'. */
	*shorts++ = ':';
	for (i = 0; (o = &cmd->options[i])->name != NULL; i++) {
		assert(i < ARGS_OPTIONS);
		longs[i] = (struct option){ o->name,
			o->arg != NULL ? required_argument : no_argument, NULL,
			(int)i + 256 };
		if (o->letter == '\0')
			continue;
		*shorts++ = o->letter;
		if (o->arg != NULL)
			*shorts++ = ':';
	}
	*shorts = '\0';
	longs[i] = (struct option){ 0 };
}

static int
index_of(const struct cli_command *cmd, int code)
{
	int i;

	if (code >= 256)
		return (code - 256);
	for (i = 0; cmd->options[i].letter != code; i++)
		assert(cmd->options[i].name != NULL);
	return (i);
}

static int
read_options(struct args *args, int argc, char **argv)
{
	struct option longs[ARGS_OPTIONS + 1];
	char shorts[2 * ARGS_OPTIONS + 2];
	int code, i;

	make_getopt(args->cmd, longs, shorts);
	optind = 0; /* glibc: forget what was parsed before */
	while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (code == '?') {
			unknown_option(args->cmd, argv[optind - 1]);
			return (-1);
		}
		if (code == ':') {
			args_wrong(
			    args->cmd, "%s needs a value", argv[optind - 1]);
			return (-1);
		}
		i = index_of(args->cmd, code);
		if (args->values[i] != NULL && optarg != NULL) {
			args_wrong(args->cmd, "--%s is given twice",
			    args->cmd->options[i].name);
			return (-1);
		}
		args->values[i] = optarg != NULL ? optarg : "";
	}
	return (0);
}

/* What stands after the operand in the table: "ID" in "get ID|gc". */
static int
read_second(struct args *args, int argc, char **argv)
{
	const char *p = args->cmd->operand;
	size_t len;

	if (args->operand == NULL)
		return (0);
	for (len = strlen(args->operand); p != NULL &&
	     (strncmp(p, args->operand, len) != 0 || p[len] != ' ');
	     p = strchr(p, '|'), p = p != NULL ? p + 1 : NULL)
		;
	if (p == NULL)
		return (0);
	if (optind < argc) {
		args->second = argv[optind++];
		return (0);
	}
	p += len + 1;
	args_wrong(args->cmd, "%s: %.*s is missing", args->operand,
	    (int)strcspn(p, "|"), p);
	return (-1);
}

int
args_parse(struct args *args, int argc, char **argv)
{
	const struct cli_option *o;
	int i;

	*args = (struct args){ .cmd = cli_find(argv[0]) };
	assert(args->cmd != NULL);
	if (read_options(args, argc, argv) == -1)
		return (-1);
	if (optind < argc && args->cmd->operand != NULL)
		args->operand = argv[optind++];
	if (read_second(args, argc, argv) == -1)
		return (-1);
	if (optind < argc) {
		args_wrong(args->cmd, "too many arguments: %s", argv[optind]);
		return (-1);
	}
	if (args->operand == NULL && args->cmd->operand_required) {
		args_wrong(args->cmd, "which one? %s", args->cmd->operand);
		return (-1);
	}
	for (i = 0; (o = &args->cmd->options[i])->name != NULL; i++) {
		if (!o->required || args->values[i] != NULL)
			continue;
		if (o->letter != '\0')
			args_wrong(
			    args->cmd, "-%c %s is missing", o->letter, o->arg);
		else
			args_wrong(
			    args->cmd, "--%s %s is missing", o->name, o->arg);
		return (-1);
	}
	return (0);
}

const char *
args_value(const struct args *args, const char *name)
{
	int i;

	for (i = 0; args->cmd->options[i].name != NULL; i++) {
		if (strcmp(args->cmd->options[i].name, name) == 0)
			return (args->values[i]);
	}
	return (NULL);
}

int
args_number(
    const struct args *args, const char *name, uint64_t max, uint64_t *n)
{
	const char *text;
	char *end;

	if ((text = args_value(args, name)) == NULL)
		return (0);
	errno = 0;
	*n = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 &&
	    *n <= max)
		return (1);
	args_wrong(args->cmd, "--%s must be a number up to %" PRIu64 ", not %s",
	    name, max, text);
	return (-1);
}

int
args_choice(const struct args *args, const char *name, const char *const *names,
    unsigned *choice)
{
	const char *text = args_value(args, name);
	char list[128] = "";
	unsigned i;

	if (text == NULL)
		return (0);
	for (i = 0; names[i] != NULL; i++) {
		if (strcmp(names[i], text) == 0) {
			*choice = i;
			return (0);
		}
		(void)snprintf(list + strlen(list), sizeof(list) - strlen(list),
		    "%s%s", i == 0 ? "" : ", ", names[i]);
	}
	return (
	    args_wrong(args->cmd, "--%s: %s is none of %s", name, text, list));
}

int
args_only(const struct args *args, const char *name, const char *list)
{
	size_t len = strlen(args->operand);
	const char *p;

	if (args_value(args, name) == NULL)
		return (0);
	for (p = list; p != NULL; p = strchr(p, '|'), p += p != NULL) {
		if (strncmp(p, args->operand, len) == 0 &&
		    (p[len] == '|' || p[len] == '\0'))
			return (0);
	}
	return (args_wrong(
	    args->cmd, "%s: --%s is for %s", args->operand, name, list));
}
