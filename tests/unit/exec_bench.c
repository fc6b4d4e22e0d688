#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "exec_bench.h"
#include "scratch.h"
#include "sinks/sinks.h"

void
exec_bench_open(struct contract *c, const char *script, const char *more)
{
	char config[2048];

	contract_init(c);
	scratch_text("script", script);
	(void)snprintf(config, sizeof(config),
	    "{\"command\": [\"sh\", \"./script\"]%s}", more);
	if (contract_open(c, &exec_ops, config) == NULL)
		fail_msg("%s", c->why);
}

static int
is_answered(struct contract *c, void *arg)
{
	(void)c;
	return (((struct contract_event *)arg)->answer != CONTRACT_TAKEN);
}

static int
has_taken(struct contract *c, void *arg)
{
	return (!c->full && contract_submit(c, arg));
}

void
exec_bench_submit(struct contract *c, struct contract_event *e)
{
	contract_wait(c, has_taken, e, 5000);
}

void
exec_bench_wait(struct contract *c, struct contract_event *e)
{
	contract_wait(c, is_answered, e, 8000);
}

enum contract_answer
exec_bench_answer(struct contract *c, struct contract_event *e)
{
	*e = contract_event("INBOX", 1, 100);
	exec_bench_submit(c, e);
	exec_bench_wait(c, e);
	return (e->answer);
}

void
exec_bench_end(struct contract *c)
{
	contract_close(c, 0);
	contract_end(c);
}
