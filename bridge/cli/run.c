#include <stdio.h>
#include <sys/resource.h>
#include <sysexits.h>

#include "bridge/bridge.h"
#include "bridge/cli/args.h"
#include "bridge/cli/cli.h"
#include "bridge/config/config.h"
#include "bridge/fault.h"
#include "bridge/ops/log.h"

void
cli_forbid_cores(void)
{
	const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
}

int
cli_run(int argc, char **argv)
{
	struct config *config;
	struct args args;
	struct fault f;
	int code;

	if (args_parse(&args, argc, argv) == -1)
		return (EX_USAGE);
	cli_forbid_cores();
	config = config_load(args_value(&args, "config"), &f);
	if (config == NULL) {
		fprintf(stderr, "mailbridge: %s\n", f.text);
		return (fault_exit_code(f.kind));
	}
	log_setup(config->log_level, config->log_format);
	code = bridge_run(config, args_value(&args, "once") != NULL);
	config_free(config);
	return (code);
}
