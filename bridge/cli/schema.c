#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "bridge/cli/args.h"
#include "bridge/cli/cli.h"
#include "bridge/cli/schema.h"

/* The file itself, so that there is one place to read and to change. */
__asm__(".pushsection .rodata\n"
	"schema_json:\n"
	".incbin \"bridge/envelope/event.schema.json\"\n"
	"schema_json_end:\n"
	".popsection\n");

extern const char schema_json[] __attribute__((visibility("hidden")));
extern const char schema_json_end[] __attribute__((visibility("hidden")));

int
cli_schema(int argc, char **argv)
{
	size_t len = (uintptr_t)schema_json_end - (uintptr_t)schema_json;
	struct args args;

	if (args_parse(&args, argc, argv) == -1)
		return (EX_USAGE);
	if (fwrite(schema_json, 1, len, stdout) != len ||
	    fflush(stdout) == EOF) {
		fprintf(stderr, "mailbridge schema: standard output: %s\n",
		    strerror(errno));
		return (EX_IOERR);
	}
	return (EX_OK);
}
