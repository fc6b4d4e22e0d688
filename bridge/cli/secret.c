#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "bridge/auth/seal.h"
#include "bridge/auth/secret.h"
#include "bridge/cli/args.h"
#include "bridge/cli/cli.h"
#include "bridge/fault.h"
#include "bridge/limits.h"

/* What stands on stdin, without the line end at its end. */
static char *
read_stdin(size_t *len, struct fault *f)
{
	char *data;

	if (isatty(STDIN_FILENO))
		fprintf(stderr, "Type the secret, then Enter and Ctrl-D:\n");
	if ((data = malloc(LIMIT_SECRET + 2)) == NULL) {
		fault_set(f, FAULT_RETRY, "out of memory");
		return (NULL);
	}
	setvbuf(stdin, NULL, _IONBF, 0); /* no copy in a buffer of stdio */
	*len = fread(data, 1, LIMIT_SECRET + 1, stdin);
	data[*len] = '\0';
	if (*len > LIMIT_SECRET) {
		fault_set(f, FAULT_DATA, "stdin: is larger than 64 KiB");
		secret_wipe(data, *len);
		return (NULL);
	}
	if (*len > 0 && data[*len - 1] == '\n')
		data[--*len] = '\0';
	if (*len > 0 && data[*len - 1] == '\r')
		data[--*len] = '\0';
	if (*len > 0 && memchr(data, '\0', *len) == NULL)
		return (data);
	fault_set(f, FAULT_DATA,
	    *len == 0 ? "stdin: is empty" : "stdin: holds a NUL byte");
	secret_wipe(data, *len);
	return (NULL);
}

/* Print the text sealed with ${key}. */
static int
seal(const struct secret *key, const char *text, size_t len, struct fault *f)
{
	char *sealed;

	if ((sealed = seal_close(key, text, len, f)) == NULL)
		return (-1);
	printf("%s\n", sealed);
	free(sealed);
	return (0);
}

static int
rotate(const struct secret *old, const struct secret *new, const char *sealed,
    struct fault *f)
{
	char *text;
	size_t len;
	int result;

	if ((text = seal_open(old, sealed, &len, f)) == NULL)
		return (-1);
	result = seal(new, text, len, f);
	secret_wipe(text, len);
	return (result);
}

int
cli_secret(int argc, char **argv)
{
	struct secret *key = NULL, *new = NULL;
	struct args args;
	struct fault f;
	const char *next;
	char *data;
	size_t len;
	int rotates, result = -1;

	if (args_parse(&args, argc, argv) == -1)
		return (EX_USAGE);
	rotates = strcmp(args.operand, "rotate") == 0;
	if (!rotates && strcmp(args.operand, "seal") != 0)
		return (args_wrong(args.cmd, "%s is none of %s", args.operand,
		    args.cmd->operand));
	next = args_value(&args, "new-key");
	if (rotates != (next != NULL))
		return (args_wrong(
		    args.cmd, "--new-key FILE is for rotate, which needs it"));
	if ((data = read_stdin(&len, &f)) == NULL)
		goto fail;
	key = secret_file(args_value(&args, "key"));
	new = next != NULL ? secret_file(next) : NULL;
	if (key == NULL || (rotates && new == NULL))
		fault_set(&f, FAULT_RETRY, "out of memory");
	else if (rotates)
		result = rotate(key, new, data, &f);
	else
		result = seal(key, data, len, &f);
	secret_wipe(data, len);

fail:
	secret_free(key);
	secret_free(new);
	if (result == 0)
		return (EX_OK);
	fprintf(stderr, "mailbridge secret %s: %s\n", args.operand, f.text);
	return (fault_exit_code(f.kind));
}
