/* exec_program_private.h - the inside of a running program, for exec_program.c
 * and exec_log.c. */
#ifndef EXEC_PROGRAM_PRIVATE_H
#define EXEC_PROGRAM_PRIVATE_H

#include <uv.h>

#include "bridge/fault.h"
#include "bridge/limits.h"
#include "sinks/exec/exec_program.h"

struct exec_log {
	const char *sink;
	char line[LIMIT_EXEC_STDERR_LINE + 1];
	size_t len;
	uint64_t since; /* when the minute began, and its lines */
	size_t lines, left_out;
};

struct exec_program {
	uv_process_t process;
	uv_pipe_t in, out, err;
	uv_timer_t timer; /* the grace of a half-closed one */
	unsigned handles; /* not yet closed */
	const char *name; /* of the config, which outlives us */
	struct exec_program_events events;
	void *arg;
	struct exec_log log;
	char chunk[65536];
	char line[LIMIT_EXEC_ANSWER + 1];
	size_t linelen;
	size_t taken; /* events that it has read, or the pipe has */
	int started;
	int deaf; /* killed by us: what it says counts no more */
	int exited, out_ended;
	int finishing; /* its input ends after what is written */
	int closing;
	int clean;	  /* it ended by itself, with 0 */
	struct fault how; /* FAULT_NONE: not known yet */
};

/* Octets of the standard error, at ${now} in milliseconds. */
void exec_log_feed(
    struct exec_log *, const char *data, size_t len, uint64_t now);

#endif
