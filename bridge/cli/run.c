#include <stdio.h>
#include <sysexits.h>

#include "args.h"
#include "cli.h"

int
cli_run(int argc, char **argv)
{
	struct args args;

	if (args_parse(&args, argc, argv) == -1)
		return (EX_USAGE);
	fputs("mailbridge run: is not part of this build\n", stderr);
	return (EX_SOFTWARE);
}
