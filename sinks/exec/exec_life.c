/* The program of an exec sink: started at the open, and again whenever it ends,
 * after a delay that grows while it answers nothing.  It answers in the order
 * of the events, one line each.  Whatever else it does, it is killed with its
 * whole group, and all that it had is handed in again. */
#include <signal.h>

#include "bridge/envelope/event.h"
#include "sinks/exec/exec_answer.h"
#include "sinks/exec/exec_private.h"

/* A program that lives so long after trouble counts as up, without a mail to
 * show it. */
#define SETTLE_MS 500

/* An answer may take this much longer for the octets of the events. */
#define SLOW_BYTES_PER_MS 100

/* The steps of a close: what it has may be answered, then SIGTERM, SIGKILL. */
#define CLOSE_ANSWER_MS 3000
#define CLOSE_TERM_MS 1000
#define CLOSE_KILL_MS 500

/* ${f} is what a person is to read; what was given to it is given back when it
 * has ended. */
static void
kill_program(struct exec *x, struct fault *f)
{
	x->phase = EXEC_ENDING;
	uv_timer_stop(&x->deadline);
	exec_program_kill(x->program, f);
}

static void
on_late(uv_timer_t *timer)
{
	struct exec *x = timer->data;
	struct fault f;

	fault_set(&f, FAULT_RETRY,
	    "%s: no answer within %u s, killed (does it write its output at "
	    "once, without a buffer?)",
	    x->config.command[0], x->config.timeout_ms / 1000);
	kill_program(x, &f);
}

void
exec_life_watch(struct exec *x)
{
	if (x->nops == 0)
		uv_timer_stop(&x->deadline);
	else
		uv_timer_start(&x->deadline, on_late,
		    x->config.timeout_ms + x->bytes / SLOW_BYTES_PER_MS, 0);
}

/* The sink rests, and a person is told. */
static void
trouble(struct exec *x, int slow, struct fault *f)
{
	fault_prefix(f, "sink %s", x->sink.host.name);
	f->retry_ms =
	    slow ? backoff_slow(&x->backoff) : backoff_next(&x->backoff);
	/* Each of them may be to blame. */
	x->careful = x->nops > 0 ? x->nops : 1;
	if (x->closed != NULL)
		return;
	uv_update_time(x->sink.host.loop);
	uv_timer_start(&x->timer, exec_life_timer, f->retry_ms, 0);
	health_down(&x->health, f);
}

static void
good(struct exec *x)
{
	if (x->careful > 0)
		x->careful--;
	x->settled = 1;
	x->witnessed = x->naside > 0;
	backoff_reset(&x->backoff);
	if (x->closed == NULL)
		health_up(&x->health);
}

/* It lives, and wants to be left alone for a while. */
static void
rest(struct exec *x, struct fault *f)
{
	f->retry_ms = backoff_next(&x->backoff);
	x->careful = x->nops;
	if (x->closed != NULL || x->paused)
		return;
	x->paused = 1;
	uv_update_time(x->sink.host.loop);
	uv_timer_start(&x->timer, exec_life_timer, f->retry_ms, 0);
	health_down(&x->health, f);
}

static void
on_answer(struct exec *x, const char *line)
{
	const struct event *ev = TAILQ_FIRST(&x->ops)->ev;
	const char *command = x->config.command[0], *reason;
	struct fault f;

	switch (
	    exec_answer_read(line, ev->id, x->config.in_flight > 1, &reason)) {
	case EXEC_OK:
		x->answered++;
		good(x);
		exec_settle_first(x, SINK_STORED, NULL);
		return;
	case EXEC_REFUSED:
		x->answered++;
		good(x);
		fault_set(&f, FAULT_RETRY, "sink %s: %s: refused: %s",
		    x->sink.host.name, command,
		    *reason != '\0' ? reason : "without a reason");
		exec_settle_first(x, SINK_REFUSED, &f);
		return;
	case EXEC_RETRY:
		x->answered++;
		fault_set(&f, FAULT_RETRY, "sink %s: %s: retry: %s",
		    x->sink.host.name, command,
		    *reason != '\0' ? reason : "without a reason");
		rest(x, &f);
		exec_settle_first(x, SINK_RETRY, &f);
		return;
	case EXEC_WRONG_ID:
		fault_set(&f, FAULT_RETRY,
		    "%s: answers \"%.80s\" where \"ok %s\" is due%s, killed",
		    command, line, ev->id,
		    *reason == '\0' ? " (max_in_flight above 1 needs the id)"
				    : "");
		break;
	case EXEC_NONSENSE:
		fault_set(&f, FAULT_RETRY,
		    "%s: answers \"%.80s\", which is none of ok, retry and "
		    "refused, killed",
		    command, line);
		break;
	}
	kill_program(x, &f);
}

static void
on_line(void *arg, char *line)
{
	struct exec *x = arg;
	struct fault f;

	if (x->answered == x->taken || x->nops == 0) {
		fault_set(&f, FAULT_RETRY, "%s: says \"%.80s\" %s, killed",
		    x->config.command[0], line,
		    x->nops == 0 ? "without having been asked"
				 : "before it has read the event");
		kill_program(x, &f);
		return;
	}
	on_answer(x, line);
	if (x->phase != EXEC_RUNNING)
		return;
	exec_life_watch(x);
	exec_aside_next(x);
	if (x->closed == NULL)
		exec_offer(x);
}

static void
on_taken(void *arg, size_t n)
{
	struct exec *x = arg;

	x->taken = n;
}

static void
on_ended(void *arg, int clean, const struct fault *how)
{
	struct exec *x = arg;
	const struct exec_op *op = TAILQ_FIRST(&x->ops);
	struct fault f = *how;

	if (op != NULL && op->starts > 0)
		fault_set(&f, FAULT_RETRY,
		    "%s, again with the event %s of %s alone", how->text,
		    op->ev->id, op->ev->source);
	x->program = NULL;
	x->paused = x->asking = 0;
	x->phase = EXEC_RESTING;
	uv_timer_stop(&x->deadline);
	/* One that ends after some work wants to be started anew. */
	if (clean && x->answered > 0 && x->closed == NULL) {
		fault_prefix(&f, "sink %s", x->sink.host.name);
		uv_timer_start(&x->timer, exec_life_timer, 0, 0);
	} else
		trouble(x, 0, &f);
	if (x->nops == 1 && x->closed == NULL)
		exec_aside_put(x, how);
	exec_give_back(x, &f);
	if (x->closed != NULL)
		exec_end(x);
}

static const struct exec_program_events program_events = { on_line, on_taken,
	on_ended };

static void
start(struct exec *x)
{
	const struct sink_host *host = &x->sink.host;
	struct fault f;

	x->answered = x->taken = 0;
	x->settled = 0;
	x->program = exec_program_start(
	    host->loop, &x->config, host->name, &program_events, x, &f);
	if (x->program == NULL) {
		trouble(x, f.kind != FAULT_RETRY, &f);
		return;
	}
	x->phase = EXEC_RUNNING;
	uv_update_time(host->loop);
	uv_timer_start(&x->timer, exec_life_timer, SETTLE_MS, 0);
	exec_aside_next(x);
}

/* `check`: a second one beside that of the daemon could do harm. */
static void
look(struct exec *x)
{
	char **env;
	struct fault f;

	if ((env = exec_environment(&x->config, x->sink.host.name, &f)) ==
		NULL ||
	    exec_find(&x->config, env, &f) == -1)
		trouble(x, 1, &f);
	else
		health_up(&x->health);
	exec_environment_free(env);
}

/* A close goes on. */
static void
close_further(struct exec *x)
{
	struct fault f;

	if (x->program == NULL) {
		exec_end(x);
		return;
	}
	switch (x->close_step++) {
	case 0:
		if (x->phase == EXEC_RUNNING)
			exec_program_finish(x->program);
		uv_timer_start(&x->timer, exec_life_timer, CLOSE_ANSWER_MS, 0);
		return;
	case 1:
		exec_program_signal(x->program, SIGTERM);
		uv_timer_start(&x->timer, exec_life_timer, CLOSE_TERM_MS, 0);
		return;
	case 2:
		fault_set(&f, FAULT_RETRY, "%s: did not end, killed",
		    x->config.command[0]);
		kill_program(x, &f);
		uv_timer_start(&x->timer, exec_life_timer, CLOSE_KILL_MS, 0);
		return;
	default:
		exec_program_abandon(x->program);
		return;
	}
}

void
exec_life_timer(uv_timer_t *timer)
{
	struct exec *x = timer->data;

	if (x->closed != NULL)
		close_further(x);
	else if (x->sink.host.checking)
		look(x);
	else if (x->phase == EXEC_RESTING)
		start(x);
	else if (x->paused) {
		x->paused = 0;
		x->settled = 1;
		exec_aside_next(x);
	} else if (x->phase == EXEC_RUNNING) {
		x->settled = 1;
		if (x->answered == 0 && x->naside == 0)
			health_up(&x->health);
		exec_aside_next(x);
	}
}
