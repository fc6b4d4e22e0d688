/* args.h - the options and operands a command was called with, read by its row
 * in the table. */
#ifndef ARGS_H
#define ARGS_H

#include <stdint.h>

struct cli_command;

#define ARGS_OPTIONS 16

struct args {
	const struct cli_command *cmd;
	const char *values[ARGS_OPTIONS]; /* in the order of cmd->options */
	const char *operand;		  /* or NULL */
	const char *second;		  /* of an operand that needs one */
};

/* Read what the command argv[0] was called with.  0; or -1 when it was called
 * wrongly, which has been told on stderr: exit with EX_USAGE. */
int args_parse(struct args *, int argc, char **argv);

/* The value of the option ${name}: NULL if not given, "" if it takes none. */
const char *args_value(const struct args *, const char *name);

/* The number that ${name} was given, at most ${max}, into *n.  1; 0 if not
 * given; -1 if it is none (told on stderr). */
int args_number(
    const struct args *, const char *name, uint64_t max, uint64_t *n);

/* The index of the value of ${name} among the NULL-ended ${names}, into
 * *choice, which stays as it is if none is given.  0, or EX_USAGE (told on
 * stderr). */
int args_choice(const struct args *, const char *name, const char *const *names,
    unsigned *choice);

/* The option ${name} goes with the operands of ${list}, "get|list", only.  0,
 * or EX_USAGE (told on stderr) if it is given with another one. */
int args_only(const struct args *, const char *name, const char *list);

/* Tell on stderr that the command was called wrongly, with how to get help;
 * returns EX_USAGE. */
int args_wrong(const struct cli_command *cmd, const char *, ...)
    __attribute__((format(printf, 2, 3)));

#endif
