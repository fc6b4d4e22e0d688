#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "bridge/cli/schema.h"

/* The file itself, so that there is one place to read and to change. */
__asm__(".pushsection .rodata\n"
	"schema_json:\n"
	".incbin \"bridge/envelope/event.schema.json\"\n"
	"schema_json_end:\n"
	".popsection\n");

extern const char schema_json[] __attribute__((visibility("hidden")));
extern const char schema_json_end[] __attribute__((visibility("hidden")));

static const char schema_usage[] =
    "usage: mailbridge schema\n"
    "\n"
    "Print the JSON Schema (2020-12, within what draft-07 knows) of an "
    "event.\n";

int
cli_schema(int argc, char **argv)
{
	size_t len = (uintptr_t)schema_json_end - (uintptr_t)schema_json;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(schema_usage, stdout);
		return (EX_OK);
	}
	if (argc != 1) {
		fputs(schema_usage, stderr);
		return (EX_USAGE);
	}
	if (fwrite(schema_json, 1, len, stdout) != len ||
	    fflush(stdout) == EOF) {
		fprintf(stderr, "mailbridge schema: standard output: %s\n",
		    strerror(errno));
		return (EX_IOERR);
	}
	return (EX_OK);
}
