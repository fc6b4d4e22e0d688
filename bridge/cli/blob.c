#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "bridge/cli/args.h"
#include "bridge/cli/cli.h"
#include "bridge/config/config.h"
#include "bridge/fault.h"
#include "bridge/limits.h"
#include "bridge/store/blobs.h"

static int
failed(const struct args *args, const struct fault *f)
{
	fprintf(stderr, "mailbridge blob %s: %s\n", args->operand, f->text);
	return (fault_exit_code(f->kind));
}

/* Nothing of a blob that is damaged comes out. */
static int
get(const struct args *args, int state)
{
	struct fault f;
	char *data;
	size_t len;
	int bad;

	if (blobs_get(state, args->second, &data, &len, &f) == -1)
		return (failed(args, &f));
	bad = fwrite(data, 1, len, stdout) != len || fflush(stdout) == EOF;
	if (bad)
		fprintf(stderr, "mailbridge blob get: standard output: %s\n",
		    strerror(errno));
	free(data);
	return (bad ? EX_IOERR : EX_OK);
}

static int
collect(const struct args *args, int state, uint64_t days)
{
	int dry = args_value(args, "dry-run") != NULL, rc;
	struct blobs_swept swept;
	struct fault f;

	rc = blobs_sweep(
	    state, time(NULL) - (time_t)days * 86400, dry, &swept, &f);
	printf("%s %" PRIu64 " blobs of %" PRIu64 " bytes not referred to for "
	       "%" PRIu64 " days; %" PRIu64 " of %" PRIu64 " bytes stay\n",
	    dry ? "would remove" : "removed", swept.removed,
	    swept.removed_bytes, days, swept.kept, swept.kept_bytes);
	return (rc == -1 ? failed(args, &f) : EX_OK);
}

/* What is asked for, before any file is read. */
static int
check(const struct args *args, int *older, uint64_t *days)
{
	int getting = strcmp(args->operand, "get") == 0;

	if (!getting && strcmp(args->operand, "gc") != 0)
		return (args_wrong(
		    args->cmd, "%s is none of get, gc", args->operand));
	*older = args_number(args, "older-than", LIMIT_BLOB_DAYS, days);
	if (*older == -1)
		return (EX_USAGE);
	if (*older == 1 && *days == 0)
		return (args_wrong(args->cmd,
		    "--older-than must be at least 1: what is in flight is as "
		    "young as that"));
	if (args_only(args, "older-than", "gc") != 0 ||
	    args_only(args, "dry-run", "gc") != 0)
		return (EX_USAGE);
	if (getting && !blobs_valid(args->second))
		return (args_wrong(args->cmd,
		    "get: a blob's id is \"sha256-\" and 64 hex digits, as "
		    "blobId in the event, not %s",
		    args->second));
	return (EX_OK);
}

static int
run(const struct args *args, const struct config *cfg, int older, uint64_t days)
{
	int state, code;

	if (strcmp(args->operand, "gc") == 0 && !older &&
	    (days = cfg->blob_days) == 0)
		return (args_wrong(args->cmd,
		    "gc: %s keeps blobs for ever (blobs.retention_days: 0): "
		    "say --older-than DAYS",
		    cfg->path));
	state = open(cfg->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (state == -1) {
		fprintf(stderr, "mailbridge blob %s: state directory %s: %s\n",
		    args->operand, cfg->state, strerror(errno));
		return (EX_CONFIG);
	}
	code = strcmp(args->operand, "get") == 0 ? get(args, state)
						 : collect(args, state, days);
	(void)close(state);
	return (code);
}

int
cli_blob(int argc, char **argv)
{
	struct config *cfg;
	struct args args;
	struct fault f;
	uint64_t days = 0;
	int code, older = 0;

	if (args_parse(&args, argc, argv) == -1 ||
	    check(&args, &older, &days) != EX_OK)
		return (EX_USAGE);
	cfg = config_load(args_value(&args, "config"), &f);
	if (cfg == NULL) {
		fprintf(stderr, "mailbridge: %s\n", f.text);
		return (fault_exit_code(f.kind));
	}
	code = run(&args, cfg, older, days);
	config_free(cfg);
	return (code);
}
